// When to ask a publisher for a keyframe: at once, but never in a storm.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Joins the keyframe requests of many receivers into few PLIs to the publisher (RFC 4585 §6.3.1).
package struct KeyframeRequester: Sendable {
    /// Two requests to one publisher are at least this far apart.
    package static let shortestInterval = MediaDuration.milliseconds(300)
    /// Two requests are this far apart where nobody begins: those who lost what cannot be repaired
    /// are on a bad network, and a keyframe is what it bears least.
    package static let repairInterval = MediaDuration.seconds(1)
    /// An unanswered request is repeated after this long, once ``eagerTries`` were in vain: the
    /// encoder may sleep.
    package static let patientInterval = MediaDuration.seconds(2)
    /// How often a request is repeated at the shortest interval.
    package static let eagerTries = 5

    /// How many requests may leave in a row before they are spread out.
    package static let burst: Int64 = 16
    /// The mean time between requests in the long run: each costs every receiver of the stream, and
    /// one hostile receiver could otherwise keep the encoder at nothing but keyframes.
    package static let sustainedInterval = MediaDuration.seconds(1)

    /// Whether somebody waits for a keyframe.
    package private(set) var isWanted = false
    private var lastAsked: MediaInstant?
    private var tries = 0
    /// When all requests so far would have left at the sustained interval.
    private var paidUntil = MediaInstant.zero
    /// Whether somebody has asked since the last request left.
    private var isAskedAnew = false
    /// Whether one of those who wait sees nothing yet.
    package private(set) var isForStart = false

    /// Nothing asked yet.
    package init() {}

    /// Somebody needs a keyframe.
    ///
    /// - Parameter isStart: Whether to begin, and not because something was lost on the way.
    package mutating func request(toStart isStart: Bool = true) {
        isWanted = true
        isForStart = isForStart || isStart
        isAskedAnew = true
    }

    /// A keyframe came: everybody who waited can go on.
    package mutating func keyframeArrived() {
        isWanted = false
        isForStart = false
        tries = 0
    }

    private var interval: MediaDuration {
        guard isAskedAnew || tries <= Self.eagerTries else { return Self.patientInterval }
        return isForStart ? Self.shortestInterval : Self.repairInterval
    }

    /// When the burst allows another request.
    private var unburdened: MediaInstant {
        paidUntil - Self.sustainedInterval * (Self.burst - 1)
    }

    /// When ``takeDue(at:)`` will next say yes; `nil` if nobody waits.
    package var deadline: MediaInstant? {
        guard isWanted else { return nil }
        guard let lastAsked else { return .zero }
        return max(lastAsked + interval, unburdened)
    }

    /// Whether a request should leave now; saying yes counts as having sent it. It stays wanted, to
    /// be repeated, until a keyframe arrives.
    package mutating func takeDue(at now: MediaInstant) -> Bool {
        guard isWanted else { return false }
        if let lastAsked, now - lastAsked < interval { return false }
        guard now >= unburdened else { return false }
        lastAsked = now
        paidUntil = max(paidUntil, now) + Self.sustainedInterval
        tries += 1
        isAskedAnew = false
        return true
    }
}
