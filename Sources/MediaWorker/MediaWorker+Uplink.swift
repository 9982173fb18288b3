// The way of a publisher to us: a queue on it is let drain by bounding what is sent for a moment.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Congestion
import Forwarding
import RTP
import Wire

/// What is watched of one publisher's way: the sound of one stream, which is sent as soon as it is made.
struct Uplink {
    /// A stream that was silent for so long makes way for another.
    static let silence = MediaDuration.seconds(1)

    /// Which of the streams.
    let generation: UInt32
    /// How fast all of the publisher's packets come.
    var arrivals: ArrivalRate
    private(set) var drain = UplinkDrain()
    private(set) var notedAt = MediaInstant.zero
    private var delay = UplinkDelay()
    /// The media time of the last packet, unwrapped.
    private var sentAt = MediaDuration.zero
    private var timestamp: RTPTimestamp?

    /// Watches a stream of sound.
    init(generation: UInt32, arrivals: ArrivalRate = ArrivalRate()) {
        self.generation = generation
        self.arrivals = arrivals
    }

    /// Notes a packet of it.
    /// - Returns: Whether the publisher is to be told of another bound.
    mutating func note(_ timestamp: RTPTimestamp, at now: MediaInstant) -> Bool {
        let distance = Int64(self.timestamp.map { timestamp.distance(from: $0) } ?? 0)
        // A leap is a clock that was set anew.
        if abs(distance) > 480_000 { delay = UplinkDelay() }
        self.timestamp = timestamp
        notedAt = now
        sentAt = sentAt + MediaDuration(nanoseconds: distance * 1_000_000_000 / 48_000)
        return drain.update(
            late: delay.note(sentAt: sentAt, at: now),
            arriving: arrivals.bitsPerSecond(at: now), at: now)
    }
}

extension MediaWorker {
    /// Notes a packet of sound that came from its publisher for the first time.
    mutating func noteUplink(
        _ timestamp: RTPTimestamp, ofProducer stream: Int, at now: MediaInstant
    ) {
        let index = producers[stream].peer
        let generation = producers[stream].generation
        guard peers[index]?.noteUplink(timestamp, of: generation, at: now) == true,
            peers[index]?.takesREMB == true
        else { return }
        peers[index]?.nextBound = now
        peers[index]?.releasesLeft = BoundTiming.releases
        schedule(index, by: now)
    }
}

/// The part of a peer that watches its way to us.
extension Peer {
    /// What its way to us allows it to send, in bits a second; `nil`: it is not bounded.
    var uplinkLimit: Double? {
        mutating get { uplink.isEmpty ? nil : uplink[0].drain.bitsPerSecond }
    }

    /// Counts a packet that came from it, with all its headers.
    mutating func noteArrival(bytes: Int, at now: MediaInstant) {
        if !uplink.isEmpty { uplink[0].arrivals.add(bytes: bytes, at: now) }
    }

    /// - Returns: Whether it is to be told of another bound.
    mutating func noteUplink(
        _ timestamp: RTPTimestamp, of generation: UInt32, at now: MediaInstant
    ) -> Bool {
        if uplink.isEmpty {
            uplink.append(Uplink(generation: generation))
        } else if uplink[0].generation != generation {
            guard now - uplink[0].notedAt >= Uplink.silence, uplink[0].drain.bitsPerSecond == nil
            else { return false }
            uplink[0] = Uplink(generation: generation, arrivals: uplink[0].arrivals)
        }
        return uplink[0].note(timestamp, at: now)
    }
}
