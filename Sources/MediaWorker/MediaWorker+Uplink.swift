// The way of a publisher to us: a queue that stands on it is shortened by bounding what it sends.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Congestion
import Forwarding
import Payloads
import RTP
import Wire

/// What is watched of one publisher's way: the sound of one stream, which is sent as soon as it is made.
struct Uplink {
    /// How often it is looked at.
    static let interval = MediaDuration.milliseconds(200)

    /// The stream that is watched, and which of those that had its index.
    var stream: Int
    var generation: UInt32
    var queue = StandingQueue()
    var limit = UplinkLimit()
    var nextLook = MediaInstant.zero
    /// The media time of the last packet, unwrapped.
    private var sentAt = MediaDuration.zero
    private var timestamp: RTPTimestamp?

    /// Watches a stream of sound.
    init(stream: Int, generation: UInt32) {
        self.stream = stream
        self.generation = generation
    }

    /// Notes a packet of it.
    mutating func note(_ timestamp: RTPTimestamp, clockRate: Int64, at now: MediaInstant) {
        let distance = self.timestamp.map { timestamp.distance(from: $0) } ?? 0
        // A leap is a clock that was set anew.
        if abs(Int64(distance)) > 10 * clockRate { queue = StandingQueue() }
        self.timestamp = timestamp
        sentAt = sentAt + MediaDuration(nanoseconds: Int64(distance) * 1_000_000_000 / clockRate)
        queue.note(sentAt: sentAt, at: now)
    }
}

extension MediaWorker {
    /// Notes a packet of sound that came from its publisher for the first time.
    mutating func noteUplink(_ entry: HistoryEntry, ofProducer stream: Int, at now: MediaInstant) {
        let index = producers[stream].peer
        let generation = producers[stream].generation
        peers[index]?.noteUplink(
            entry.timestamp, ofStream: stream, generation: generation, at: now)
    }

    /// Looks whether a queue stands on a publisher's way, and bounds it if so.
    mutating func judgeUplink(of index: Int, at now: MediaInstant) {
        guard peers[index]?.isUplinkDue(at: now) == true else { return }
        var arriving: Int64 = 0
        let published = peers[index]?.tracks ?? []
        for position in published.indices {
            let streams = tracks[published[position]]?.producers ?? []
            for place in streams.indices { arriving += rate(of: streams[place], upTo: 7, at: now) }
        }
        guard peers[index]?.judgeUplink(arriving: Double(arriving), at: now) == true else { return }
        peers[index]?.nextBound = now
        peers[index]?.releasesLeft = BoundTiming.releases
    }
}

/// The part of a peer that watches its way to us.
extension Peer {
    /// What its way to us allows it to send, in bits a second; `nil`: it is not bounded.
    var uplinkLimit: Double? {
        mutating get { uplink.isEmpty ? nil : uplink[0].limit.bitsPerSecond }
    }

    mutating func noteUplink(
        _ timestamp: RTPTimestamp, ofStream stream: Int, generation: UInt32, at now: MediaInstant
    ) {
        if uplink.isEmpty {
            uplink.append(Uplink(stream: stream, generation: generation))
        } else if uplink[0].generation != generation {
            // Another stream takes over where the one that was watched is silent.
            guard uplink[0].queue.delay(at: now) == nil else { return }
            uplink[0] = Uplink(stream: stream, generation: generation)
        }
        uplink[0].note(timestamp, clockRate: 48_000, at: now)
    }

    mutating func isUplinkDue(at now: MediaInstant) -> Bool {
        guard !uplink.isEmpty, uplink[0].nextLook <= now else { return false }
        uplink[0].nextLook = now + Uplink.interval
        return true
    }

    /// - Returns: Whether it is to be told of another bound.
    mutating func judgeUplink(arriving: Double, at now: MediaInstant) -> Bool {
        guard !uplink.isEmpty else { return false }
        let former = uplink[0].limit.bitsPerSecond
        let queue = uplink[0].queue.delay(at: now)
        if uplink[0].limit.update(queue: queue, arriving: arriving, at: now) == .rebase {
            uplink[0].queue.rebase()
        }
        return uplink[0].limit.bitsPerSecond != former
    }
}
