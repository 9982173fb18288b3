// How late the packets or pictures of one stream come, told by their timestamps.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// The delays of what comes in a stream against the soonest way here, and of what is played against the same.
///
/// Whatever of the stream goes by them keeps one line of time: a packet that comes late is played no later than others, and
/// after a pause sound goes on where it would have been.
package struct ArrivalDelays: Sendable {
    /// What comes later than this after the soonest has another clock's timestamp, or the way was interrupted.
    static let delayMax = MediaDuration.seconds(2)

    private let clockRate: Int64
    private let share: Double
    private var histogram = DelayHistogram()
    private var reference: RTPTimestamp?
    private var unwrapped: Int64 = 0

    /// Knows of nothing that came.
    /// - Parameters:
    ///   - clockRate: Ticks of timestamps a second, whole ones a millisecond.
    ///   - share: The share of what comes that is to be in time, 0 to 1.
    package init(clockRate: Int64, share: Double) {
        self.clockRate = max(clockRate, 1_000)
        self.share = share
    }

    /// Notes that something came.
    /// - Returns: How much later it came than the soonest, and 0 for the soonest.
    @discardableResult
    package mutating func add(_ timestamp: RTPTimestamp, at now: MediaInstant) -> MediaDuration {
        unwrapped &+= Int64(reference.map { timestamp.distance(from: $0) } ?? 0)
        reference = timestamp
        if let delay = histogram.delay(sentAt: sentAt(unwrapped), at: now), delay > Self.delayMax {
            histogram.restart()
        }
        return histogram.add(sentAt: sentAt(unwrapped), at: now)
    }

    /// How much later than the soonest it would be now with a timestamp; `nil` before anything came.
    package func delay(of timestamp: RTPTimestamp, at now: MediaInstant) -> MediaDuration? {
        guard let reference else { return nil }
        let ticks = unwrapped &+ Int64(timestamp.distance(from: reference))
        return histogram.delay(sentAt: sentAt(ticks), at: now)
    }

    /// How long has to be waited beyond the soonest, so that nearly all is there.
    package var needed: MediaDuration { histogram.needed(share) }

    /// Forgets how soon the soonest came: another source. How late others come after it is the network's.
    package mutating func restart() {
        histogram.restart()
        reference = nil
    }

    /// Only differences count, and timestamps that leap for ever may wrap.
    private func sentAt(_ ticks: Int64) -> MediaDuration {
        MediaDuration(nanoseconds: ticks &* 1_000_000 / (clockRate / 1_000))
    }
}
