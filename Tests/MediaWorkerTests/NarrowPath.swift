// A receiver behind a narrow path, and what is sent into it.
// SPDX-License-Identifier: Apache-2.0
import NetworkImpairment
import Wire

extension ImpairmentPlan {
    /// 20 ms each way, and so many bits a second down with a queue of 300 ms; 0: unlimited.
    static func narrow(_ bitsPerSecond: Int64) -> ImpairmentPlan {
        var plan = ImpairmentPlan()
        plan.up.delay = .milliseconds(20)
        plan.down.delay = .milliseconds(20)
        plan.down.bitsPerSecond = bitsPerSecond
        plan.down.queueDelayMax = .milliseconds(300)
        return plan
    }

    /// A path that loses that part of what is sent either way and delays it, each way.
    static func lossy(_ loss: Double, delay: MediaDuration) -> ImpairmentPlan {
        var plan = ImpairmentPlan()
        (plan.up.loss, plan.down.loss) = (loss, loss)
        (plan.up.delay, plan.down.delay) = (delay, delay)
        return plan
    }
}

/// Bytes sent to one receiver in steps of 100 ms, IP and UDP headers counted.
struct SentBytes {
    private var steps: [Int] = []

    mutating func beginStep() { steps.append(0) }

    /// Counts a datagram; what comes before the first step does not count.
    mutating func add(_ count: Int) {
        guard !steps.isEmpty else { return }
        steps[steps.count - 1] += count + 28
    }

    /// The highest mean over a second of what was sent, in bits a second.
    func peak(from start: Int, to end: Int) -> Double {
        var peak = 0
        for index in (start * 10 + 9)..<min(end * 10, steps.count) {
            peak = max(peak, steps[(index - 9)...index].reduce(0, +))
        }
        return Double(peak * 8)
    }
}
