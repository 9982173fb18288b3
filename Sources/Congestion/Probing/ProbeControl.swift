// When to probe, and how fast.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Decides on probes, one at a time: at the start, on after each that finds more, again and again while
/// more could be used, and at what was lost by a decrease that may have been a mistake.
struct ProbeControl {
    /// The first probe, in terms of the rate at the start; it goes on by ``stepFactor``, so that the
    /// second is at six times, as libwebrtc's are.
    static let firstFactor = 3.0
    /// Each later probe in terms of the rate.
    static let stepFactor = 2.0
    /// A probe that found this share of its rate is followed by a faster one.
    static let continueShare = 0.7
    /// How far above what could be used a probe may go.
    static let headroom = 1.25
    /// Probing ends where so much of what could be used is there.
    static let enough = 1.05
    /// How long the answer is waited for.
    static let answerMax = MediaDuration.seconds(1)
    /// How long nothing is probed after a decrease.
    static let calm = MediaDuration.milliseconds(1_500)
    /// From one probe to the next: it grows while they find nothing.
    static let intervals = (least: MediaDuration.seconds(2), most: MediaDuration.seconds(4))
    /// A drop below this share of the rate is asked about again at ``dropShare`` of it.
    static let largeDrop = 0.66
    static let dropShare = 0.85
    /// For how long.
    static let dropMemory = MediaDuration.seconds(5)

    private var hasBegun = false
    private var nextNumber: UInt8 = 1
    private var probed = 0.0
    /// Whether the present probe is as fast as one may be.
    private var isHighest = false
    private var sentAt: MediaInstant?
    private var nextAt = MediaInstant.zero
    private var interval = Self.intervals.least
    private var continueAt: Double?
    private var recoverAt: Double?
    private var drop: (rate: Double, at: MediaInstant)?
    private var lastRate: Double?

    /// The next probe, if one is to be sent now.
    /// - Parameters:
    ///   - rate: The target in bits a second.
    ///   - wanted: What could be used, in bits a second; `nil`: nobody has said, nothing is probed.
    ///   - isCalm: Whether the path shows no sign of being full.
    mutating func next(
        rate: Double, wanted: Double?, isCalm: Bool, isUnused: Bool, at now: MediaInstant
    ) -> ProbePlan? {
        noteDrop(to: rate, at: now)
        if let sentAt {
            guard now - sentAt > Self.answerMax else { return nil }
            finish(found: nil, at: now)
        }
        guard let wanted, rate < wanted * Self.enough else {
            continueAt = nil
            return nil
        }
        guard isCalm else { return nil }
        let ceiling = wanted * Self.headroom
        if !hasBegun, recoverAt == nil {
            hasBegun = true
            return begin(rate * Self.firstFactor, ceiling, at: now)
        }
        if let rate = recoverAt ?? continueAt {
            recoverAt = nil
            continueAt = nil
            return begin(rate, ceiling, at: now)
        }
        if let drop, isUnused, now - drop.at < Self.dropMemory {
            self.drop = nil
            if drop.rate * Self.dropShare > rate {
                return begin(drop.rate * Self.dropShare, ceiling, at: now)
            }
        }
        guard now >= nextAt else { return nil }
        return begin(rate * Self.stepFactor, ceiling, at: now)
    }

    /// Takes what the present probe found, in bits a second.
    mutating func finish(found: Double?, at now: MediaInstant) {
        guard sentAt != nil else { return }
        sentAt = nil
        let isMore = (found ?? 0) > probed * Self.continueShare
        interval = isMore ? Self.intervals.least : min(interval * 2, Self.intervals.most)
        nextAt = now + interval
        continueAt = isMore && !isHighest ? found.map { $0 * Self.stepFactor } : nil
    }

    /// Puts probes off: the path is full.
    mutating func delay(until instant: MediaInstant) {
        continueAt = nil
        nextAt = max(nextAt, instant)
    }

    /// A decrease was no mistake: a queue has built.
    mutating func forgetDrop() { drop = nil }

    /// Asks for a probe at `rate` as soon as the path is calm.
    mutating func probe(at rate: Double) {
        recoverAt = rate
        // What was under way is lost.
        sentAt = nil
    }

    private mutating func begin(
        _ asked: Double, _ ceiling: Double, at now: MediaInstant
    ) -> ProbePlan {
        isHighest = asked >= ceiling
        let rate = min(asked, ceiling)
        let plan = ProbePlan(number: nextNumber, bitsPerSecond: max(rate, 10_000))
        nextNumber = nextNumber == .max ? 1 : nextNumber + 1
        probed = rate
        sentAt = now
        return plan
    }

    private mutating func noteDrop(to rate: Double, at now: MediaInstant) {
        defer { lastRate = rate }
        guard let lastRate, rate < lastRate * Self.largeDrop else { return }
        drop = (lastRate, now)
    }
}
