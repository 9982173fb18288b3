// The aggregation header of an AV1 payload and the OBU elements behind it.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// The first byte of an AV1 payload (AOM: RTP Payload Format For AV1 §4.4): `|Z|Y| W |N|-|-|-|`.
package struct AV1AggregationHeader: Equatable, Sendable {
    /// Whether the first element continues an OBU of the previous packet.
    package var continuesFirst: Bool
    /// Whether the last element goes on in the next packet.
    package var continuesLast: Bool
    /// How many elements there are, 1 to 3; 0 where each carries its length instead.
    package var elementCount: UInt8
    /// Whether a coded video sequence begins with this packet: decoding can begin here.
    package var startsSequence: Bool

    /// Reads the header; `nil` if the payload is empty or contradicts itself: a sequence cannot begin
    /// with the rest of an OBU.
    package static func parse(_ payload: Span<UInt8>) -> AV1AggregationHeader? {
        guard let byte = payload.uint8(at: 0) else { return nil }
        let header = AV1AggregationHeader(
            continuesFirst: byte & 0x80 != 0, continuesLast: byte & 0x40 != 0,
            elementCount: byte >> 4 & 0x03, startsSequence: byte & 0x08 != 0)
        return header.continuesFirst && header.startsSequence ? nil : header
    }
}

/// One OBU element of a payload.
package struct AV1Element: Equatable, Sendable {
    /// The type of a sequence header (AV1 specification §6.2.2).
    package static let sequenceHeaderType: UInt8 = 1

    /// The OBU's type, 0 to 15; `nil` for the continuation of an OBU, which has no header.
    package var type: UInt8?
    /// Where its bytes stand in the payload.
    package var range: Range<Int>
}

/// Walks the OBU elements of a payload (AOM: RTP Payload Format For AV1 §4.3).
package struct AV1ElementCursor: Sendable {
    private let header: AV1AggregationHeader
    private var offset = 1
    private var index = 0

    /// Starts before the first element.
    package init(_ header: AV1AggregationHeader) { self.header = header }

    /// The next element; `nil` at the end, or where an element does not fit.
    package mutating func next(in payload: Span<UInt8>) -> AV1Element? {
        guard offset < payload.count else { return nil }
        let isLast = header.elementCount != 0 && index + 1 == Int(header.elementCount)
        var end = payload.count
        if !isLast {
            guard let count = readLength(in: payload), count <= payload.count - offset else {
                offset = payload.count
                return nil
            }
            end = offset + count
        }
        let start = offset
        let isContinuation = index == 0 && header.continuesFirst
        offset = isLast ? payload.count : end
        index += 1
        guard !isContinuation, start < end, let byte = payload.uint8(at: start) else {
            return AV1Element(type: nil, range: start..<end)
        }
        // |F| type |X|S|-|
        return AV1Element(type: byte >> 3 & 0x0F, range: start..<end)
    }

    /// Reads a leb128 number below 2^32 (AV1 specification §4.10.5) and moves past it.
    private mutating func readLength(in payload: Span<UInt8>) -> Int? {
        var value: UInt64 = 0
        for position in 0..<8 {
            guard let byte = payload.uint8(at: offset) else { return nil }
            offset += 1
            value |= UInt64(byte & 0x7F) << UInt64(7 * position)
            if byte & 0x80 == 0 { return value > UInt64(UInt32.max) ? nil : Int(value) }
        }
        return nil
    }
}
