// Walking the packets of one compound RTCP datagram.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Why RTCP bytes are not taken.
package enum RTCPError: Error, Equatable, Sendable {
    /// A packet or a part of one ends outside.
    case truncated(needed: Int, have: Int)
    /// The version is not 2 (RFC 3550 §6.4.1).
    case unsupportedVersion(UInt8)
    /// The padding bit is set, but the last byte does not count bytes of the body.
    case invalidPadding(count: Int)
    /// The packet is of another kind than the reader it was given to.
    case unexpectedKind
    /// A field contradicts another, for instance more statuses than chunks hold.
    case inconsistent
}

/// What an RTCP packet says, by its type and format.
package enum RTCPPacketKind: Hashable, Sendable {
    /// Type 200 (RFC 3550 §6.4.1).
    case senderReport
    /// Type 201 (RFC 3550 §6.4.2).
    case receiverReport
    /// Type 202 (RFC 3550 §6.5).
    case sourceDescription
    /// Type 203 (RFC 3550 §6.6).
    case goodbye
    /// Type 204 (RFC 3550 §6.7).
    case application
    /// Type 205 format 1 (RFC 4585 §6.2.1).
    case nack
    /// Type 205 format 15 (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
    case transportFeedback
    /// Type 206 format 1 (RFC 4585 §6.3.1).
    case pictureLossIndication
    /// Type 206 format 4 (RFC 5104 §4.3.1).
    case fullIntraRequest
    /// Type 206 format 15 with the name "REMB" (draft-alvestrand-rmcat-remb-03 §2.2).
    case receiverEstimatedMaximumBitrate
    /// Type 207 (RFC 3611).
    case extendedReport
    /// Anything else: to be skipped.
    case other
}

/// Numbers of the RTCP packet types (RFC 3550 §12.1, RFC 4585 §6.1).
enum RTCPType {
    static let senderReport: UInt8 = 200
    static let receiverReport: UInt8 = 201
    static let sourceDescription: UInt8 = 202
    static let goodbye: UInt8 = 203
    static let application: UInt8 = 204
    static let transportFeedback: UInt8 = 205
    static let payloadFeedback: UInt8 = 206
    static let extendedReport: UInt8 = 207
}

/// Formats of the feedback packet types.
enum RTCPFeedbackFormat {
    static let nack: UInt8 = 1
    static let transportWide: UInt8 = 15
    static let pictureLoss: UInt8 = 1
    static let fullIntra: UInt8 = 4
    static let application: UInt8 = 15
    /// "REMB" in ASCII.
    static let rembName: UInt32 = 0x5245_4D42
}

/// The place and type of one RTCP packet in its datagram; offsets only.
///
/// ```
/// |V=2|P|RC or FMT|      PT       |            length             |
/// ```
package struct RTCPPacketView: Equatable, Sendable {
    /// What it says.
    package var kind: RTCPPacketKind
    /// The packet type, 192 to 223 for what is in use.
    package var type: UInt8
    /// The 5 bits beside the version: a count of items, or the format of a feedback packet.
    package var countOrFormat: UInt8
    /// The whole packet, head and padding included.
    package var range: Range<Int>
    /// What follows the 4-byte head, without padding.
    package var bodyRange: Range<Int>

    /// Requires a kind and a least count of body bytes.
    func require(_ kind: RTCPPacketKind, count: Int, in bytes: Span<UInt8>) throws(RTCPError) {
        guard self.kind == kind else { throw .unexpectedKind }
        guard bodyRange.count >= count else {
            throw .truncated(needed: count, have: bodyRange.count)
        }
        guard bodyRange.upperBound <= bytes.count else {
            throw .truncated(needed: bodyRange.upperBound, have: bytes.count)
        }
    }

    /// The 32-bit number at an offset of the body, which must lie inside it.
    func bodyUInt32(at offset: Int, in bytes: Span<UInt8>) throws(RTCPError) -> UInt32 {
        guard offset >= 0, offset + 4 <= bodyRange.count,
            let value = bytes.uint32(at: bodyRange.lowerBound + offset)
        else { throw .truncated(needed: offset + 4, have: bodyRange.count) }
        return value
    }
}

/// Reads the packets of a datagram one by one, without allocation.
///
/// Reduced-size RTCP is taken too (RFC 5506): the first packet may be of any type.
package struct RTCPReader: Sendable {
    private var offset = 0

    /// Starts before the first packet.
    package init() {}

    /// Whether a datagram of the RTP port is RTCP, by its second byte (RFC 5761 §4): 192 to 223.
    package static func isRTCP(_ datagram: Span<UInt8>) -> Bool {
        guard let first = datagram.uint8(at: 0), let second = datagram.uint8(at: 1) else {
            return false
        }
        return first >> 6 == 2 && (192...223).contains(second)
    }

    /// The next packet of the datagram; `nil` after the last.
    ///
    /// After an error the rest of the datagram cannot be read: calls give `nil`.
    /// - Throws: `.truncated`, `.unsupportedVersion` or `.invalidPadding`.
    package mutating func next(in bytes: Span<UInt8>) throws(RTCPError) -> RTCPPacketView? {
        let start = offset
        guard start < bytes.count else { return nil }
        offset = bytes.count
        guard let words = bytes.uint16(at: start + 2) else {
            throw .truncated(needed: start + 4, have: bytes.count)
        }
        let first = bytes[start]
        guard first >> 6 == 2 else { throw .unsupportedVersion(first >> 6) }
        let end = start + 4 + 4 * Int(words)
        guard end <= bytes.count else { throw .truncated(needed: end, have: bytes.count) }
        var bodyEnd = end
        if first & 0x20 != 0 {
            let padding = Int(bytes[end - 1])
            guard words > 0, padding > 0, padding <= end - start - 4 else {
                throw .invalidPadding(count: padding)
            }
            bodyEnd = end - padding
        }
        offset = end
        let type = bytes[start + 1]
        let format = first & 0x1F
        let body = (start + 4)..<bodyEnd
        return RTCPPacketView(
            kind: Self.kind(type: type, format: format, body: body, in: bytes), type: type,
            countOrFormat: format, range: start..<end, bodyRange: body)
    }

    private static func kind(
        type: UInt8, format: UInt8, body: Range<Int>, in bytes: Span<UInt8>
    ) -> RTCPPacketKind {
        switch (type, format) {
        case (RTCPType.senderReport, _): .senderReport
        case (RTCPType.receiverReport, _): .receiverReport
        case (RTCPType.sourceDescription, _): .sourceDescription
        case (RTCPType.goodbye, _): .goodbye
        case (RTCPType.application, _): .application
        case (RTCPType.transportFeedback, RTCPFeedbackFormat.nack): .nack
        case (RTCPType.transportFeedback, RTCPFeedbackFormat.transportWide): .transportFeedback
        case (RTCPType.payloadFeedback, RTCPFeedbackFormat.pictureLoss): .pictureLossIndication
        case (RTCPType.payloadFeedback, RTCPFeedbackFormat.fullIntra): .fullIntraRequest
        case (RTCPType.payloadFeedback, RTCPFeedbackFormat.application)
        where body.count >= 12
            && bytes.uint32(at: body.lowerBound + 8) == RTCPFeedbackFormat.rembName:
            .receiverEstimatedMaximumBitrate
        case (RTCPType.extendedReport, _): .extendedReport
        default: .other
        }
    }
}
