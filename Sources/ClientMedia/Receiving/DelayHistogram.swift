// How much later than the earliest packets come, and how long to wait so that nearly all are there.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// The delays of the packets of a stream beyond the shortest, with the older counting less and less.
package struct DelayHistogram: Sendable {
    /// What one bin spans.
    package static let step = MediaDuration.milliseconds(5)
    /// The longest delay that is told from longer ones.
    package static let delayMax = MediaDuration.seconds(1)
    /// What each packet leaves of the weight of those before, once there are enough.
    static let forgetting = 0.998
    /// The shortest delay is one of the last 10 to 20 s: clocks drift.
    static let period = MediaDuration.seconds(10)
    /// The shortest delay before a pause of so long counts no more.
    static let pauseMax = MediaDuration.seconds(60)

    /// Below this the scale begins anew.
    private static let scaleMin = 1e-100

    private var bins = [Double](
        repeating: 0, count: Int(delayMax.nanoseconds / step.nanoseconds) + 1)
    /// What a bin's number is to be multiplied by to be a share: it shrinks instead of all of them.
    private var scale = 1.0
    private var count = 0
    private var former: Int64?
    private var present: Int64?
    private var periodEnd: MediaInstant?

    /// Knows of no packet.
    package init() {}

    /// Takes a packet.
    /// - Parameters:
    ///   - sentAt: When it was sent, on a clock that need only go at the same speed.
    /// - Returns: How much later it came than the earliest, and 0 for the earliest.
    @discardableResult
    package mutating func add(sentAt: MediaDuration, at now: MediaInstant) -> MediaDuration {
        let transit = now.nanoseconds &- sentAt.nanoseconds
        if periodEnd.map({ now >= $0 }) ?? true {
            // After a long pause nobody knows how far apart the clocks are by now.
            former = periodEnd.map { now - $0 < Self.pauseMax } ?? false ? present : nil
            present = nil
            periodEnd = now + Self.period
        }
        present = min(present ?? transit, transit)
        let least = min(present ?? transit, former ?? transit)
        let delay = MediaDuration(nanoseconds: max(0, transit &- least))
        // At the start an average, so that the first packets do not count for long.
        count += 1
        let kept = min(Self.forgetting, 1 - 1 / Double(count))
        if count > 1 { scale *= kept }
        bins[bin(of: delay)] += (1 - kept) / scale
        if scale < Self.scaleMin { rescale() }
        return delay
    }

    /// How much later than the earliest what was sent then would be by now; negative for what cannot be there yet, `nil` before
    /// the first packet.
    package func delay(sentAt: MediaDuration, at now: MediaInstant) -> MediaDuration? {
        guard let present else { return nil }
        let transit = now.nanoseconds &- sentAt.nanoseconds
        return MediaDuration(nanoseconds: transit &- min(present, former ?? present))
    }

    /// How long packets have to be waited for beyond the earliest, so that a share of them is there, 0 to 1.
    package func needed(_ share: Double) -> MediaDuration {
        var sum = 0.0
        for (index, weight) in bins.enumerated() {
            sum += weight * scale
            if sum >= share { return Self.step * Int64(index + 1) }
        }
        return count == 0 ? .zero : Self.delayMax
    }

    /// Forgets the shortest delay: another source, or another clock.
    package mutating func restart() {
        former = nil
        present = nil
        periodEnd = nil
    }

    private mutating func rescale() {
        for index in bins.indices { bins[index] *= scale }
        scale = 1
    }

    private func bin(of delay: MediaDuration) -> Int {
        min(Int(delay.nanoseconds / Self.step.nanoseconds), bins.count - 1)
    }
}
