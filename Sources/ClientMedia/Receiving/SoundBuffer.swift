// Packets of sound in any order, handed out in the rhythm they are heard in.
// SPDX-License-Identifier: Apache-2.0
import Payloads
package import Wire

/// A packet of sound as it was sent.
package struct SoundPacket: Sendable, Equatable {
    /// When it begins, on the sender's clock of 48 kHz.
    package var timestamp: RTPTimestamp
    /// How long it sounds, in ticks of 48 kHz.
    package var ticks: Int
    /// What was encoded.
    package var payload: [UInt8]

    /// Describes a packet.
    package init(timestamp: RTPTimestamp, ticks: Int, payload: [UInt8]) {
        self.timestamp = timestamp
        self.ticks = ticks
        self.payload = payload
    }
}

/// The jitter buffer of one stream of sound: it waits as long as packets have lately come late, and says step by step what
/// is to be decoded, what has to be made up, and whether to play faster or slower for a while.
///
/// Time is told by whoever plays: each call of ``next(at:)`` is for the sound that follows what the last was for. Memory is
/// bounded: ``packetsMax`` packets.
package struct SoundBuffer: Sendable {
    /// How many packets are held at most; the oldest go first.
    package static let packetsMax = 128
    /// The usual bounds of the wait before the first packet is played, and of what is held from then on.
    package static let usualDelays =
        MediaDuration.milliseconds(20)...MediaDuration.milliseconds(500)
    /// What is made up for a missing packet whose length nobody knows.
    static let ordinaryTicks = 960
    /// For so long sound is made up where nothing comes; then it is waited for as at first.
    static let concealedMax = MediaDuration.milliseconds(120)
    /// How much more or less than needed may be held before the speed changes.
    static let slack = (
        more: MediaDuration.milliseconds(30), less: MediaDuration.milliseconds(15)
    )

    /// How fast a step is to be played.
    package enum Tempo: Sendable, Equatable {
        /// As it is.
        case ordinary
        /// A little faster: more is held than is needed.
        case faster
        /// A little slower: less is held than is needed.
        case slower
    }

    /// What is to be heard next.
    package enum Step: Sendable, Equatable {
        /// Decode this.
        case packet(SoundPacket, Tempo)
        /// The packet before this one is missing: decode what this one repeats of it (RFC 6716 §2.1.7), for so many ticks.
        case recover(from: SoundPacket, ticks: Int)
        /// Make up so many ticks for what is missing.
        case conceal(ticks: Int)
        /// Nothing is there to be heard.
        case silence
    }

    /// Ordered by timestamp, the next first.
    private var packets: [SoundPacket] = []
    private var histogram = DelayHistogram()
    /// The timestamp of what is heard next; `nil`: it is waited for a first packet.
    private var position: RTPTimestamp?
    /// When the first packet of those waited for came.
    private var waitingSince: MediaInstant?
    private var concealed = 0
    private var lastTicks = ordinaryTicks
    /// What is held, smoothed over some steps, in ticks.
    private var level = 0.0
    private var reference: RTPTimestamp?
    private var unwrapped: Int64 = 0

    /// Packets that came after their time.
    package private(set) var latePackets: UInt64 = 0
    /// Ticks that were made up, beside those before the first packet.
    package private(set) var concealedTicks: UInt64 = 0

    /// Waits for a first packet.
    package init() {}

    /// The bounds of how long sound is held.
    package var delays = usualDelays

    /// How long sound is held at least, beyond what the network asks for: for pictures that come later.
    package var extraDelay = MediaDuration.zero

    /// How long what comes is held at present.
    package var target: MediaDuration {
        min(max(histogram.needed + extraDelay, delays.lowerBound), delays.upperBound)
    }

    /// How many ticks are held.
    package var heldTicks: Int {
        guard let last = packets.last, let first = packets.first else { return 0 }
        return max(0, last.timestamp.distance(from: position ?? first.timestamp) + last.ticks)
    }

    /// Takes a packet. One of which some are there already, or whose time has passed, is dropped.
    /// - Parameter isRepeated: Whether it came in a later packet beside that one's own (RFC 2198): its time says nothing of
    ///   the network.
    package mutating func insert(
        _ packet: SoundPacket, at now: MediaInstant, isRepeated: Bool = false
    ) {
        guard packet.ticks > 0 else { return }
        if !isRepeated { histogram.add(sentAt: sentAt(packet.timestamp), at: now) }
        if let position, packet.timestamp.distance(from: position) < 0 {
            if !isRepeated { latePackets &+= 1 }
            return
        }
        var index = packets.count
        while index > 0, packets[index - 1].timestamp.distance(from: packet.timestamp) > 0 {
            index -= 1
        }
        guard index == 0 || packets[index - 1].timestamp != packet.timestamp else { return }
        packets.insert(packet, at: index)
        if packets.count > Self.packetsMax { packets.removeFirst() }
        if position == nil, waitingSince == nil { waitingSince = now }
    }

    /// What follows.
    package mutating func next(at now: MediaInstant) -> Step {
        guard let start = position ?? startIfDue(at: now) else { return .silence }
        level += (Double(heldTicks) - level) / 8
        guard let first = packets.first else { return conceal(lastTicks, from: start) }
        let gap = first.timestamp.distance(from: start)
        if gap <= 0 {
            packets.removeFirst()
            position = RTPTimestamp(
                first.timestamp.rawValue &+ UInt32(truncatingIfNeeded: first.ticks))
            concealed = 0
            lastTicks = first.ticks
            return .packet(first, tempo)
        }
        // The packet right before this one may be repeated in it.
        if gap <= first.ticks {
            concealed = 0
            advance(gap, from: start)
            concealedTicks &+= UInt64(gap)
            return .recover(from: first, ticks: gap)
        }
        // A pause of the sender's, not a loss: nobody can tell before it is over.
        if gap > Self.ticks(of: Self.concealedMax) * 4 {
            restart()
            waitingSince = now
            return .silence
        }
        return conceal(min(lastTicks, gap), from: start, isBlocked: true)
    }

    /// Waits for a first packet again, as after another source has begun.
    package mutating func restart() {
        position = nil
        waitingSince = packets.isEmpty ? nil : waitingSince
        concealed = 0
        level = 0
    }

    /// Lets go of all packets, and waits for a first one.
    package mutating func discard() {
        packets.removeAll(keepingCapacity: true)
        restart()
    }

    private var tempo: Tempo {
        let target = Double(Self.ticks(of: target))
        let more = Double(Self.ticks(of: Self.slack.more))
        let less = Double(Self.ticks(of: Self.slack.less))
        if level > target + more { return .faster }
        if level < target - less { return .slower }
        return .ordinary
    }

    /// Begins with the first packet, once it has been held for long enough.
    private mutating func startIfDue(at now: MediaInstant) -> RTPTimestamp? {
        guard let first = packets.first, let since = waitingSince, now - since >= target else {
            return nil
        }
        waitingSince = nil
        position = first.timestamp
        level = Double(heldTicks)
        return first.timestamp
    }

    private mutating func conceal(
        _ ticks: Int, from start: RTPTimestamp, isBlocked: Bool = false
    ) -> Step {
        concealed += ticks
        if !isBlocked, concealed > Self.ticks(of: Self.concealedMax) {
            restart()
            return .silence
        }
        advance(ticks, from: start)
        concealedTicks &+= UInt64(ticks)
        return .conceal(ticks: ticks)
    }

    private mutating func advance(_ ticks: Int, from start: RTPTimestamp) {
        position = RTPTimestamp(start.rawValue &+ UInt32(truncatingIfNeeded: ticks))
    }

    /// The time a timestamp stands for, unwrapped.
    private mutating func sentAt(_ timestamp: RTPTimestamp) -> MediaDuration {
        if let reference {
            let distance = timestamp.distance(from: reference)
            // A leap is another source's.
            if abs(distance) > 48_000 * 10 { histogram.restart() }
            unwrapped &+= Int64(distance)
        }
        reference = timestamp
        // Only differences count, and timestamps that leap for ever may wrap.
        return MediaDuration(
            nanoseconds: unwrapped &* 1_000_000 / Int64(OpusPacket.ticksPerMillisecond))
    }

    /// A duration in ticks of 48 kHz.
    private static func ticks(of duration: MediaDuration) -> Int {
        Int(duration.nanoseconds / 1_000_000) * OpusPacket.ticksPerMillisecond
    }
}
