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
/// Sound keeps its distance to the soonest way here, over pauses too: what is played goes by timestamps, not by what is held.
/// While it is played sooner than it should be, what comes too late is played all the same, and the rest later by as much.
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
    /// The share of packets that are to be in time.
    static let share = 0.97
    /// How much later or sooner than needed may be played before the speed changes.
    static let slack = (
        more: MediaDuration.milliseconds(25), less: MediaDuration.milliseconds(5)
    )

    /// So long after its first packet it is not known yet how late others come, and sound may be held at once.
    static let beginning = MediaDuration.seconds(2)
    /// Sound that has begun is not held longer than this in all, and what has not begun no longer after its first packet.
    package static let heldMax = MediaDuration.milliseconds(450)
    /// What is made up at a time while it is held.
    static let holdTicks = 480
    /// By how much too soon sound may be played and be held no longer.
    package static let shortfallMax = MediaDuration.milliseconds(20)

    /// How fast a step is to be played.
    package enum Tempo: Sendable, Equatable {
        /// As it is.
        case ordinary
        /// A little faster: it is later than needed.
        case faster
        /// A little slower: it is sooner than needed.
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
        /// Make up so many ticks and go on behind them with what would have followed: what is heard is to be later at once.
        case hold(ticks: Int)
        /// Nothing is there to be heard.
        case silence
    }

    /// Ordered by timestamp, the next first.
    private var packets: [SoundPacket] = []
    private var arrivals = ArrivalDelays(
        clockRate: Int64(OpusPacket.ticksPerMillisecond) * 1_000, share: share)
    /// The timestamp of what is heard next; `nil`: it is waited for a first packet.
    private var position: RTPTimestamp?
    /// While it is waited: what comes before this had its time before the pause.
    private var pausedAt: RTPTimestamp?
    /// Since when nothing but what was made up has been heard.
    private var concealedFrom: RTPTimestamp?
    private var concealed = 0
    private var lastTicks = ordinaryTicks
    private var begunAt: MediaInstant?
    /// By how many ticks it was held since it has begun.
    private var heldBack = 0
    /// Whether what comes next is held, so that it is later from now on.
    package private(set) var isHeld = false

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
        bounded(arrivals.needed + extraDelay)
    }

    /// How much later what is heard now is played than the network asks for; negative: sooner. `nil` before the first packet.
    package func surplus(of timestamp: RTPTimestamp, at now: MediaInstant) -> MediaDuration? {
        arrivals.delay(of: timestamp, at: now).map {
            MediaDuration(nanoseconds: $0.nanoseconds &- bounded(arrivals.needed).nanoseconds)
        }
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
        if begunAt == nil { begunAt = now }
        if !isRepeated { arrivals.add(packet.timestamp, at: now) }
        guard isInTime(packet, at: now) else {
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
    }

    /// Whether it can be heard yet: what was made up in its place is no reason against it, as long as sound is to be later.
    private mutating func isInTime(_ packet: SoundPacket, at now: MediaInstant) -> Bool {
        guard let position else {
            let early = pausedAt.map { packet.timestamp.distance(from: $0) } ?? 0
            return early >= 0 || early < -Self.ticks(of: ArrivalDelays.delayMax)
        }
        guard packet.timestamp.distance(from: position) < 0 else { return true }
        guard let concealedFrom, packet.timestamp.distance(from: concealedFrom) >= 0,
            let delay = arrivals.delay(of: packet.timestamp, at: now), delay <= target
        else { return false }
        self.position = packet.timestamp
        concealed = 0
        return true
    }

    /// Whether it has begun so lately that it may be held at once, and not only be played slower.
    package func isBeginning(at now: MediaInstant) -> Bool {
        begunAt.map { now - $0 < Self.beginning } ?? false
    }

    /// What is heard next, or first; `nil`: nothing is there.
    package var nextTimestamp: RTPTimestamp? { position ?? packets.first?.timestamp }

    /// What follows.
    /// - Parameter patience: For how long in all sound that has just begun may be held for what it was captured with.
    package mutating func next(at now: MediaInstant, patience: MediaDuration = .zero) -> Step {
        if position == nil, let begunAt, now - begunAt < patience { return .silence }
        guard let start = position ?? startIfDue(at: now) else { return .silence }
        if holds(start, at: now, patience: patience) {
            heldBack += Self.holdTicks
            return .hold(ticks: Self.holdTicks)
        }
        guard let first = packets.first else { return conceal(lastTicks, from: start) }
        let gap = first.timestamp.distance(from: start)
        if gap <= 0 {
            packets.removeFirst()
            position = RTPTimestamp(
                first.timestamp.rawValue &+ UInt32(truncatingIfNeeded: first.ticks))
            concealed = 0
            concealedFrom = nil
            lastTicks = first.ticks
            return .packet(first, tempo(of: first.timestamp, at: now))
        }
        // The packet right before this one may be repeated in it.
        if gap <= first.ticks {
            concealed = 0
            concealedFrom = nil
            advance(gap, from: start)
            concealedTicks &+= UInt64(gap)
            return .recover(from: first, ticks: gap)
        }
        // A pause of the sender's, not a loss: nobody can tell before it is over.
        if gap > Self.ticks(of: Self.concealedMax) * 4 {
            pause(at: start)
            return .silence
        }
        return conceal(min(lastTicks, gap), from: start, isBlocked: true)
    }

    /// Waits for a first packet again: another source has begun, whose packets take as long, but whose clock is another.
    package mutating func restart() {
        position = nil
        pausedAt = nil
        concealedFrom = nil
        concealed = 0
        begunAt = nil
        heldBack = 0
        isHeld = false
        arrivals.restart()
    }

    /// Lets go of all packets, and waits for a first one.
    package mutating func discard() {
        packets.removeAll(keepingCapacity: true)
        pause(at: nil)
    }

    /// Waits for a first packet again, of the same source.
    private mutating func pause(at timestamp: RTPTimestamp?) {
        position = nil
        pausedAt = timestamp
        concealedFrom = nil
        concealed = 0
    }

    /// Whether sound that has just begun is not to go on yet. Where its own packets ask for that it goes on by one, so that pictures
    /// that are due meanwhile know of it.
    private mutating func holds(
        _ start: RTPTimestamp, at now: MediaInstant, patience: MediaDuration
    ) -> Bool {
        let wasHeld = isHeld
        isHeld = false
        guard isBeginning(at: now) else { return false }
        let isTooSoon = isTooSoon(start, at: now)
        guard heldBack < Self.ticks(of: isTooSoon ? Self.heldMax : patience) else { return false }
        isHeld = true
        return wasHeld || patience > .zero
    }

    private func isTooSoon(_ timestamp: RTPTimestamp, at now: MediaInstant) -> Bool {
        arrivals.delay(of: timestamp, at: now).map { $0 + Self.shortfallMax < target } ?? false
    }

    private func tempo(of timestamp: RTPTimestamp, at now: MediaInstant) -> Tempo {
        guard let delay = arrivals.delay(of: timestamp, at: now) else { return .ordinary }
        let target = target
        // Where the way has become longer for good, what is late is not too much.
        // What was held for pictures is not caught up with before it is known how late others are: it would be held again.
        let isHeldBack = heldBack > 0 && isBeginning(at: now)
        if !isHeldBack, delay > target + Self.slack.more,
            heldTicks > Self.ticks(of: Self.slack.more)
        {
            return .faster
        }
        if delay + Self.slack.less < target { return .slower }
        return .ordinary
    }

    /// Begins with the first packet, once others of its time would be there.
    private mutating func startIfDue(at now: MediaInstant) -> RTPTimestamp? {
        guard let first = packets.first,
            let delay = arrivals.delay(of: first.timestamp, at: now), delay >= target
        else { return nil }
        position = first.timestamp
        return first.timestamp
    }

    private mutating func conceal(
        _ ticks: Int, from start: RTPTimestamp, isBlocked: Bool = false
    ) -> Step {
        concealed += ticks
        if !isBlocked, concealed > Self.ticks(of: Self.concealedMax) {
            pause(at: start)
            return .silence
        }
        if concealedFrom == nil { concealedFrom = start }
        advance(ticks, from: start)
        concealedTicks &+= UInt64(ticks)
        return .conceal(ticks: ticks)
    }

    private mutating func advance(_ ticks: Int, from start: RTPTimestamp) {
        position = RTPTimestamp(start.rawValue &+ UInt32(truncatingIfNeeded: ticks))
    }

    private func bounded(_ delay: MediaDuration) -> MediaDuration {
        min(max(delay, delays.lowerBound), delays.upperBound)
    }

    /// A duration in ticks of 48 kHz.
    private static func ticks(of duration: MediaDuration) -> Int {
        Int(duration.nanoseconds / 1_000_000) * OpusPacket.ticksPerMillisecond
    }
}
