// The shortest round trip of late: what exceeds it is a queue.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// The least of the last 10 to 20 seconds, in two periods.
struct ShortestRoundTrip {
    static let period = MediaDuration.seconds(10)

    private var former: MediaDuration?
    private var present: MediaDuration?
    private var periodEnd = MediaInstant.zero

    /// Takes a round trip.
    mutating func note(_ roundTrip: MediaDuration, at now: MediaInstant) {
        if now >= periodEnd {
            former = present
            present = nil
            periodEnd = now + Self.period
        }
        present = min(present ?? roundTrip, roundTrip)
    }

    /// The shortest; `nil`: none was taken.
    var least: MediaDuration? {
        guard let present else { return former }
        return min(former ?? present, present)
    }

    /// How much longer than the shortest a round trip is.
    func excess(of roundTrip: MediaDuration) -> MediaDuration {
        let shortest = least ?? roundTrip
        return MediaDuration(nanoseconds: max(0, (roundTrip.nanoseconds - shortest.nanoseconds)))
    }
}
