// How full a worker's tables are.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
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
}
