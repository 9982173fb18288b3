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
        case .trying(_, let loss, let since):
            guard total >= Self.trialPacketsMin, now - since >= .milliseconds(400) else {
                return false
            }
            endTrial(loss: loss, queue: queue, at: now)
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

    /// The loss beyond the path's own.
    private func excess(of loss: Double) -> Double {
        max(0, loss - ownLoss) / (1 - ownLoss)
    }

    private mutating func watch(
        rate: Double, queue: MediaDuration, elapsed: MediaDuration, at now: MediaInstant
    ) -> Bool {
        let loss = takeLoss(at: now)
        // It is followed slowly, up only where it was found by a trial.
        if ownLoss > 0, excess(of: loss) <= Self.thresholds.high {
            ownLoss += (loss - ownLoss) * (queue > Self.queueMax ? 0 : 0.1)
        }
        let excess = excess(of: loss)
        if excess > Self.thresholds.high {
            if queue > Self.queueMax { return true }
            phase = .trying(before: rate, loss: loss, since: now)
            bound = rate * max(0.5, 1 - excess)
        } else if bound.isFinite {
            let seconds = min(Double(elapsed.nanoseconds) / 1e9, 2)
            // Between the two thresholds it grows the slower the more is lost: the draft's standstill
            // would keep a path with 5 % of its own loss where one unlucky second has put it.
            let isLow = excess < Self.thresholds.low
            let pace = isLow ? 1 : 1 - excess / Self.thresholds.high
            bound += (bound * (Self.growth - 1) + 1_000) * pace * seconds
            // Far above what is used it bounds nothing.
            if bound > 2 * rate { bound = .infinity }
        }
        return false
    }

    private mutating func endTrial(
        loss: Double, queue: MediaDuration, at now: MediaInstant
    ) {
        phase = .watching
        let left = takeLoss(at: now)
        guard left >= loss * Self.uncuredShare, left <= Self.ownLossMax, queue <= Self.queueMax
        else { return }
        ownLoss = max(ownLoss, (left + loss) / 2)
        ownLoss = min(ownLoss, Self.ownLossMax)
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
