// Feedback packets other than the transport-wide one: NACK, PLI, FIR, REMB.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The two sources every feedback packet names (RFC 4585 §6.1).
package struct FeedbackSources: Equatable, Sendable {
    /// Who sends the feedback.
    package var sender: SSRC
    /// What it is about; zero in FIR and REMB.
    package var media: SSRC

    /// Reads them from a feedback packet of any format.
    /// - Throws: `.unexpectedKind` if its type is neither 205 nor 206; `.truncated`.
    package init(_ packet: RTCPPacketView, in bytes: Span<UInt8>) throws(RTCPError) {
        guard packet.type == RTCPType.transportFeedback || packet.type == RTCPType.payloadFeedback
        else { throw .unexpectedKind }
        sender = SSRC(try packet.bodyUInt32(at: 0, in: bytes))
        media = SSRC(try packet.bodyUInt32(at: 4, in: bytes))
    }
}

/// The packets asked for again (RFC 4585 §6.2.1).
///
/// ```
/// |            PID                |             BLP               |
/// ```
package struct NegativeAcknowledgement: Sendable {
    /// Who asks, and for packets of which source.
    package let sources: FeedbackSources
    private let entries: Range<Int>

    /// Finds the entries of a NACK packet.
    /// - Throws: `.unexpectedKind` or `.truncated`; `.inconsistent` if the last entry is cut.
    package init(_ packet: RTCPPacketView, in bytes: Span<UInt8>) throws(RTCPError) {
        try packet.require(.nack, count: 8, in: bytes)
        sources = try FeedbackSources(packet, in: bytes)
        entries = (packet.bodyRange.lowerBound + 8)..<packet.bodyRange.upperBound
        guard entries.count % 4 == 0 else { throw .inconsistent }
    }

    /// How many entries there are; each asks for 1 to 17 packets.
    package var entryCount: Int { entries.count / 4 }

    /// The entry at `index`: a packet, and a bit for each of the 16 after it; `nil` outside.
    package func entry(
        at index: Int, in bytes: Span<UInt8>
    ) -> (first: SequenceNumber, following: UInt16)? {
        guard index >= 0, index < entryCount else { return nil }
        let offset = entries.lowerBound + 4 * index
        guard let first = bytes.uint16(at: offset), let mask = bytes.uint16(at: offset + 2) else {
            return nil
        }
        return (SequenceNumber(first), mask)
    }

    /// Calls `body` for each packet asked for, in the order of the wire.
    @inlinable
    package func forEachLost(in bytes: Span<UInt8>, _ body: (SequenceNumber) -> Void) {
        for index in 0..<entryCount {
            guard let (first, following) = entry(at: index, in: bytes) else { return }
            body(first)
            var mask = following
            var number = first.rawValue
            while mask != 0 {
                number &+= 1
                if mask & 1 != 0 { body(SequenceNumber(number)) }
                mask >>= 1
            }
        }
    }
}

/// A request for a keyframe from one source each (RFC 5104 §4.3.1).
package struct FullIntraRequest: Sendable {
    /// Who asks.
    package let sender: SSRC
    private let entries: Range<Int>

    /// Finds the entries of a FIR packet.
    /// - Throws: `.unexpectedKind` or `.truncated`; `.inconsistent` if the last entry is cut.
    package init(_ packet: RTCPPacketView, in bytes: Span<UInt8>) throws(RTCPError) {
        try packet.require(.fullIntraRequest, count: 8, in: bytes)
        sender = SSRC(try packet.bodyUInt32(at: 0, in: bytes))
        entries = (packet.bodyRange.lowerBound + 8)..<packet.bodyRange.upperBound
        guard entries.count % 8 == 0 else { throw .inconsistent }
    }

    /// How many sources are asked.
    package var count: Int { entries.count / 8 }

    /// The source asked at `index`, and the number by which repeated requests are told from new ones.
    package func entry(
        at index: Int, in bytes: Span<UInt8>
    ) -> (ssrc: SSRC, commandNumber: UInt8)? {
        guard index >= 0, index < count else { return nil }
        let offset = entries.lowerBound + 8 * index
        guard let ssrc = bytes.uint32(at: offset), let number = bytes.uint8(at: offset + 4) else {
            return nil
        }
        return (SSRC(ssrc), number)
    }
}

/// A receiver's estimate of what it can take (draft-alvestrand-rmcat-remb-03 §2.2).
///
/// ```
/// |  Unique identifier 'R' 'E' 'M' 'B'                            |
/// |  Num SSRC     | BR Exp    |  BR Mantissa                      |
/// ```
package struct ReceiverEstimatedMaximumBitrate: Sendable {
    /// Who estimates.
    package let sender: SSRC
    /// The estimate in bits per second; saturates.
    package let bitsPerSecond: UInt64
    /// How many sources share the estimate, 0 to 255.
    package let count: Int
    private let start: Int

    /// Reads a REMB packet.
    /// - Throws: `.unexpectedKind`, or `.truncated` if the body does not hold as many sources as it says.
    package init(_ packet: RTCPPacketView, in bytes: Span<UInt8>) throws(RTCPError) {
        try packet.require(.receiverEstimatedMaximumBitrate, count: 16, in: bytes)
        sender = SSRC(try packet.bodyUInt32(at: 0, in: bytes))
        let estimate = try packet.bodyUInt32(at: 12, in: bytes)
        count = Int(estimate >> 24)
        try packet.require(
            .receiverEstimatedMaximumBitrate, count: 16 + 4 * count, in: bytes)
        let exponent = Int(estimate >> 18 & 0x3F)
        let mantissa = UInt64(estimate & 0x3_FFFF)
        bitsPerSecond = mantissa.leadingZeroBitCount < exponent ? .max : mantissa << exponent
        start = packet.bodyRange.lowerBound + 16
    }

    /// The source at `index`; `nil` outside.
    package func ssrc(at index: Int, in bytes: Span<UInt8>) -> SSRC? {
        guard index >= 0, index < count else { return nil }
        return bytes.uint32(at: start + 4 * index).map { SSRC($0) }
    }
}
