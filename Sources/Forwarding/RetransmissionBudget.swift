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

    private var tokens = Int64(Self.burst) * 1_000_000
    private var refilledAt = MediaInstant.zero

    /// A full bucket.
    package init() {}

    /// Takes one packet's worth; `false` if there is none left.
    package mutating func take(at now: MediaInstant) -> Bool {
        let elapsed = min(max(0, (now - refilledAt).nanoseconds / 1_000), 1_000_000)
        if elapsed > 0 {
            refilledAt = now
            tokens = min(
                Int64(Self.burst) * 1_000_000, tokens + elapsed * Int64(Self.perSecond))
        }
        guard tokens >= 1_000_000 else { return false }
        tokens -= 1_000_000
        return true
    }
}
