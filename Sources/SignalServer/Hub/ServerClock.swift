// The clocks of the control plane.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Wire

/// The monotonic clock that rooms are told, and the wall clock that tokens are checked against.
struct ServerClock: Sendable {
    private let start = ContinuousClock.now

    /// Now, since the clock was made.
    var now: MediaInstant {
        MediaInstant(nanoseconds: (ContinuousClock.now - start).nanoseconds)
    }

    /// Seconds since 1970, as tokens count.
    var unixSeconds: Int64 { Int64(Date().timeIntervalSince1970) }
}

extension Duration {
    /// The same length as tasks sleep.
    init(_ duration: MediaDuration) { self = .nanoseconds(duration.nanoseconds) }

    /// Its length in nanoseconds, of less than 290 years.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
