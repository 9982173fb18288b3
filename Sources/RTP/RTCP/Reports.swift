// Sender and receiver reports, and the report blocks both carry.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The sender's part of a sender report (RFC 3550 §6.4.1).
package struct SenderReport: Equatable, Sendable {
    /// Body bytes before the report blocks.
    static let bodyCount = 24

    /// Whose report it is.
    package var ssrc: SSRC
    /// When the report was made, on the sender's wall clock.
    package var ntp: NTPTime
    /// The same moment on the source's media clock.
    package var rtpTimestamp: RTPTimestamp
    /// Packets sent since the start, modulo 2^32.
    package var packetCount: UInt32
    /// Payload bytes sent since the start, modulo 2^32.
    package var octetCount: UInt32

    /// Makes a report from its parts.
    package init(
        ssrc: SSRC, ntp: NTPTime, rtpTimestamp: RTPTimestamp, packetCount: UInt32,
        octetCount: UInt32
    ) {
        self.ssrc = ssrc
        self.ntp = ntp
        self.rtpTimestamp = rtpTimestamp
        self.packetCount = packetCount
        self.octetCount = octetCount
    }

    /// Reads a sender report.
    /// - Throws: `.unexpectedKind` or `.truncated`.
    package init(_ packet: RTCPPacketView, in bytes: Span<UInt8>) throws(RTCPError) {
        try packet.require(.senderReport, count: Self.bodyCount, in: bytes)
        ssrc = SSRC(try packet.bodyUInt32(at: 0, in: bytes))
        let seconds = UInt64(try packet.bodyUInt32(at: 4, in: bytes))
        ntp = NTPTime(rawValue: seconds << 32 | UInt64(try packet.bodyUInt32(at: 8, in: bytes)))
        rtpTimestamp = RTPTimestamp(try packet.bodyUInt32(at: 12, in: bytes))
        packetCount = try packet.bodyUInt32(at: 16, in: bytes)
        octetCount = try packet.bodyUInt32(at: 20, in: bytes)
    }
}

/// What a receiver says about one source (RFC 3550 §6.4.1).
package struct ReceptionReportBlock: Equatable, Sendable {
    /// Bytes of one block.
    static let byteCount = 24

    /// The source reported on.
    package var ssrc: SSRC
    /// The share lost since the previous report, in 256ths.
    package var fractionLost: UInt8
    /// Packets lost since the start, -2^23 to 2^23 - 1; negative where duplicates outnumber losses.
    package var cumulativeLost: Int32
    /// The highest sequence number seen; the high 16 bits count its wraps.
    package var extendedHighest: UInt32
    /// The interarrival jitter in units of the media clock.
    package var jitter: UInt32
    /// The middle 32 bits of the last sender report's time; 0 without one.
    package var lastSR: UInt32
    /// The delay since that report, in 65,536ths of a second.
    package var delaySinceLastSR: UInt32

    /// Makes a block from its parts.
    package init(
        ssrc: SSRC, fractionLost: UInt8, cumulativeLost: Int32, extendedHighest: UInt32,
        jitter: UInt32, lastSR: UInt32, delaySinceLastSR: UInt32
    ) {
        self.ssrc = ssrc
        self.fractionLost = fractionLost
        self.cumulativeLost = cumulativeLost
        self.extendedHighest = extendedHighest
        self.jitter = jitter
        self.lastSR = lastSR
        self.delaySinceLastSR = delaySinceLastSR
    }

    /// The round trip this block proves when it arrives at `now`; `nil` without a sender report or where
    /// the times cannot be (RFC 3550 §6.4.1, figure 2).
    package func roundTrip(at now: NTPTime) -> MediaDuration? {
        guard lastSR != 0 else { return nil }
        let units = now.middle &- lastSR &- delaySinceLastSR
        // More than 2^31 units is a small negative time: the clocks' rounding, or a lie.
        guard units < 1 << 31 else { return nil }
        return MediaDuration(nanoseconds: Int64(units) * 1_000_000_000 / 65_536)
    }
}

/// The report blocks of a sender or receiver report.
package struct ReceptionReportBlocks: Sendable {
    /// Who reports.
    package let reporter: SSRC
    /// How many blocks there are, 0 to 31.
    package let count: Int
    private let start: Int

    /// Finds the blocks of a report.
    /// - Throws: `.unexpectedKind`, or `.truncated` if the body does not hold as many as its head says.
    package init(_ packet: RTCPPacketView, in bytes: Span<UInt8>) throws(RTCPError) {
        let before = packet.kind == .senderReport ? SenderReport.bodyCount : 4
        let kind: RTCPPacketKind =
            packet.kind == .senderReport ? .senderReport : .receiverReport
        count = Int(packet.countOrFormat)
        try packet.require(
            kind, count: before + count * ReceptionReportBlock.byteCount, in: bytes)
        reporter = SSRC(try packet.bodyUInt32(at: 0, in: bytes))
        start = packet.bodyRange.lowerBound + before
    }

    /// The block at `index`; `nil` outside.
    package func block(at index: Int, in bytes: Span<UInt8>) -> ReceptionReportBlock? {
        guard index >= 0, index < count else { return nil }
        let offset = start + index * ReceptionReportBlock.byteCount
        guard let ssrc = bytes.uint32(at: offset), let loss = bytes.uint32(at: offset + 4),
            let highest = bytes.uint32(at: offset + 8), let jitter = bytes.uint32(at: offset + 12),
            let lastSR = bytes.uint32(at: offset + 16), let delay = bytes.uint32(at: offset + 20)
        else { return nil }
        return ReceptionReportBlock(
            ssrc: SSRC(ssrc), fractionLost: UInt8(truncatingIfNeeded: loss >> 24),
            // The shift up and down again extends the sign of the 24 bits.
            cumulativeLost: Int32(bitPattern: loss << 8) >> 8, extendedHighest: highest,
            jitter: jitter, lastSR: lastSR, delaySinceLastSR: delay)
    }
}
