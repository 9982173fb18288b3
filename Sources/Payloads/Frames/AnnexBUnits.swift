// Finding the NAL units in a byte stream.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Walks the NAL units of an H.264 byte stream (ITU-T H.264 Annex B): what stands between start codes of three or four
/// bytes, without the zeros behind it.
package struct AnnexBUnitCursor: Sendable {
    private var position: Int?

    /// Starts before the first unit of a stream; what stands before its first start code is passed over. O(those bytes).
    package init(_ stream: Span<UInt8>) {
        position = Self.startCode(in: stream, from: 0).map { $0 + 3 }
    }

    /// Where the next unit stands, its header byte first; `nil` at the end. Empty units are passed over. O(the unit).
    package mutating func next(in stream: Span<UInt8>) -> Range<Int>? {
        while let start = position {
            let following = Self.startCode(in: stream, from: start)
            position = following.map { $0 + 3 }
            var end = following ?? stream.count
            // A fourth zero of the start code, and trailing zeros: no unit ends with one.
            while end > start, stream[end - 1] == 0 { end -= 1 }
            if end > start { return start..<end }
        }
        return nil
    }

    /// Where `00 00 01` begins, at `offset` or later.
    private static func startCode(in stream: Span<UInt8>, from offset: Int) -> Int? {
        var index = offset
        while index + 2 < stream.count {
            // The third byte tells how far one may go on: most are above 1.
            switch stream[index + 2] {
            case 0: index += 1
            case 1:
                if stream[index] == 0, stream[index + 1] == 0 { return index }
                index += 3
            default: index += 3
            }
        }
        return nil
    }
}
