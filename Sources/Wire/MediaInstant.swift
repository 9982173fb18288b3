// A point on the monotonic clock, as the sans-IO floors are told it.
// SPDX-License-Identifier: Apache-2.0

/// A point in time, in nanoseconds since an arbitrary start that is the same for a whole process.
///
/// Protocol code never asks for the time; its driver passes it in. In simulation it is virtual.
package struct MediaInstant: Comparable, Hashable, Sendable {
    /// Nanoseconds since the start of the clock; never negative in practice.
    package var nanoseconds: Int64

    /// Makes an instant from nanoseconds since the clock's start.
    @inlinable
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The start of the clock.
    package static let zero = MediaInstant(nanoseconds: 0)

    /// Orders two instants of one clock.
    @inlinable
    package static func < (left: MediaInstant, right: MediaInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant `duration` later; saturates instead of overflowing.
    @inlinable
    package static func + (instant: MediaInstant, duration: MediaDuration) -> MediaInstant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.nanoseconds)
        return MediaInstant(nanoseconds: overflow ? (duration.nanoseconds > 0 ? .max : .min) : sum)
    }

    /// The instant `duration` earlier; saturates instead of overflowing.
    @inlinable
    package static func - (instant: MediaInstant, duration: MediaDuration) -> MediaInstant {
        instant + MediaDuration(nanoseconds: 0 &- duration.nanoseconds)
    }

    /// The time from `right` to `left`; saturates instead of overflowing.
    @inlinable
    package static func - (left: MediaInstant, right: MediaInstant) -> MediaDuration {
        let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(
            right.nanoseconds)
        return MediaDuration(
            nanoseconds: overflow ? (left.nanoseconds > 0 ? .max : .min) : difference)
    }
}

/// A length of time in nanoseconds; may be negative.
package struct MediaDuration: Comparable, Hashable, Sendable {
    /// The length in nanoseconds.
    package var nanoseconds: Int64

    /// Makes a duration from nanoseconds.
    @inlinable
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// No time at all.
    package static let zero = MediaDuration(nanoseconds: 0)

    /// A duration of whole microseconds (magnitude up to 9.2e15).
    @inlinable
    package static func microseconds(_ count: Int64) -> MediaDuration {
        MediaDuration(nanoseconds: saturating(count, times: 1_000))
    }

    /// A duration of whole milliseconds (magnitude up to 9.2e12).
    @inlinable
    package static func milliseconds(_ count: Int64) -> MediaDuration {
        MediaDuration(nanoseconds: saturating(count, times: 1_000_000))
    }

    /// A duration of whole seconds (magnitude up to 9.2e9).
    @inlinable
    package static func seconds(_ count: Int64) -> MediaDuration {
        MediaDuration(nanoseconds: saturating(count, times: 1_000_000_000))
    }

    /// The length in whole milliseconds, rounded toward zero.
    @inlinable
    package var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// Orders two durations by length.
    @inlinable
    package static func < (left: MediaDuration, right: MediaDuration) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The sum, saturating.
    @inlinable
    package static func + (left: MediaDuration, right: MediaDuration) -> MediaDuration {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        return MediaDuration(nanoseconds: overflow ? (right.nanoseconds > 0 ? .max : .min) : sum)
    }

    /// The duration `factor` times over, saturating.
    @inlinable
    package static func * (duration: MediaDuration, factor: Int64) -> MediaDuration {
        MediaDuration(nanoseconds: saturating(duration.nanoseconds, times: factor))
    }

    @usableFromInline
    static func saturating(_ count: Int64, times factor: Int64) -> Int64 {
        let (product, overflow) = count.multipliedReportingOverflow(by: factor)
        return overflow ? ((count > 0) == (factor > 0) ? .max : .min) : product
    }
}

/// The earlier of two moments, either of which may never come (`nil`).
package func earliest(_ left: MediaInstant?, _ right: MediaInstant?) -> MediaInstant? {
    guard let left, let right else { return left ?? right }
    return min(left, right)
}
