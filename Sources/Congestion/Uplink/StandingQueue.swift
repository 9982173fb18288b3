// How long packets of a publisher wait on their way, by the clock of their media.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Compares the least delay of the last moments with the least of the last 10 to 20 s: what exceeds it is a queue that
/// does not go away between two packets. O(1).
package struct StandingQueue: Sendable {
    /// For so long the least delay counts as that of the free path, up to twice as long.
    static let period = MediaDuration.seconds(10)
    /// A queue stands if no packet was faster for so long, up to twice as long.
    static let moment = MediaDuration.milliseconds(250)

    /// The least of two periods, of which the present one is under way.
    private struct Least: Sendable {
        var former: Int64?
        var present: Int64?
        var endsAt: MediaInstant?

        var value: Int64? {
            guard let present else { return former }
            return min(present, former ?? present)
        }

        mutating func add(_ value: Int64, every period: MediaDuration, at now: MediaInstant) {
            if endsAt.map({ now >= $0 }) ?? true {
                // A period in which nothing came says nothing.
                let isNext = endsAt.map { now - $0 < period } ?? false
                former = isNext ? present : nil
                present = nil
                endsAt = now + period
            }
            present = min(present ?? value, value)
        }
    }

    private var free = Least()
    private var recent = Least()
    private var heardAt: MediaInstant?

    /// Has seen no packet.
    package init() {}

    /// Notes a packet.
    /// - Parameter sentAt: When it was captured, on any clock that does not leap.
    package mutating func note(sentAt: MediaDuration, at now: MediaInstant) {
        let transit = now.nanoseconds &- sentAt.nanoseconds
        free.add(transit, every: Self.period, at: now)
        recent.add(transit, every: Self.moment, at: now)
        heardAt = now
    }

    /// How long packets wait; `nil` if none has come lately.
    package func delay(at now: MediaInstant) -> MediaDuration? {
        guard let heardAt, now - heardAt < Self.moment * 2, let least = free.value,
            let lately = recent.value
        else { return nil }
        return MediaDuration(nanoseconds: max(0, lately &- least))
    }

    /// Takes what packets take now for the free path: it has become longer.
    package mutating func rebase() {
        free = Least(former: nil, present: recent.value, endsAt: heardAt.map { $0 + Self.period })
    }
}
