// Taking RTX packets apart and putting them together.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The retransmission payload format (RFC 4588 §4): the payload of the original packet behind its sequence
/// number, on an SSRC and payload type of its own.
///
/// ```
/// |            OSN                |  Original RTP Packet Payload  |
/// ```
package enum RTPRetransmission {
    /// Bytes of the original sequence number before the payload.
    package static let headCount = 2

    /// The sequence number of the packet repeated, from a decrypted payload without padding.
    ///
    /// `nil` if the payload is shorter than the number: browsers probe the path with such packets, of
    /// padding alone, before the first one that repeats anything.
    package static func originalSequenceNumber(in payload: Span<UInt8>) -> SequenceNumber? {
        payload.uint16(at: 0).map { SequenceNumber($0) }
    }

    /// Makes the original packet out of a decrypted RTX packet, in its place.
    ///
    /// Header, CSRC list, extension, marker, timestamp and padding are kept; sequence number, SSRC and
    /// payload type become those of the original.
    /// - Parameter header: The parsed header of `packet`.
    /// - Returns: Where the original packet now stands in `packet`, always from 2 to its end; `nil`, with
    ///   nothing changed, if no original sequence number is in it.
    package static func unwrap(
        _ packet: inout MutableSpan<UInt8>, header: RTPHeader, ssrc: SSRC, payloadType: UInt8
    ) -> Range<Int>? {
        let original: SequenceNumber
        do throws(RTPError) {
            let bytes = packet.span
            let payload = try header.payloadRange(in: bytes)
            guard payload.count >= headCount, let number = bytes.uint16(at: payload.lowerBound)
            else { return nil }
            original = SequenceNumber(number)
        } catch {
            return nil
        }
        var index = header.headerCount
        while index > 0 {
            index -= 1
            packet[index + headCount] = packet[index]
        }
        packet[headCount + 1] = (packet[headCount + 1] & 0x80) | (payloadType & 0x7F)
        packet.setUInt16(original.rawValue, at: headCount + 2)
        packet.setUInt32(ssrc.rawValue, at: headCount + 8)
        return headCount..<packet.count
    }

    /// Writes the original sequence number over the two bytes that stand before the payload's copy.
    ///
    /// A history that keeps each payload behind two spare bytes can then seal both as one payload.
    /// - Returns: Whether there is room for it.
    @discardableResult
    package static func wrap(
        _ original: SequenceNumber, in payload: inout MutableSpan<UInt8>
    ) -> Bool {
        guard payload.count >= headCount else { return false }
        payload.setUInt16(original.rawValue, at: 0)
        return true
    }
}
