// Finding elements of the header extension, in both of its forms.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// One element of a header extension.
package struct HeaderExtensionElement: Equatable, Sendable {
    /// The local identifier the session gave to this kind of element, 1 to 255.
    package var id: UInt8
    /// Where its data stand in the packet; may be empty in the two-byte form.
    package var range: Range<Int>
}

/// Walks the elements of a header extension (RFC 8285 §4.2 and §4.3).
///
/// ```
///  one byte |  ID   |  L-1  | data ...        two bytes |      ID       |       L       | data ...
/// ```
package struct HeaderExtensionCursor: Sendable {
    private var offset: Int
    private let end: Int
    private let isTwoByte: Bool

    /// Starts before the first element of a packet's extension.
    package init(_ header: RTPHeader) {
        end = header.extensionRange.upperBound
        switch header.extensionProfile {
        case RTPHeader.oneByteProfile?:
            offset = header.extensionRange.lowerBound
            isTwoByte = false
        case let profile? where profile & 0xFFF0 == RTPHeader.twoByteProfile:
            offset = header.extensionRange.lowerBound
            isTwoByte = true
        default:
            offset = end
            isTwoByte = false
        }
    }

    /// The next element; `nil` at the end, or where an element does not fit (the rest is then ignored).
    package mutating func next(in packet: Span<UInt8>) -> HeaderExtensionElement? {
        let end = Swift.min(end, packet.count)
        while offset < end {
            let first = packet[offset]
            if first == 0 {
                offset += 1
                continue
            }
            let id: UInt8
            let start: Int
            let count: Int
            if isTwoByte {
                guard offset + 1 < end else { break }
                id = first
                start = offset + 2
                count = Int(packet[offset + 1])
            } else {
                id = first >> 4
                start = offset + 1
                count = Int(first & 0x0F) + 1
                // Identifier 15 ends the extension, and so does padding that claims a length.
                guard id != 15, id != 0 else { break }
            }
            guard start + count <= end else { break }
            offset = start + count
            return HeaderExtensionElement(id: id, range: start..<(start + count))
        }
        offset = self.end
        return nil
    }
}

extension RTPHeader {
    /// Where the data of the first element with an identifier stand; `nil` if there is none.
    ///
    /// O(elements); allocates nothing.
    package func extensionRange(id: UInt8, in packet: Span<UInt8>) -> Range<Int>? {
        var cursor = HeaderExtensionCursor(self)
        while let element = cursor.next(in: packet) {
            if element.id == id { return element.range }
        }
        return nil
    }

    /// The transport-wide sequence number of a packet (transport-wide-cc-01: 16 bits); `nil` without one.
    package func transportSequenceNumber(id: UInt8, in packet: Span<UInt8>) -> SequenceNumber? {
        guard let range = extensionRange(id: id, in: packet), range.count >= 2 else { return nil }
        return packet.uint16(at: range.lowerBound).map { SequenceNumber($0) }
    }

    /// The audio level of a packet (RFC 6464); `nil` without one.
    package func audioLevel(id: UInt8, in packet: Span<UInt8>) -> AudioLevel? {
        guard let range = extensionRange(id: id, in: packet), !range.isEmpty else { return nil }
        return packet.uint8(at: range.lowerBound).map { AudioLevel(byte: $0) }
    }
}
