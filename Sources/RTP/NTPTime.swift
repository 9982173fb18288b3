// Wall-clock time as RTCP carries it.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Seconds since 1900 in 32.32 fixed point (RFC 3550 §4); wraps every 136 years.
package struct NTPTime: Hashable, Sendable {
    /// The 64 bits.
    package var rawValue: UInt64

    /// Wraps 64 bits.
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The time of an instant, given the time at which the monotonic clock stood at zero.
    package init(_ instant: MediaInstant, clockZero: NTPTime) {
        rawValue = clockZero.rawValue &+ Self.units(instant - .zero)
    }

    /// The time `nanoseconds` after 1 January 1970 (the Unix epoch), for a driver that has a wall clock.
    package init(nanosecondsSince1970 nanoseconds: Int64) {
        rawValue = (2_208_988_800 << 32) &+ Self.units(MediaDuration(nanoseconds: nanoseconds))
    }

    /// The middle 32 bits: 16.16 seconds (RFC 3550 §4).
    package var middle: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 16) }

    /// The instant this time means, given the time at which the monotonic clock stood at zero.
    package func instant(clockZero: NTPTime) -> MediaInstant {
        .zero + (self - clockZero)
    }

    /// The time from `right` to `left`, the shorter way round the wrap.
    package static func - (left: NTPTime, right: NTPTime) -> MediaDuration {
        let units = Int64(bitPattern: left.rawValue &- right.rawValue)
        let seconds = units >> 32
        let fraction = ((units & 0xFFFF_FFFF) * 1_000_000_000) >> 32
        return MediaDuration(nanoseconds: seconds * 1_000_000_000 + fraction)
    }

    /// The time `duration` later.
    package static func + (time: NTPTime, duration: MediaDuration) -> NTPTime {
        NTPTime(rawValue: time.rawValue &+ units(duration))
    }

    /// A duration in units of 2^-32 s, two's complement.
    private static func units(_ duration: MediaDuration) -> UInt64 {
        let (quotient, remainder) = duration.nanoseconds.quotientAndRemainder(
            dividingBy: 1_000_000_000)
        // |remainder| < 2^30, so the product stays inside 62 bits.
        let fraction = (remainder << 32) / 1_000_000_000
        return UInt64(bitPattern: (quotient << 32) &+ fraction)
    }
}
