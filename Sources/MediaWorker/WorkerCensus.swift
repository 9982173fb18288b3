// How full a worker's tables are.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Negotiation
import RTP
import Wire

/// What a worker holds at one moment: after everybody has left, nothing.
struct WorkerCensus: Equatable {
    var peers = 0
    var tracks = 0
    var producers = 0
    var slots = 0
    var paths = 0
    var usernames = 0
    /// Slots that tracks believe to show them.
    var watchers = 0
}

extension MediaWorker {
    /// How many places the tables have, taken or free.
    var tableSizes: (peers: Int, tracks: Int, producers: Int, slots: Int) {
        (peers.count, tracks.count, producers.count, slots.count)
    }

    private mutating func watcherCount(ofTrack index: Int) -> Int {
        tracks[index]?.watchers.count ?? 0
    }

    /// Counts what stands in the tables. O(all of them): for tests.
    mutating func takeCensus() -> WorkerCensus {
        var census = WorkerCensus()
        for index in 0..<peers.count where peers[index] != nil { census.peers += 1 }
        for index in 0..<producers.count where !producers[index].isVacant { census.producers += 1 }
        for index in 0..<tracks.count where tracks[index] != nil {
            census.tracks += 1
            census.watchers += watcherCount(ofTrack: index)
        }
        for index in 0..<slots.count where slots[index] != nil { census.slots += 1 }
        census.paths = peerOfPath.count
        census.usernames = peerOfUsername.count
        return census
    }

    /// The round trip to a peer; `nil` while it is not measured. For tests.
    mutating func measuredRoundTrip(of id: PeerID) -> MediaDuration? {
        guard let index = peerOfID[id], peers[index]?.hasRoundTrip == true else { return nil }
        return peers[index]?.roundTrip
    }

    /// The bytes that wait for the pacer of a peer, and how many may: for tests.
    mutating func waitingBytes(of index: Int) -> (bytes: Int, most: Int) {
        guard let most = peers[index]?.waitingBytesMax else { return (0, 0) }
        return (peers[index]?.waitingBytes ?? 0, most)
    }

    /// The highest number of a published stream. O(streams): for tests.
    func highest(of ssrc: SSRC) -> ExtendedSequenceNumber? {
        for index in 0..<producers.count where producers[index].ssrc == ssrc {
            return producers[index].highest
        }
        return nil
    }

    /// The rates of a published stream's temporal layers up to some. O(streams): for tests.
    func rates(of ssrc: SSRC, upTo temporals: [UInt8], at now: MediaInstant) -> [Int] {
        for index in 0..<producers.count where producers[index].ssrc == ssrc {
            return temporals.map { producers[index].rates.bitRate(upTo: $0, at: now) }
        }
        return temporals.map { _ in 0 }
    }

    /// The ways to show the track of a published stream, and what each takes in bits/s. O(streams): for tests.
    mutating func steps(of ssrc: SSRC, at now: MediaInstant) -> [(target: LayerTarget, rate: Int64)]
    {
        for index in 0..<producers.count where producers[index].ssrc == ssrc {
            var wish = BandwidthWish(slot: 0, rank: .camera, mayRise: true)
            addSteps(ofTrack: producers[index].track, upTo: .all, to: &wish, at: now)
            return (0..<wish.stepCount).map { (wish.target(ofStep: $0), wish.cost(of: $0 + 1)) }
        }
        return []
    }
}
