// SDES items and BYE: who a source is, and that it leaves.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// One item of a source description (RFC 3550 §6.5).
package struct SourceDescriptionItem: Equatable, Sendable {
    /// The type of a canonical name (RFC 3550 §6.5.1).
    package static let canonicalNameType: UInt8 = 1
    /// Whom it describes.
    package var ssrc: SSRC
    /// The item's type; 1 is CNAME.
    package var type: UInt8
    /// Where its text stands in the datagram, 0 to 255 bytes, not checked to be UTF-8.
    package var range: Range<Int>
}

/// Walks the items of all chunks of an SDES packet (RFC 3550 §6.5).
package struct SourceDescriptionCursor: Sendable {
    private var offset: Int
    private let start: Int
    private let end: Int
    private var chunksLeft: Int
    private var ssrc: SSRC?

    /// Starts before the first chunk.
    /// - Throws: `.unexpectedKind`.
    package init(_ packet: RTCPPacketView, in bytes: Span<UInt8>) throws(RTCPError) {
        try packet.require(.sourceDescription, count: 0, in: bytes)
        start = packet.bodyRange.lowerBound
        offset = start
        end = packet.bodyRange.upperBound
        chunksLeft = Int(packet.countOrFormat)
    }

    /// The next item; `nil` after the last chunk.
    /// - Throws: `.truncated` if a chunk or an item ends outside the packet.
    package mutating func next(
        in bytes: Span<UInt8>
    ) throws(RTCPError) -> SourceDescriptionItem? {
        while true {
            guard let ssrc else {
                guard chunksLeft > 0 else { return nil }
                chunksLeft -= 1
                guard offset + 4 <= end, let number = bytes.uint32(at: offset) else {
                    throw fail(needed: offset + 4)
                }
                offset += 4
                self.ssrc = SSRC(number)
                continue
            }
            guard offset < end, let type = bytes.uint8(at: offset) else {
                throw fail(needed: offset + 1)
            }
            if type == 0 {
                // The list ends with one to four zero bytes, up to the next word.
                offset = Swift.min(end, offset + 4 - (offset - start) % 4)
                self.ssrc = nil
                continue
            }
            guard offset + 2 <= end, let count = bytes.uint8(at: offset + 1),
                offset + 2 + Int(count) <= end
            else { throw fail(needed: offset + 2) }
            let first = offset + 2
            offset = first + Int(count)
            return SourceDescriptionItem(ssrc: ssrc, type: type, range: first..<offset)
        }
    }

    private mutating func fail(needed: Int) -> RTCPError {
        chunksLeft = 0
        ssrc = nil
        return .truncated(needed: needed - start, have: end - start)
    }
}

/// The sources that leave (RFC 3550 §6.6).
package struct Goodbye: Sendable {
    /// How many sources leave, 0 to 31.
    package let count: Int
    private let start: Int

    /// Finds the sources of a BYE packet.
    /// - Throws: `.unexpectedKind`, or `.truncated` if the body does not hold as many as its head says.
    package init(_ packet: RTCPPacketView, in bytes: Span<UInt8>) throws(RTCPError) {
        count = Int(packet.countOrFormat)
        try packet.require(.goodbye, count: 4 * count, in: bytes)
        start = packet.bodyRange.lowerBound
    }

    /// The source at `index`; `nil` outside.
    package func ssrc(at index: Int, in bytes: Span<UInt8>) -> SSRC? {
        guard index >= 0, index < count else { return nil }
        return bytes.uint32(at: start + 4 * index).map { SSRC($0) }
    }
}
