// How late a publisher's sound comes, by the clock of its media.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Compares how long the last packets of a stream took with the least of the last 10 to 20 s: what exceeds it is a queue on
/// the way, since sound leaves as soon as it is made. O(1).
package struct UplinkDelay: Sendable {
    /// For so long the least counts as that of the free way, up to twice as long.
    static let period = MediaDuration.seconds(10)

    private var former: Int64?
    private var present: Int64?
    private var endsAt: MediaInstant?
    private var before: Int64?

    /// Has seen no packet.
    package init() {}

    /// Notes a packet.
    /// - Parameter sentAt: When it was captured, on any clock that does not leap.
    /// - Returns: How late this packet and the one before were, the lesser of both: a single one may be late by itself.
    package mutating func note(sentAt: MediaDuration, at now: MediaInstant) -> MediaDuration {
        let transit = now.nanoseconds &- sentAt.nanoseconds
        if endsAt.map({ now >= $0 }) ?? true {
            // A period in which nothing came says nothing.
            let isNext = endsAt.map { now - $0 < Self.period } ?? false
            former = isNext ? present : nil
            present = nil
            endsAt = now + Self.period
        }
        let least = min(present ?? transit, transit)
        present = least
        let lesser = min(before ?? transit, transit)
        before = transit
        return MediaDuration(nanoseconds: max(0, lesser &- min(least, former ?? least)))
    }
}
