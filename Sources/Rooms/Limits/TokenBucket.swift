// How much of something may still be done: a bucket that refills with time.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// How often something may be done: `burst` at once, `perSecond` in the long run.
package struct RateLimit: Sendable, Hashable {
    /// What a full bucket holds; 1 to 1,000,000,000.
    package var burst: Int64
    /// What flows into it each second; 1 to 1,000,000,000.
    package var perSecond: Int64

    /// Makes a limit.
    package init(burst: Int64, perSecond: Int64) {
        self.burst = burst
        self.perSecond = perSecond
    }
}

/// A bucket that starts full. Exact: what flows in is counted in billionths, without rounding.
struct TokenBucket: Sendable {
    private let limit: RateLimit
    /// What is in the bucket, in billionths.
    private var level: Int64
    private var filledAt: MediaInstant

    private static let one: Int64 = 1_000_000_000

    init(_ limit: RateLimit, at now: MediaInstant) {
        // Within these bounds no product below overflows.
        self.limit = RateLimit(
            burst: min(max(limit.burst, 1), Self.one),
            perSecond: min(max(limit.perSecond, 1), Self.one))
        level = self.limit.burst * Self.one
        filledAt = now
    }

    /// Takes `count` out; false, and nothing is taken, if there is not as much.
    mutating func take(_ count: Int64 = 1, at now: MediaInstant) -> Bool {
        guard wait(for: count, at: now) == .zero else { return false }
        level -= count * Self.one
        return true
    }

    /// How long until `count` can be taken; `nil`: never, it is more than the bucket holds.
    mutating func wait(for count: Int64, at now: MediaInstant) -> MediaDuration? {
        guard count >= 0, count <= limit.burst else { return nil }
        refill(at: now)
        let missing = count * Self.one - level
        guard missing > 0 else { return .zero }
        return MediaDuration(nanoseconds: (missing + limit.perSecond - 1) / limit.perSecond)
    }

    private mutating func refill(at now: MediaInstant) {
        let elapsed = max((now - filledAt).nanoseconds, 0)
        filledAt = max(filledAt, now)
        let (gain, overflow) = elapsed.multipliedReportingOverflow(by: limit.perSecond)
        let full = limit.burst * Self.one
        level = overflow || gain > full - level ? full : level + gain
    }
}
