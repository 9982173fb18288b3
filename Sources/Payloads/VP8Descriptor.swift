// The descriptor before each VP8 payload.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// The payload descriptor of VP8 (RFC 7741 §4.2) and, at a frame's start, the frame's own first bytes (§4.3).
///
/// ```
///    |X|R|N|S|R| PID |  required        M: |M| PictureID   |   (I set)
/// X: |I|L|T|K| RSV   |                     |   PictureID   |   (M set)
///                                       L: |   TL0PICIDX   |
///                                     T/K: |TID|Y| KEYIDX  |
/// ```
package struct VP8Descriptor: Equatable, Sendable {
    /// Bytes of the descriptor: the offset of the VP8 payload.
    package var count: Int
    /// Whether a frame begins with this packet: the first byte of partition 0.
    package var isStartOfFrame: Bool
    /// Whether no other frame depends on this one.
    package var isNonReference: Bool
    /// The picture's running number, 7 or 15 bits; `nil` if it is not sent.
    package var pictureID: UInt16?
    /// Whether the picture's number has 15 bits.
    package var pictureIDIs15Bit: Bool
    /// Where the picture's number stands; `nil` if it is not sent.
    package var pictureIDOffset: Int?
    /// The running number of base-layer pictures; `nil` if it is not sent.
    package var tl0PictureIndex: UInt8?
    /// Where that number stands.
    package var tl0Offset: Int?
    /// The temporal layer, 0 to 3; `nil` if it is not sent.
    package var temporalLayer: UInt8?
    /// Whether the frame depends on the base layer alone, so that one can begin here to take its layer.
    package var isLayerSync: Bool
    /// The running number of keyframes, 0 to 31; `nil` if it is not sent.
    package var keyIndex: UInt8?
    /// Where that number stands, in the low 5 bits of the byte.
    package var keyIndexOffset: Int?
    /// Whether a keyframe begins with this packet.
    package var isKeyframe: Bool
    /// The width of the keyframe in pixels, up to 16,383; `nil` elsewhere or if it is cut off.
    package var width: UInt16?
    /// The height of the keyframe in pixels.
    package var height: UInt16?

    /// Reads the descriptor of a payload without padding; `nil` if it is cut off or nothing follows it.
    package static func parse(_ payload: Span<UInt8>) -> VP8Descriptor? {
        guard let first = payload.uint8(at: 0) else { return nil }
        var descriptor = VP8Descriptor(
            count: 1, isStartOfFrame: first & 0x17 == 0x10, isNonReference: first & 0x20 != 0,
            pictureIDIs15Bit: false, isLayerSync: false, isKeyframe: false)
        if first & 0x80 != 0 {
            guard let flags = payload.uint8(at: 1) else { return nil }
            descriptor.count = 2
            guard descriptor.readExtension(flags: flags, payload) else { return nil }
        }
        let start = descriptor.count
        guard let head = payload.uint8(at: start) else { return nil }
        if descriptor.isStartOfFrame, head & 0x01 == 0 {
            descriptor.isKeyframe = true
            // RFC 6386 §9.1: a start code, then 14 bits each of width and height, little-endian.
            if payload.uint24(at: start + 3) == 0x9D_012A,
                let width = payload.uint16(at: start + 6),
                let height = payload.uint16(at: start + 8)
            {
                descriptor.width = width.byteSwapped & 0x3FFF
                descriptor.height = height.byteSwapped & 0x3FFF
            }
        }
        return descriptor
    }

    /// Reads what the flags of the second byte announce.
    private mutating func readExtension(flags: UInt8, _ payload: Span<UInt8>) -> Bool {
        if flags & 0x80 != 0 {
            guard let number = payload.uint8(at: count) else { return false }
            pictureIDOffset = count
            if number & 0x80 != 0 {
                guard let long = payload.uint16(at: count) else { return false }
                pictureID = long & 0x7FFF
                pictureIDIs15Bit = true
                count += 2
            } else {
                pictureID = UInt16(number)
                count += 1
            }
        }
        if flags & 0x40 != 0 {
            guard let index = payload.uint8(at: count) else { return false }
            tl0PictureIndex = index
            tl0Offset = count
            count += 1
        }
        if flags & 0x30 != 0 {
            guard let byte = payload.uint8(at: count) else { return false }
            if flags & 0x20 != 0 {
                temporalLayer = byte >> 6
                isLayerSync = byte & 0x20 != 0
            }
            if flags & 0x10 != 0 {
                keyIndex = byte & 0x1F
                keyIndexOffset = count
            }
            count += 1
        }
        return true
    }
}
