// Whether the way through the network grows longer: a line through the last delays.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// The slope of the smoothed one-way delay over its arrival times, as libwebrtc's trendline estimator
/// fits it: about (rate - capacity) / capacity while a queue builds.
struct DelayTrend {
    /// How many groups the line goes through.
    static let windowGroups = 20
    /// The weight of the past in the smoothed delay.
    static let smoothing = 0.9

    private var times = InlineArray<20, Double>(repeating: 0)
    private var delays = InlineArray<20, Double>(repeating: 0)
    private var next = 0
    private var count = 0
    private var firstTick: UInt32?
    private var accumulated = 0.0
    private var smoothed = 0.0
    private(set) var slope = 0.0

    /// Takes the differences between two groups.
    mutating func add(_ delta: InterArrival.Delta) {
        let first = firstTick ?? delta.arrivalTick
        firstTick = first
        accumulated += delta.arrival - delta.sending
        smoothed = Self.smoothing * smoothed + (1 - Self.smoothing) * accumulated
        times[next] = SentPackets.arrivalMilliseconds(from: first, to: delta.arrivalTick)
        delays[next] = smoothed
        next = (next + 1) % Self.windowGroups
        count = min(count + 1, Self.windowGroups)
        if count == Self.windowGroups { fit() }
    }

    private mutating func fit() {
        var timeSum = 0.0
        var delaySum = 0.0
        for index in 0..<Self.windowGroups {
            timeSum += times[index]
            delaySum += delays[index]
        }
        let timeMean = timeSum / Double(Self.windowGroups)
        let delayMean = delaySum / Double(Self.windowGroups)
        var numerator = 0.0
        var denominator = 0.0
        for index in 0..<Self.windowGroups {
            let time = times[index] - timeMean
            numerator += time * (delays[index] - delayMean)
            denominator += time * time
        }
        if denominator > 0 { slope = numerator / denominator }
    }
}
