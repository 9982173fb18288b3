// Finding the NAL units inside an H.264 payload.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// One NAL unit, or the piece of one, in an RTP payload.
package struct H264Unit: Equatable, Sendable {
    /// A slice of a picture from which decoding can begin.
    package static let idrSliceType: UInt8 = 5
    /// A sequence parameter set.
    package static let sequenceParameterSetType: UInt8 = 7
    /// A picture parameter set.
    package static let pictureParameterSetType: UInt8 = 8

    /// The type, 0 to 31, of the unit itself, not of the packet around it.
    package var type: UInt8
    /// Where its bytes stand in the payload: with its header byte, but for fragments without any.
    package var range: Range<Int>
    /// Whether the unit begins here: false for the second and later fragments.
    package var isStart: Bool
    /// Whether the unit ends here: false for all fragments but the last.
    package var isEnd: Bool
}

/// Walks the NAL units of a payload: single units, STAP-A, FU-A (RFC 6184 §5.6, §5.7.1, §5.8).
///
/// Interleaved packets (STAP-B, MTAP, FU-B) belong to packetization mode 2, which is never negotiated.
package struct H264UnitCursor: Sendable {
    private enum Position: Sendable {
        case start
        case aggregate(offset: Int)
        case end
    }

    private var position = Position.start

    /// Starts before the first unit.
    package init() {}

    /// The next unit of the payload; `nil` at the end, or where a unit does not fit.
    package mutating func next(in payload: Span<UInt8>) -> H264Unit? {
        switch position {
        case .end:
            return nil
        case .aggregate(let offset):
            return aggregated(at: offset, in: payload)
        case .start:
            position = .end
            guard let header = payload.uint8(at: 0) else { return nil }
            switch header & 0x1F {
            case 1...23:
                return H264Unit(
                    type: header & 0x1F, range: 0..<payload.count, isStart: true, isEnd: true)
            case 24:
                return aggregated(at: 1, in: payload)
            case 28:
                // |S|E|R|  Type   |
                guard let fragment = payload.uint8(at: 1) else { return nil }
                return H264Unit(
                    type: fragment & 0x1F, range: 2..<payload.count,
                    isStart: fragment & 0x80 != 0, isEnd: fragment & 0x40 != 0)
            default:
                return nil
            }
        }
    }

    private mutating func aggregated(at offset: Int, in payload: Span<UInt8>) -> H264Unit? {
        position = .end
        guard let size = payload.uint16(at: offset), size > 0,
            offset + 2 + Int(size) <= payload.count, let header = payload.uint8(at: offset + 2)
        else { return nil }
        let start = offset + 2
        position = .aggregate(offset: start + Int(size))
        return H264Unit(
            type: header & 0x1F, range: start..<(start + Int(size)), isStart: true, isEnd: true)
    }
}
