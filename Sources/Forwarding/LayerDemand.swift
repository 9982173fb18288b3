// How many layers of a track anybody wants, and when its publisher should be told.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Tells more at once and less after a while: receivers come and go, and a layer that was switched off begins with a
/// keyframe.
package struct LayerDemand: Sendable {
    /// How long less must be wanted until the publisher is told.
    package static let lowerAfter = MediaDuration.seconds(3)
    /// After how long a publisher that sends more all the same is told again: it may have begun anew.
    package static let reminderAfter = MediaDuration.seconds(5)

    /// How many layers from the smallest the publisher believes to be wanted; at first all.
    private var told: UInt8 = .max
    private var toldAt = MediaInstant.zero
    private var wanted: UInt8 = .max
    private var lowerAt: MediaInstant?

    /// How many layers from the smallest the publisher believes to be wanted, of so many.
    package func told(of total: UInt8) -> UInt8 { min(told, total) }

    /// A track whose publisher sends all it has.
    package init() {}

    /// Takes how many layers from the smallest are wanted now, and gives what the publisher is to be told; `nil`:
    /// nothing.
    /// - Parameters:
    ///   - total: How many layers there may be.
    ///   - sent: How many layers from the smallest the publisher sends.
    package mutating func update(
        wanted count: UInt8, of total: UInt8, sent: UInt8, at now: MediaInstant
    ) -> UInt8? {
        let known = min(told, total)
        if count > known { return tell(count, at: now) }
        guard count < known else {
            wanted = count
            lowerAt = nil
            guard sent > count, now - toldAt >= Self.reminderAfter else { return nil }
            return tell(count, at: now)
        }
        if count != wanted || lowerAt == nil {
            wanted = count
            lowerAt = now + Self.lowerAfter
        }
        guard let lowerAt, lowerAt <= now else { return nil }
        return tell(count, at: now)
    }

    private mutating func tell(_ count: UInt8, at now: MediaInstant) -> UInt8 {
        told = count
        wanted = count
        toldAt = now
        lowerAt = nil
        return count
    }
}
