// When to ask a publisher for a keyframe: at once, but never in a storm.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Joins the keyframe requests of many receivers into few PLIs to the publisher (RFC 4585 §6.3.1).
package struct KeyframeRequester: Sendable {
    /// Two requests to one publisher are at least this far apart; an unanswered one is repeated after as long.
    package static let shortestInterval = MediaDuration.milliseconds(300)

    private var isWanted = false
    private var lastAsked: MediaInstant?

    /// Nothing asked yet.
    package init() {}

    /// Somebody needs a keyframe.
    package mutating func request() { isWanted = true }

    /// A keyframe came: everybody who waited can go on.
    package mutating func keyframeArrived() { isWanted = false }

    /// When ``takeDue(at:)`` will next say yes; `nil` if nobody waits.
    package var deadline: MediaInstant? {
        guard isWanted else { return nil }
        guard let lastAsked else { return .zero }
        return lastAsked + Self.shortestInterval
    }

    /// Whether a request should leave now; saying yes counts as having sent it. It stays wanted, to be repeated,
    /// until a keyframe arrives.
    package mutating func takeDue(at now: MediaInstant) -> Bool {
        guard isWanted else { return false }
        if let lastAsked, now - lastAsked < Self.shortestInterval { return false }
        lastAsked = now
        return true
    }
}
