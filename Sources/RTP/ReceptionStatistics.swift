// Counting one source's packets, losses and jitter for its report blocks.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What a receiver knows about one source (RFC 3550 §6.4.1, appendices A.3 and A.8).
///
/// Record packets as sent the first time; those of an RTX stream have statistics of their own (RFC 4588 §6.3).
package struct ReceptionStatistics: Sendable {
    /// A step of the transit time longer than this, in seconds, is a new source or clock, not jitter.
    static let transitStepSecondsMax: UInt32 = 5

    private let clockRate: UInt32
    private var base: ExtendedSequenceNumber?
    private var highest = ExtendedSequenceNumber(0)
    private var expectedPrior: UInt64 = 0
    private var receivedPrior: UInt64 = 0
    private var transit: UInt32 = 0
    /// In 16ths of a clock unit.
    private var scaledJitter: UInt64 = 0
    private var lastReport: (ntpMiddle: UInt32, at: MediaInstant)?

    /// Packets received, duplicates included.
    package private(set) var receivedCount: UInt64 = 0

    /// Makes empty statistics of a source with a clock rate in hertz.
    package init(clockRate: UInt32) { self.clockRate = clockRate }

    /// The newest number seen; `nil` before the first packet.
    package var extendedHighest: ExtendedSequenceNumber? { base == nil ? nil : highest }

    /// The interarrival jitter in clock units (RFC 3550 §6.4.1).
    package var jitter: UInt32 { UInt32(clamping: scaledJitter >> 4) }

    /// The interarrival jitter in nanoseconds.
    package var jitterNanoseconds: Int64 {
        Int64(jitter) * 1_000_000_000 / Int64(Swift.max(clockRate, 1))
    }

    /// Packets expected and not received; negative where duplicates outnumber losses (RFC 3550 A.3).
    package var cumulativeLost: Int64 {
        Int64(clamping: expectedCount) - Int64(clamping: receivedCount)
    }

    private var expectedCount: UInt64 {
        guard let base else { return 0 }
        return highest.rawValue &- base.rawValue &+ 1
    }

    /// Notes a packet.
    package mutating func record(
        _ number: ExtendedSequenceNumber, timestamp: RTPTimestamp, at now: MediaInstant
    ) {
        receivedCount &+= 1
        let transitNow = arrivalUnits(now) &- timestamp.rawValue
        guard let base else {
            base = number
            highest = number
            transit = transitNow
            return
        }
        if number > highest { highest = number }
        if number < base { self.base = number }
        let step = Int32(bitPattern: transitNow &- transit).magnitude
        transit = transitNow
        let stepMax = clockRate.multipliedReportingOverflow(by: Self.transitStepSecondsMax)
        guard stepMax.overflow || step <= stepMax.partialValue else { return }
        scaledJitter = scaledJitter + UInt64(step) - ((scaledJitter + 8) >> 4)
    }

    /// Notes the source's sender report, which the next blocks name with its age.
    package mutating func noteSenderReport(_ report: SenderReport, at now: MediaInstant) {
        lastReport = (report.ntp.middle, now)
    }

    /// The block for the next report; counts its fraction from the previous call. `nil` before the first
    /// packet.
    package mutating func makeReportBlock(
        ssrc: SSRC, at now: MediaInstant
    ) -> ReceptionReportBlock? {
        guard base != nil else { return nil }
        let expected = expectedCount &- expectedPrior
        let received = receivedCount &- receivedPrior
        expectedPrior = expectedCount
        receivedPrior = receivedCount
        var fraction: UInt8 = 0
        // A lower base found since can make the interval seem huge; such numbers mean no loss.
        if expected > received, expected < 1 << 32 {
            fraction = UInt8(clamping: ((expected - received) << 8) / expected)
        }
        var lastSR: UInt32 = 0
        var delay: UInt32 = 0
        if let lastReport {
            lastSR = lastReport.ntpMiddle
            delay = UInt32(clamping: Self.shortUnits(now - lastReport.at))
        }
        return ReceptionReportBlock(
            ssrc: ssrc, fractionLost: fraction,
            cumulativeLost: Int32(Swift.max(-0x80_0000, Swift.min(0x7F_FFFF, cumulativeLost))),
            extendedHighest: UInt32(truncatingIfNeeded: highest.rawValue), jitter: jitter,
            lastSR: lastSR, delaySinceLastSR: delay)
    }

    /// The arrival on the source's clock, modulo 2^32.
    private func arrivalUnits(_ instant: MediaInstant) -> UInt32 {
        let (seconds, rest) = instant.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        // rest < 2^30 and the rate < 2^32: the product stays below 2^62.
        let units = seconds &* Int64(clockRate) &+ rest * Int64(clockRate) / 1_000_000_000
        return UInt32(truncatingIfNeeded: units)
    }

    /// A duration in 65,536ths of a second.
    private static func shortUnits(_ duration: MediaDuration) -> Int64 {
        let (seconds, rest) = duration.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return seconds * 65_536 + rest * 65_536 / 1_000_000_000
    }
}
