// Whether a trend of the delay means that too much is sent.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// What the delay says about the use of the path (draft-ietf-rmcat-gcc-02 §5.4).
package enum PathUse: Sendable, Equatable {
    /// Queues drain.
    case under
    /// Queues neither grow nor shrink.
    case normal
    /// Queues grow.
    case over
}

/// Compares the trend with a threshold that adapts to how restless the path is, so that jitter is not
/// taken for a queue and flows that probe for loss do not starve this one (Carlucci et al. 2016, §4.3).
struct OveruseDetector {
    /// The threshold at first, and its bounds, in milliseconds.
    static let threshold = (initial: 12.5, least: 6.0, most: 600.0)
    /// How fast the threshold follows a trend above and below it, per millisecond.
    static let gains = (up: 0.0087, down: 0.039)
    /// Trends this far above the threshold do not move it: a sudden loss of capacity must not teach it.
    static let spike = 15.0
    /// How long a trend has to stay above the threshold.
    static let overuseMilliseconds = 10.0
    /// The trend counts as many times as there were groups, at most this often, times ``trendGain``.
    static let groupsMax = 60
    static let trendGain = 4.0

    private(set) var use = PathUse.normal
    private(set) var threshold = Self.threshold.initial
    private var groups = 0
    private var overuseTime: Double?
    private var overuses = 0
    private var previousSlope = 0.0
    private var updatedTick: UInt32?

    /// Judges a slope after one more group.
    mutating func judge(slope: Double, delta: InterArrival.Delta) {
        groups = min(groups + 1, Self.groupsMax)
        guard groups >= 2 else { return }
        let trend = Double(groups) * slope * Self.trendGain
        if trend > threshold {
            // The first time: about half of the time since the group before.
            let time = overuseTime.map { $0 + delta.sending } ?? delta.sending / 2
            overuseTime = time
            overuses += 1
            if time > Self.overuseMilliseconds, overuses > 1, slope >= previousSlope {
                overuseTime = 0
                overuses = 0
                use = .over
            }
        } else {
            overuseTime = nil
            overuses = 0
            use = trend < -threshold ? .under : .normal
        }
        previousSlope = slope
        adapt(to: abs(trend), tick: delta.arrivalTick)
    }

    private mutating func adapt(to trend: Double, tick: UInt32) {
        let elapsed = updatedTick.map {
            SentPackets.arrivalMilliseconds(from: $0, to: tick)
        }
        updatedTick = tick
        guard trend <= threshold + Self.spike else { return }
        let gain = trend < threshold ? Self.gains.down : Self.gains.up
        threshold += gain * (trend - threshold) * min(max(elapsed ?? 0, 0), 100)
        threshold = min(max(threshold, Self.threshold.least), Self.threshold.most)
    }
}
