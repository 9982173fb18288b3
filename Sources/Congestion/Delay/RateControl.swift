// How the rate answers to what the delay says: up step by step, down at once.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Additive increase near a known capacity, multiplicative far from one, and a multiplicative decrease
/// below what the path was seen to carry (draft-ietf-rmcat-gcc-02 §5.5).
struct RateControl {
    /// What an overuse leaves of the throughput.
    static let backoff = 0.85
    /// What an overuse leaves at least of a rate that was far from being used: the queue may be
    /// another's, and throughput says little about the path then.
    static let backoffUnused = 0.7
    /// Growth a second while the capacity is unknown.
    static let growth = 1.08
    /// Growth a second near the capacity at least, in bits a second. libwebrtc's 4,000 let a flow that came
    /// late starve for a minute.
    static let growthNearCapacityMin = 20_000.0
    /// The rate never grows past this many times the throughput, and 10 kbit/s; what the path was seen to carry is
    /// believed though little is sent.
    static let throughputFactor = 1.5

    /// Packets that wait for so long wait for others of ours, and the path carries all it can; on a slow path, where
    /// each of them takes long, for as long as ``packetsOfFullPath`` take.
    static let queueOfFullPath = MediaDuration.milliseconds(50)
    static let packetsOfFullPath = (count: 2.0, bits: 9_600.0)

    private enum Phase {
        case hold
        case increase
    }

    private(set) var bitsPerSecond: Double
    /// When it was last lowered.
    private(set) var decreasedAt: MediaInstant?
    private var phase = Phase.increase
    private var changedAt: MediaInstant?
    private var capacity = LinkCapacity()
    /// What the path carried when packets waited last, in bits a second: what it bears of a sender that sends less.
    private var carriedWhenFull: Double?
    private let range: ClosedRange<Double>

    init(start: Double, range: ClosedRange<Double>) {
        self.range = range
        bitsPerSecond = min(max(start, range.lowerBound), range.upperBound)
    }

    /// Takes over a rate that was measured or decided elsewhere.
    mutating func set(_ rate: Double, at now: MediaInstant) {
        bitsPerSecond = min(max(rate, range.lowerBound), range.upperBound)
        changedAt = now
    }

    /// Takes the rate of a path that a probe has filled: from there on the rate grows slowly, or a flow
    /// that finds a path first would keep it from others.
    mutating func noteCapacity(_ rate: Double) {
        capacity.reset()
        capacity.observe(rate / 1_000)
    }

    /// Takes what the detector says after feedback.
    /// - Parameters:
    ///   - throughput: The acknowledged rate in bits a second; `nil`: not known.
    ///   - recent: The same over a shorter time: what a full path carries now.
    ///   - queue: How long packets wait on the path: where they do, it has been full over that time.
    ///   - isUnused: Whether much less than the rate is being sent.
    ///   - isSure: Whether more than the delay says that too much is sent: fewer packets come than are sent.
    mutating func update(
        _ use: PathUse, throughput: Double?, recent: Double?, queue: MediaDuration, isUnused: Bool,
        isSure: Bool, roundTrip: MediaDuration, at now: MediaInstant
    ) {
        switch use {
        case .over:
            guard let throughput, mayDecrease(throughput: throughput, roundTrip, at: now) else {
                return
            }
            // Where little was sent before, the longer time says less than the path carries.
            let isFull = self.isFull(queue)
            let carried = recent.map { isFull ? $0 : min($0, throughput) } ?? throughput
            if isFull, recent != nil { carriedWhenFull = carried }
            decrease(
                throughput: carried, isUnused: isUnused,
                // Packets that are few come unevenly, and no queue stands: the path carries what it did.
                least: isFull || isSure ? 0 : carriedWhenFull ?? 0, at: now)
        case .under:
            // Queues drain by themselves; growing now would fill them again.
            phase = .hold
            changedAt = now
        case .normal:
            if phase == .hold {
                phase = .increase
                changedAt = now
                return
            }
            // A queue that stands still is not gone: growing would keep it.
            guard queue <= LossControl.queueMax else {
                changedAt = now
                return
            }
            increase(throughput: throughput, roundTrip: roundTrip, at: now)
        }
    }

    /// Once a round trip is enough, unless far too much is sent.
    private func mayDecrease(
        throughput: Double, _ roundTrip: MediaDuration, at now: MediaInstant
    ) -> Bool {
        guard let last = decreasedAt else { return true }
        let pause = min(max(roundTrip, .milliseconds(10)), .milliseconds(200))
        return now - last >= pause || throughput < bitsPerSecond / 2
    }

    private func isFull(_ queue: MediaDuration) -> Bool {
        let packets = Self.packetsOfFullPath
        let slowest = packets.count * packets.bits / max(bitsPerSecond, 1)
        return Double(queue.nanoseconds) / 1e9
            > max(Double(Self.queueOfFullPath.nanoseconds) / 1e9, slowest)
    }

    /// - Parameter least: What the path carries at least, in bits a second.
    private mutating func decrease(
        throughput: Double, isUnused: Bool, least: Double, at now: MediaInstant
    ) {
        var lowered = max(throughput, least) * Self.backoff
        if isUnused { lowered = max(lowered, bitsPerSecond * Self.backoffUnused) }
        if capacity.isMissed(by: throughput / 1_000) { capacity.reset() }
        // A throughput that was not the path's limit says nothing about it.
        if !isUnused { capacity.observe(throughput / 1_000) }
        bitsPerSecond = min(bitsPerSecond, max(lowered, range.lowerBound))
        phase = .hold
        changedAt = now
        decreasedAt = now
    }

    private mutating func increase(
        throughput: Double?, roundTrip: MediaDuration, at now: MediaInstant
    ) {
        defer { changedAt = now }
        guard let throughput, let last = changedAt else { return }
        if capacity.isExceeded(by: throughput / 1_000) { capacity.reset() }
        let shown = max(
            Self.throughputFactor * throughput + 10_000, (carriedWhenFull ?? 0) * Self.backoff)
        let limit = min(shown, range.upperBound)
        guard bitsPerSecond < limit else { return }
        let seconds = min(Double((now - last).nanoseconds) / 1e9, 1)
        let raised: Double
        if capacity.estimate != nil {
            raised = bitsPerSecond + seconds * nearCapacityGrowth(roundTrip)
        } else {
            raised =
                bitsPerSecond + max(bitsPerSecond * (Self.growth - 1) * seconds, 1_000 * seconds)
        }
        bitsPerSecond = min(raised, limit)
    }

    /// Bits a second that are added each second near the capacity: half a packet each time the detector
    /// could answer.
    private func nearCapacityGrowth(_ roundTrip: MediaDuration) -> Double {
        let frameBits = bitsPerSecond / 30
        let packets = Int(frameBits / (8 * 1_200)) + 1
        let packetBits = frameBits / Double(packets)
        let answer = 2 * (Double(roundTrip.nanoseconds) / 1e9 + 0.1)
        return max(Self.growthNearCapacityMin, packetBits / answer)
    }
}
