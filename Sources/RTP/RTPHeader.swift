// The header of one RTP packet, checked once and kept as numbers and offsets.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The fixed header, the length of the CSRC list and the place of the extension (RFC 3550 §5.1).
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// |V=2|P|X|  CC   |M|     PT      |       sequence number         |
/// |                           timestamp                           |
/// |           synchronization source (SSRC) identifier            |
/// |            contributing source (CSRC) identifiers  ...        |
/// |      defined by profile       |        extension length       |
/// ```
///
/// It holds offsets into the packet it was parsed from, never bytes: pass the same packet again to read them.
package struct RTPHeader: Equatable, Sendable {
    /// Bytes of the fixed part, before any CSRC.
    package static let fixedCount = 12
    /// The profile number of the one-byte form of extensions (RFC 8285 §4.2).
    package static let oneByteProfile: UInt16 = 0xBEDE
    /// The profile number of the two-byte form, application bits zero (RFC 8285 §4.3).
    package static let twoByteProfile: UInt16 = 0x1000

    /// The marker bit: for video the last packet of a frame, for audio the start of a talk spurt.
    package var marker: Bool
    /// The payload type, 0 to 127.
    package var payloadType: UInt8
    /// The sequence number as on the wire.
    package var sequenceNumber: SequenceNumber
    /// The timestamp in units of the payload's clock.
    package var timestamp: RTPTimestamp
    /// The source of the packet.
    package var ssrc: SSRC
    /// How many contributing sources stand after the fixed header, 0 to 15.
    package var csrcCount: Int
    /// The number "defined by profile" of the extension; `nil` without one.
    package var extensionProfile: UInt16?
    /// Where the elements of the extension stand, without its 4-byte head; empty without one.
    package var extensionRange: Range<Int>
    /// Bytes of the whole header: the payload's offset.
    package var headerCount: Int
    /// Whether the packet ends in padding; its size is readable only after decryption.
    package var hasPadding: Bool

    /// Reads the header of a packet, encrypted or not.
    ///
    /// O(1): the elements of the extension are not walked here.
    /// - Throws: `.truncated` if header, CSRC list or extension end outside; `.unsupportedVersion`.
    package static func parse(_ packet: Span<UInt8>) throws(RTPError) -> RTPHeader {
        guard packet.count >= fixedCount else {
            throw .truncated(needed: fixedCount, have: packet.count)
        }
        let first = packet[0]
        guard first >> 6 == 2 else { throw .unsupportedVersion(first >> 6) }
        let csrcCount = Int(first & 0x0F)
        var headerCount = fixedCount + 4 * csrcCount
        guard packet.count >= headerCount else {
            throw .truncated(needed: headerCount, have: packet.count)
        }
        var profile: UInt16?
        var elements = headerCount..<headerCount
        if first & 0x10 != 0 {
            guard let number = packet.uint16(at: headerCount),
                let words = packet.uint16(at: headerCount + 2)
            else { throw .truncated(needed: headerCount + 4, have: packet.count) }
            let start = headerCount + 4
            headerCount = start + 4 * Int(words)
            guard packet.count >= headerCount else {
                throw .truncated(needed: headerCount, have: packet.count)
            }
            profile = number
            elements = start..<headerCount
        }
        guard let sequence = packet.uint16(at: 2), let timestamp = packet.uint32(at: 4),
            let ssrc = packet.uint32(at: 8)
        else { throw .truncated(needed: fixedCount, have: packet.count) }
        return RTPHeader(
            marker: packet[1] & 0x80 != 0, payloadType: packet[1] & 0x7F,
            sequenceNumber: SequenceNumber(sequence), timestamp: RTPTimestamp(timestamp),
            ssrc: SSRC(ssrc), csrcCount: csrcCount, extensionProfile: profile,
            extensionRange: elements, headerCount: headerCount, hasPadding: first & 0x20 != 0)
    }

    /// Bytes of padding at the end of the packet, 0 to 255, its count byte included (RFC 3550 §5.1).
    ///
    /// Valid only once the payload is decrypted: the count is the last byte of the plain packet.
    /// - Throws: `.invalidPadding` if the bit is set and the count is 0 or more than the payload.
    package func paddingCount(in packet: Span<UInt8>) throws(RTPError) -> Int {
        guard hasPadding else { return 0 }
        let payloadCount = packet.count - headerCount
        guard payloadCount > 0 else {
            throw .invalidPadding(count: 0, payloadCount: Swift.max(0, payloadCount))
        }
        let count = Int(packet[packet.count - 1])
        guard count > 0, count <= payloadCount else {
            throw .invalidPadding(count: count, payloadCount: payloadCount)
        }
        return count
    }

    /// Where the payload of a decrypted packet stands, without padding.
    ///
    /// Empty for a packet of padding alone, which senders use to probe the path.
    /// - Throws: `.truncated` if the packet is shorter than its header; `.invalidPadding`.
    package func payloadRange(in packet: Span<UInt8>) throws(RTPError) -> Range<Int> {
        guard packet.count >= headerCount else {
            throw .truncated(needed: headerCount, have: packet.count)
        }
        return headerCount..<(packet.count - (try paddingCount(in: packet)))
    }

    /// Whether a decrypted packet carries nothing but padding (or nothing at all).
    package func isPaddingOnly(in packet: Span<UInt8>) -> Bool {
        guard let range = try? payloadRange(in: packet) else { return false }
        return range.isEmpty
    }

    /// The contributing source at `index`; `nil` if there are not so many.
    package func csrc(at index: Int, in packet: Span<UInt8>) -> SSRC? {
        guard index >= 0, index < csrcCount else { return nil }
        return packet.uint32(at: Self.fixedCount + 4 * index).map { SSRC($0) }
    }
}
