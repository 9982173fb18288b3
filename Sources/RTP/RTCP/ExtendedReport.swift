// The round trip to somebody who sends media but receives none: XR with a reference time and its echo.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// An extended report (RFC 3611 §2), of which two blocks are read: a receiver's reference time (§4.4) and
/// the delay since one was received (§4.5). Others are passed over.
///
/// ```
/// |     BT=4      |   reserved    |       block length = 2        |
/// |              NTP timestamp, most significant word             |
/// |             NTP timestamp, least significant word             |
///
/// |     BT=5      |   reserved    |         block length          |
/// |                 SSRC_1 (SSRC of first receiver)               |
/// |                         last RR (LRR)                         |
/// |                   delay since last RR (DLRR)                  |
/// ```
package struct ExtendedReport: Sendable {
    static let referenceTimeType: UInt8 = 4
    static let delayType: UInt8 = 5
    static let delayCount = 12

    /// Who reports.
    package let reporter: SSRC
    private let blocks: Range<Int>

    /// Finds the blocks of a report.
    /// - Throws: `.unexpectedKind` or `.truncated`.
    package init(_ packet: RTCPPacketView, in bytes: Span<UInt8>) throws(RTCPError) {
        try packet.require(.extendedReport, count: 4, in: bytes)
        reporter = SSRC(try packet.bodyUInt32(at: 0, in: bytes))
        blocks = (packet.bodyRange.lowerBound + 4)..<packet.bodyRange.upperBound
    }

    /// The first block of a type, without its head; `nil` if there is none that is whole. O(blocks).
    private func block(_ type: UInt8, in bytes: Span<UInt8>) -> Range<Int>? {
        var offset = blocks.lowerBound
        while offset + 4 <= blocks.upperBound, let found = bytes.uint8(at: offset),
            let words = bytes.uint16(at: offset + 2)
        {
            let end = offset + 4 + 4 * Int(words)
            guard end <= blocks.upperBound else { return nil }
            if found == type { return (offset + 4)..<end }
            offset = end
        }
        return nil
    }

    /// The reporter's NTP time; `nil` if it tells none.
    package func referenceTime(in bytes: Span<UInt8>) -> NTPTime? {
        guard let range = block(Self.referenceTimeType, in: bytes), range.count >= 8,
            let time = bytes.uint64(at: range.lowerBound)
        else { return nil }
        return NTPTime(rawValue: time)
    }

    /// The first echo of a reference time: whose, its middle 32 bits, and how long it was held in 65,536ths of a second;
    /// `nil` if there is none (RFC 3611 §4.5). O(blocks).
    package func echo(in bytes: Span<UInt8>) -> (source: SSRC, last: UInt32, delay: UInt32)? {
        guard let range = block(Self.delayType, in: bytes), range.count >= Self.delayCount,
            let source = bytes.uint32(at: range.lowerBound),
            let last = bytes.uint32(at: range.lowerBound + 4),
            let delay = bytes.uint32(at: range.lowerBound + 8)
        else { return nil }
        return (SSRC(source), last, delay)
    }

    /// The round trip that the echo of our reference time proves when it arrives at `now`.
    ///
    /// `nil` if the report echoes none of `ssrc`, or where the times cannot be. O(blocks).
    /// - Parameter ssrc: Under which our reference time was sent.
    package func roundTrip(
        of ssrc: SSRC, at now: NTPTime, in bytes: Span<UInt8>
    ) -> MediaDuration? {
        guard let range = block(Self.delayType, in: bytes) else { return nil }
        var offset = range.lowerBound
        while offset + Self.delayCount <= range.upperBound, let source = bytes.uint32(at: offset),
            let last = bytes.uint32(at: offset + 4), let delay = bytes.uint32(at: offset + 8)
        {
            if source == ssrc.rawValue {
                return ReceptionReportBlock(
                    ssrc: ssrc, fractionLost: 0, cumulativeLost: 0, extendedHighest: 0, jitter: 0,
                    lastSR: last, delaySinceLastSR: delay
                ).roundTrip(at: now)
            }
            offset += Self.delayCount
        }
        return nil
    }
}

extension RTCPWriter {
    /// Appends an XR that tells our time, so that a sender can echo it (RFC 3611 §4.4).
    @discardableResult
    package static func referenceTime(
        from sender: SSRC, ntp: NTPTime, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        guard head(RTCPType.extendedReport, 0, 16, &output) else { return false }
        output.append(uint32: sender.rawValue)
        output.append(uint32: UInt32(ExtendedReport.referenceTimeType) << 24 | 2)
        output.append(uint32: UInt32(truncatingIfNeeded: ntp.rawValue >> 32))
        output.append(uint32: UInt32(truncatingIfNeeded: ntp.rawValue))
        return true
    }

    /// Appends an XR that echoes a receiver's reference time (RFC 3611 §4.5).
    /// - Parameters:
    ///   - last: The middle 32 bits of the reference time.
    ///   - delay: Since it came, in 65,536ths of a second.
    @discardableResult
    package static func delaySinceReferenceTime(
        from sender: SSRC, to receiver: SSRC, last: UInt32, delay: UInt32,
        into output: inout OutputSpan<UInt8>
    ) -> Bool {
        guard head(RTCPType.extendedReport, 0, 8 + ExtendedReport.delayCount, &output) else {
            return false
        }
        output.append(uint32: sender.rawValue)
        output.append(uint32: UInt32(ExtendedReport.delayType) << 24 | 3)
        output.append(uint32: receiver.rawValue)
        output.append(uint32: last)
        output.append(uint32: delay)
        return true
    }
}
