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
    /// What it was given and kept this long, lasted.
    package static let lastingTime = MediaDuration.seconds(8)

    /// What the receiver was told last; at first that it gets everything.
    private var lastTold: UInt8 = 0
    private var wait = Self.firstWait
    private var roseAt: MediaInstant?
    private var waitsUntil: MediaInstant?

    /// Knows of nothing yet.
    package init() {}

    /// Whether it may be given more.
    package func mayRise(at now: MediaInstant) -> Bool { waitsUntil.map { $0 <= now } ?? true }

    /// Takes note of what is to be told, by a number of the asker's, 0 for everything.
    /// - Returns: Whether that is news.
    package mutating func told(_ quality: UInt8) -> Bool {
        defer { lastTold = quality }
        return quality != lastTold
    }

    /// Takes note of what it was given, in steps.
    package mutating func note(from before: Int, to after: Int, at now: MediaInstant) {
        if after > before {
            roseAt = now
        } else if after < before {
            let hasLasted = roseAt.map { now - $0 >= Self.lastingTime } ?? true
            wait = hasLasted ? Self.firstWait : min(wait + wait, Self.waitMax)
            waitsUntil = now + wait
            roseAt = nil
        }
    }
}
