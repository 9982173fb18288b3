// Whose pictures go first where a path does not carry all.
// SPDX-License-Identifier: Apache-2.0

/// The order in which tracks are given what a receiver's path carries. Sound comes before all of them.
package enum BandwidthRank: UInt8, Sendable, Comparable, CaseIterable {
    /// Of the one participant whose media goes first.
    case favoured
    /// A screen: what is read on it is lost when it is small.
    case screen
    /// A camera, or anything else.
    case camera

    /// Whether one goes before the other.
    package static func < (left: BandwidthRank, right: BandwidthRank) -> Bool {
        left.rawValue < right.rawValue
    }
}
