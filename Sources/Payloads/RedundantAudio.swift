// Where the blocks of a redundant audio payload stand, and how fewer of them are written.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// A payload that repeats the audio before it (RFC 2198 §3): block heads, the oldest first, then the
/// blocks in the same order, the new one (the primary) last.
///
/// ```
///  0                   1                    2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3  4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// |F=1| block PT    |  timestamp offset         |   block length    |  each repeated block
/// |F=0| block PT    |                                                  the primary
/// ```
package struct RedundantAudio: Equatable, Sendable {
    /// How many repeated blocks a payload may have; browsers send one or two, and nine at most.
    package static let blocksMax = 15
    /// Bytes of the head of a repeated block.
    package static let headCount = 4

    private let blocks: UInt8
    private let primary: UInt16
    /// The payload type that all blocks have, 0 to 127.
    package let payloadType: UInt8

    /// Reads the heads of a payload without padding; O(blocks).
    ///
    /// `nil` if it is cut off, has more blocks than ``blocksMax``, blocks of several payload types
    /// (a second codec as redundancy, which nobody sends) or an empty primary.
    package static func parse(_ payload: Span<UInt8>) -> RedundantAudio? {
        var blocks = 0
        var bytes = 0
        var type: UInt8?
        while let first = payload.uint8(at: blocks * headCount) {
            if let type, type != first & 0x7F { return nil }
            type = first & 0x7F
            guard first & 0x80 != 0 else {
                let primary = blocks * headCount + 1 + bytes
                guard primary < payload.count else { return nil }
                return RedundantAudio(
                    blocks: UInt8(blocks), primary: UInt16(primary), payloadType: first & 0x7F)
            }
            guard blocks < blocksMax, let word = payload.uint32(at: blocks * headCount) else {
                return nil
            }
            bytes += Int(word & 0x3FF)
            blocks += 1
        }
        return nil
    }

    /// How many blocks repeat older audio, 0 to ``blocksMax``.
    package var blockCount: Int { Int(blocks) }

    /// Where the primary begins; it reaches to the payload's end and is never empty.
    package var primaryOffset: Int { Int(primary) }

    /// How many of the youngest repeated blocks reach back at most `ticks` of the RTP clock.
    ///
    /// - Parameter payload: The payload that this was read from.
    package func blocks(within ticks: UInt32, in payload: Span<UInt8>) -> Int {
        var kept = 0
        while kept < blockCount {
            guard let word = payload.uint32(at: (blockCount - kept - 1) * Self.headCount),
                word >> 10 & 0x3FFF <= ticks
            else { break }
            kept += 1
        }
        return kept
    }

    /// A repeated block: how long before the primary it was sent, in ticks, and where it stands.
    ///
    /// - Parameter age: 0 for the youngest, up to `blockCount - 1`.
    /// - Returns: `nil` if there is no such block in `payload`. O(blocks).
    package func block(
        age: Int, in payload: Span<UInt8>
    ) -> (ticks: UInt32, range: Range<Int>)? {
        guard age >= 0, age < blockCount else { return nil }
        var end = primaryOffset
        var position = blockCount
        while position > 0 {
            position -= 1
            guard let word = payload.uint32(at: position * Self.headCount) else { return nil }
            let start = end - Int(word & 0x3FF)
            guard start >= 0, end <= payload.count else { return nil }
            if blockCount - 1 - position == age { return (word >> 10 & 0x3FFF, start..<end) }
            end = start
        }
        return nil
    }

    /// Writes the payload with the youngest `kept` repeated blocks alone, under another payload type.
    ///
    /// - Parameters:
    ///   - payload: The payload that this was read from.
    ///   - kept: 0 to ``blockCount``.
    ///   - payloadType: Of every block written, 0 to 127.
    ///   - offset: Where in `target` the payload begins.
    /// - Returns: How many bytes were written; `nil` if there is no room for them.
    package func write(
        _ payload: Span<UInt8>, keeping kept: Int, payloadType: UInt8,
        to target: inout MutableSpan<UInt8>, at offset: Int
    ) -> Int? {
        guard kept >= 0, kept <= blockCount, payload.count > primaryOffset else { return nil }
        let firstHead = (blockCount - kept) * Self.headCount
        let heads = kept * Self.headCount + 1
        var first = primaryOffset
        if kept > 0 {
            guard let oldest = block(age: kept - 1, in: payload) else { return nil }
            first = oldest.range.lowerBound
        }
        let count = heads + payload.count - first
        guard offset >= 0, offset <= target.count, count <= target.count - offset,
            target.copy(payload.extracting(firstHead..<(firstHead + heads)), to: offset),
            target.copy(payload.extracting(first..<payload.count), to: offset + heads)
        else { return nil }
        var head = offset
        while head < offset + heads {
            target[head] = target[head] & 0x80 | payloadType & 0x7F
            head += Self.headCount
        }
        return count
    }
}
