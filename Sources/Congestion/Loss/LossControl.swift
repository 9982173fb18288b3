// The bound that loss puts on the rate, and how loss that sending less does not cure is told apart.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Loss beyond 10 % lowers the rate, less lets it grow (draft-ietf-rmcat-gcc-02 §6), but only loss that
/// has to do with the rate counts: a path may lose packets at random.
///
/// The draft alone brings a path with 10 % of random loss down to nothing. So the first heavy loss is
/// answered by a trial: for about half a second only what got through before is sent. Where the loss
/// goes, the rate caused it, and the bound stays. Where it stays, and no queue has built, it is the
/// path's own; the rate comes back, and from then on only loss beyond it counts.
struct LossControl {
    /// The share of loss below which the bound grows, and that above which it falls.
    static let thresholds = (low: 0.02, high: 0.10)
    /// The upper threshold at a rate a tenth above the one at which a path's own loss was found: loss that
    /// grows with the rate is not the path's own.
    static let highAboveFound = 0.05
    /// Growth of the bound a second.
    static let growth = 1.08
    /// The most that a path is believed to lose by itself.
    static let ownLossMax = 0.4
    /// The least packets that are judged together (fewer after ``patience``, or while a queue is full),
    /// and the least of a trial.
    static let packetsMin = 50
    static let packetsMinWhileFull = 20
    static let trialPacketsMin = 80
    static let patience = MediaDuration.seconds(2)
    /// A trial has cured nothing if this share of the loss is left.
    static let uncuredShare = 0.5
    /// A queue this long says that loss is the rate's doing.
    static let queueMax = MediaDuration.milliseconds(100)

    private enum Phase {
        case watching
        case trying(before: Double, loss: Double, since: MediaInstant)
    }

    /// The bound in bits a second; infinite: none.
    private(set) var bound = Double.infinity
    /// What the path loses by itself, as far as is known.
    private(set) var ownLoss = 0.0
    /// The share of loss that was last judged.
    private(set) var lastLoss = 0.0
    /// What the last trial found of it: it is never believed to be more.
    private var ownLossFound = 0.0
    /// The rate at which that was.
    private var foundAtRate = 0.0
    private var phase = Phase.watching
    private var lost = 0
    private var total = 0
    private var judgedAt: MediaInstant?

    /// Counts one packet whose fate is known.
    mutating func note(isLost: Bool, sentTick: UInt32) {
        if case .trying(_, _, let since) = phase,
            SentPackets.milliseconds(from: SentPackets.tick(of: since), to: sentTick) < 0
        {
            return
        }
        total += 1
        if isLost { lost += 1 }
    }

    /// Forgets what was counted: it was lost in a time when nothing came through.
    mutating func forget(at now: MediaInstant) {
        lost = 0
        total = 0
        judgedAt = now
        if case .trying(let before, _, _) = phase {
            phase = .watching
            bound = before
        }
    }

    /// Judges what was counted if it is enough.
    /// - Returns: Whether a full queue overflows: then the rate itself must fall.
    /// - Parameters:
    ///   - rate: The present target in bits a second.
    ///   - queue: How much longer than the shortest round trip the present one is.
    mutating func judge(
        rate: Double, queue: MediaDuration, roundTrip: MediaDuration, at now: MediaInstant
    ) -> Bool {
        let last = judgedAt ?? now
        judgedAt = last
        switch phase {
        case .trying(let before, let loss, let since):
            guard total >= Self.trialPacketsMin, now - since >= .milliseconds(400) else {
                return false
            }
            endTrial(before: before, loss: loss, queue: queue, at: now)
            return false
        case .watching:
            // An overflowing queue needs no long look.
            let wait = queue > Self.queueMax ? .milliseconds(200) : .milliseconds(300) + roundTrip
            let least = queue > Self.queueMax ? Self.packetsMinWhileFull : Self.packetsMin
            guard total >= least || now - last >= Self.patience, total > 0, now - last >= wait
            else { return false }
            return watch(rate: rate, queue: queue, elapsed: now - last, at: now)
        }
    }

    /// Lifts a bound that a probe has gone beyond without more loss: where little is sent the bound would grow too
    /// slowly by itself. While a trial goes on it stays.
    mutating func raise(to rate: Double) {
        if case .watching = phase, rate > bound { bound = rate }
    }

    /// The loss beyond the path's own.
    private func excess(of loss: Double) -> Double {
        max(0, loss - ownLoss) / (1 - ownLoss)
    }

    private mutating func watch(
        rate: Double, queue: MediaDuration, elapsed: MediaDuration, at now: MediaInstant
    ) -> Bool {
        let loss = takeLoss(at: now)
        // It is followed slowly, up only to what a trial has found: else it would creep up with the rate.
        if ownLossFound > 0, excess(of: loss) <= Self.thresholds.high {
            ownLoss = min(ownLoss + (loss - ownLoss) * 0.1, ownLossFound)
        }
        let excess = excess(of: loss)
        let isAboveFound = ownLossFound > 0 && rate > foundAtRate * 1.1
        let high = isAboveFound ? Self.highAboveFound : Self.thresholds.high
        if excess > high {
            if queue > Self.queueMax { return true }
            phase = .trying(before: rate, loss: loss, since: now)
            // As if all of it were the rate's doing, or half of a cure would pass for none.
            bound = rate * max(0.5, 1 - loss)
        } else if bound.isFinite {
            let seconds = min(Double(elapsed.nanoseconds) / 1e9, 2)
            // Between the two thresholds it grows the slower the more is lost: the draft's standstill
            // would keep a path with 5 % of its own loss where one unlucky second has put it.
            let isLow = excess < Self.thresholds.low
            let pace = isLow ? 1 : 1 - excess / high
            bound += (bound * (Self.growth - 1) + 1_000) * pace * seconds
            // Far above what is used it bounds nothing.
            if bound > 2 * rate { bound = .infinity }
        }
        return false
    }

    private mutating func endTrial(
        before: Double, loss: Double, queue: MediaDuration, at now: MediaInstant
    ) {
        phase = .watching
        let left = takeLoss(at: now)
        guard left >= loss * Self.uncuredShare, left <= Self.ownLossMax, queue <= Self.queueMax
        else { return }
        ownLoss = left
        ownLossFound = left
        foundAtRate = before
        // Delay alone goes on bounding the rate.
        bound = .infinity
    }

    private mutating func takeLoss(at now: MediaInstant) -> Double {
        defer {
            lost = 0
            total = 0
            judgedAt = now
        }
        lastLoss = Double(lost) / Double(max(total, 1))
        return lastLoss
    }
}
