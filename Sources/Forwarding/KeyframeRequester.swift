// When to ask a publisher for a keyframe: at once, but never in a storm.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Joins the keyframe requests of many receivers into few PLIs to the publisher (RFC 4585 §6.3.1).
package struct KeyframeRequester: Sendable {
    /// Two requests to one publisher are at least this far apart.
    package static let shortestInterval = MediaDuration.milliseconds(300)
    /// An unanswered request is repeated after this long, once ``eagerTries`` were in vain: the
    /// encoder may sleep.
    package static let patientInterval = MediaDuration.seconds(2)
    /// How often a request is repeated at the shortest interval.
    package static let eagerTries = 5

    /// Whether somebody waits for a keyframe.
    package private(set) var isWanted = false
    private var lastAsked: MediaInstant?
    private var tries = 0
    /// Whether somebody has asked since the last request left.
    private var isAskedAnew = false

    /// Nothing asked yet.
    package init() {}

    /// Somebody needs a keyframe.
    package mutating func request() {
        isWanted = true
        isAskedAnew = true
    }

    /// A keyframe came: everybody who waited can go on.
    package mutating func keyframeArrived() {
        isWanted = false
        tries = 0
    }

    private var interval: MediaDuration {
        isAskedAnew || tries <= Self.eagerTries
            ? Self.shortestInterval : Self.patientInterval
    }

    /// When ``takeDue(at:)`` will next say yes; `nil` if nobody waits.
    package var deadline: MediaInstant? {
        guard isWanted else { return nil }
        guard let lastAsked else { return .zero }
        return lastAsked + interval
    }

    /// Whether a request should leave now; saying yes counts as having sent it. It stays wanted, to
    /// be repeated, until a keyframe arrives.
    package mutating func takeDue(at now: MediaInstant) -> Bool {
        guard isWanted else { return false }
        if let lastAsked, now - lastAsked < interval { return false }
        lastAsked = now
        tries += 1
        isAskedAnew = false
        return true
    }
}
