// The link between a publisher's clock, its RTP timestamps and our own clock, for our sender reports.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Maps the NTP times of a publisher's sender reports to ours.
///
/// One for all tracks of a publisher, so that audio and video shift together and keep lip sync
/// whatever the publisher's clock says (RFC 3550 §6.4.1).
package struct PublisherClock: Sendable {
    /// A change of more, in 2^-32 seconds, is followed at once: a quarter of a second less means that the report before was held
    /// up for long, a second more that the publisher set its clock.
    private static let (lessMax, moreMax): (Int64, Int64) = (1 << 30, 1 << 32)
    /// Every so many seconds the offset changes by one at most. Receivers are told of it track by track, and what a track
    /// has in their buffers was captured by the offset before: a step would tear sound and pictures apart for a moment.
    private static let slope: Int64 = 200

    /// Ours minus theirs, in 2^-32 seconds, including the shortest way a report has had so far.
    private var offset: Int64?
    /// When it was found or changed.
    private var changedAt: UInt64 = 0
    /// So many seconds of reports that were all longer under way than the shortest say that the publisher's clock is slower.
    private static let period: UInt64 = 30
    /// Then it is followed by 10 ms at most, in 2^-32 seconds: 333 ppm, more than clocks are apart.
    private static let stepMax: Int64 = (1 << 32) / 100
    private var periodStart: UInt64 = 0
    /// By how much more than the shortest way the shortest of the period was; `nil`: none has come.
    private var leastMore: Int64?

    /// Nothing known yet.
    package init() {}

    /// Whether a report has been seen.
    package var isKnown: Bool { offset != nil }

    /// Takes a sender report's NTP time that arrived at `arrival` of our NTP clock (both 32.32
    /// bits).
    package mutating func observe(reported: UInt64, arrival: UInt64) {
        let difference = Int64(bitPattern: arrival &- reported)
        let passed = Int64(bitPattern: arrival &- changedAt)
        changedAt = arrival
        guard let present = offset else { return begin(difference, at: arrival) }
        // The shortest way is the truest.
        let change = difference &- present
        if change > Self.moreMax || change < -Self.lessMax {
            begin(difference, at: arrival)
        } else if change < 0 {
            offset = present &+ max(change, -max(passed, 0) / Self.slope)
            leastMore = 0
        } else {
            followSlower(change, from: present, at: arrival)
        }
    }

    private mutating func begin(_ difference: Int64, at arrival: UInt64) {
        offset = difference
        periodStart = arrival
        leastMore = nil
    }

    /// A slower clock would be behind by a second one day, and be followed at once, track by track.
    private mutating func followSlower(_ change: Int64, from present: Int64, at arrival: UInt64) {
        leastMore = min(leastMore ?? change, change)
        guard (arrival &- periodStart) >> 32 >= Self.period else { return }
        offset = present &+ min(leastMore ?? 0, Self.stepMax)
        periodStart = arrival
        leastMore = nil
    }

    /// The publisher's NTP time at a time of ours; `nil` before the first report.
    package func publisherTime(at ours: UInt64) -> UInt64? {
        offset.map { ours &- UInt64(bitPattern: $0) }
    }
}

/// Tells the RTP timestamp that a published stream has at a given time.
package struct StreamClock: Sendable {
    /// Ticks a second.
    package let clockRate: UInt32
    private var report: (ntp: UInt64, timestamp: RTPTimestamp)?
    private var packet: (ntp: UInt64, timestamp: RTPTimestamp)?
    /// Who never reports may have another speed: after ten seconds, in 2^-32 of them, a packet counts no more.
    private static let packetAgeMax: UInt64 = 10 << 32

    /// A stream of which nothing is known yet.
    package init(clockRate: UInt32) { self.clockRate = clockRate }

    /// Whether the publisher has reported on this stream.
    package var hasReport: Bool { report != nil }

    /// The publisher's last report on this stream; `nil` before the first.
    package var lastReport: (ntp: UInt64, timestamp: RTPTimestamp)? { report }

    /// Takes the publisher's sender report on this stream.
    package mutating func observeReport(ntp: UInt64, timestamp: RTPTimestamp) {
        report = (ntp, timestamp)
    }

    /// Takes a media packet that arrived at `arrival` of our NTP clock: the one that had the shortest way is what we go by
    /// before the first report.
    package mutating func observePacket(timestamp: RTPTimestamp, arrival: UInt64) {
        guard report == nil else { return }
        if let packet, arrival &- packet.ntp < Self.packetAgeMax {
            let ahead = timestamp.distance(
                from: advance(packet.timestamp, from: packet.ntp, to: arrival))
            // A later one that is less than a second behind took longer.
            guard ahead > 0 || ahead < -Int(clockRate) else { return }
        }
        packet = (arrival, timestamp)
    }

    /// The stream's timestamp at a time of our NTP clock; `nil` if nothing is known.
    package func timestamp(at ours: UInt64, publisher: PublisherClock) -> RTPTimestamp? {
        if let report, let theirs = publisher.publisherTime(at: ours) {
            return advance(report.timestamp, from: report.ntp, to: theirs)
        }
        guard let packet else { return nil }
        return advance(packet.timestamp, from: packet.ntp, to: ours)
    }

    private func advance(_ timestamp: RTPTimestamp, from start: UInt64, to end: UInt64)
        -> RTPTimestamp
    {
        let difference = Int64(bitPattern: end &- start)
        let seconds = difference >> 32
        let fraction = difference & 0xFFFF_FFFF
        let ticks = seconds &* Int64(clockRate) &+ (fraction &* Int64(clockRate)) >> 32
        return RTPTimestamp(timestamp.rawValue &+ UInt32(truncatingIfNeeded: ticks))
    }
}
