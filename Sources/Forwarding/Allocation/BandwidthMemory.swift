// What a slot remembers of its ups and downs, so that they do not follow each other.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// When a slot may be given more again: soon after it had to give something up for the first time, later each time
/// that what it was given more did not last.
package struct BandwidthMemory: Sendable, Equatable {
    /// How long it waits after it gave something up.
    package static let firstWait = MediaDuration.seconds(2)
    /// The longest wait.
    package static let waitMax = MediaDuration.seconds(16)
    /// What it was given it keeps so long: its first keyframe makes a path look narrower than it is.
    package static let holdTime = MediaDuration.seconds(1)
    /// What it was given and kept this long, lasted.
    package static let lastingTime = MediaDuration.seconds(8)

    /// What is given must stay given so long before it is told of: a path is found within half a second.
    package static let toldAfter = MediaDuration.seconds(1)

    /// What the receiver was told last; at first that it gets everything.
    private var lastTold: UInt8 = 0
    /// Since when what it gets differs from that.
    private var differsSince: MediaInstant?
    /// Whether nothing was ever given: what it has by then is no gift.
    package private(set) var isFresh = true
    private var wait = Self.firstWait
    private var roseAt: MediaInstant?
    private var waitsUntil: MediaInstant?
    /// What the smallest size took when it could not be had any more, in bits/s.
    private var lostCost: Int64 = 0

    /// Knows of nothing yet.
    package init() {}

    /// Whether it may be given more: after its wait, or at once where that has become cheaper by a quarter because the
    /// publisher sends less.
    /// - Parameter smallestCost: What the whole smallest size takes, in bits/s, if not all of it is there now; else 0.
    package func mayRise(to smallestCost: Int64 = 0, at now: MediaInstant) -> Bool {
        guard let waitsUntil, waitsUntil > now else { return true }
        return hasBecomeCheaper(smallestCost)
    }

    /// Whether the smallest size takes a quarter less than when it could not be had any more.
    /// - Parameter smallestCost: What the whole smallest size takes, in bits/s, if not all of it is there now; else 0.
    package func hasBecomeCheaper(_ smallestCost: Int64) -> Bool {
        smallestCost > 0 && smallestCost <= lostCost - lostCost / 4
    }

    /// Whether it was given what it has only just now, or begins.
    package func isHeld(at now: MediaInstant) -> Bool {
        isFresh || (roseAt.map { now - $0 < Self.holdTime } ?? false)
    }

    /// Takes note of what is to be told, by a number of the asker's, 0 for everything.
    /// - Returns: Whether that is news that has lasted for ``toldAfter``.
    package mutating func told(_ quality: UInt8, at now: MediaInstant) -> Bool {
        guard quality != lastTold else {
            differsSince = nil
            return false
        }
        let since = differsSince ?? now
        differsSince = since
        guard now - since >= Self.toldAfter else { return false }
        lastTold = quality
        differsSince = nil
        return true
    }

    /// Takes note of what it was given, in steps.
    /// - Parameter smallestCost: What the whole smallest size takes, in bits/s, if not all of it is there now; else 0.
    package mutating func note(
        from before: Int, to after: Int, smallestCost: Int64 = 0, at now: MediaInstant
    ) {
        let isGift = after > before || (isFresh && after == before && after > 0)
        isFresh = false
        if isGift {
            roseAt = now
            lostCost = 0
        } else if after < before {
            let hasLasted = roseAt.map { now - $0 >= Self.lastingTime } ?? true
            wait = hasLasted ? Self.firstWait : min(wait + wait, Self.waitMax)
            waitsUntil = now + wait
            lostCost = smallestCost
            roseAt = nil
        }
    }
}
