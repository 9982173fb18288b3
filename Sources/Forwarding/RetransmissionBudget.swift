// A bound on what a receiver's NACKs can make us send.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// A token bucket: a receiver that asks without end gets no more than this again (and never starves
/// the rest).
package struct RetransmissionBudget: Sendable {
    /// Packets that may be repeated at once.
    package static let burst = 256
    /// Packets that may be repeated a second, for long.
    package static let perSecond = 1_024

    private let burst: Int64
    private let perSecond: Int64
    private var tokens: Int64
    private var refilledAt = MediaInstant.zero

    /// A full bucket, of the size for one slot unless another is named; both numbers up to
    /// 1,000,000.
    package init(burst: Int = Self.burst, perSecond: Int = Self.perSecond) {
        self.burst = Int64(min(max(burst, 1), 1_000_000)) * 1_000_000
        self.perSecond = Int64(min(max(perSecond, 1), 1_000_000))
        tokens = self.burst
    }

    /// Whether a packet's worth is there at `now`.
    package mutating func hasToken(at now: MediaInstant) -> Bool {
        refill(at: now)
        return tokens >= 1_000_000
    }

    /// Takes one packet's worth; `false` if there is none left.
    package mutating func take(at now: MediaInstant) -> Bool {
        refill(at: now)
        guard tokens >= 1_000_000 else { return false }
        tokens -= 1_000_000
        return true
    }

    private mutating func refill(at now: MediaInstant) {
        let elapsed = min(max(0, (now - refilledAt).nanoseconds / 1_000), 1_000_000)
        guard elapsed > 0 else { return }
        refilledAt = now
        tokens = min(burst, tokens + elapsed * perSecond)
    }
}
