// The descriptor before each VP9 payload.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// The payload descriptor of VP9 (RFC 9628 §4.2), in flexible and non-flexible mode.
///
/// ```
///    |I|P|L|F|B|E|V|Z|
/// I: |M| PICTURE ID  |   M: | EXTENDED PID  |
/// L: | TID |U| SID |D|      |   TL0PICIDX   |  (only if F is 0)
/// P,F: | P_DIFF    |N|   up to 3 times
/// V: | scalability structure ... |
/// ```
package struct VP9Descriptor: Equatable, Sendable {
    /// How many reference differences one picture may have (RFC 9628 §4.2).
    static let referencesMax = 3

    /// Bytes of the descriptor: the offset of the VP9 payload.
    package var count: Int
    /// Whether the picture is predicted from earlier ones; false for a keyframe.
    package var isInterPicturePredicted: Bool
    /// Whether references are given picture by picture.
    package var isFlexibleMode: Bool
    /// Whether a frame (one spatial layer of a picture) begins with this packet.
    package var isStartOfFrame: Bool
    /// Whether a frame ends with this packet.
    package var isEndOfFrame: Bool
    /// Whether no higher spatial layer depends on this frame.
    package var isNotReferenceForUpperLayers: Bool
    /// The picture's running number, 7 or 15 bits; `nil` if it is not sent.
    package var pictureID: UInt16?
    /// Whether the picture's number has 15 bits.
    package var pictureIDIs15Bit: Bool
    /// Where the picture's number stands.
    package var pictureIDOffset: Int?
    /// The running number of base-layer pictures; `nil` if it is not sent, as in flexible mode.
    package var tl0PictureIndex: UInt8?
    /// Where that number stands.
    package var tl0Offset: Int?
    /// The temporal layer, 0 to 7; `nil` without layer indices.
    package var temporalLayer: UInt8?
    /// The spatial layer, 0 to 7; `nil` without layer indices.
    package var spatialLayer: UInt8?
    /// Whether one can begin here to take the frame's temporal layer.
    package var isSwitchingUpPoint: Bool
    /// Whether the frame is predicted from a lower spatial layer of the same picture.
    package var isInterLayerPredicted: Bool
    /// How many spatial layers there are, 1 to 8; `nil` without a scalability structure.
    package var spatialLayerCount: UInt8?
    /// Where the widths and heights of the spatial layers stand, 16 bits each; `nil` where they are not sent.
    package var sizesOffset: Int?

    /// Whether a keyframe's first packet is this one: its lowest spatial layer begins.
    package var isKeyframe: Bool {
        !isInterPicturePredicted && isStartOfFrame && (spatialLayer ?? 0) == 0
    }

    /// Reads the descriptor of a payload without padding; `nil` if it is cut off or nothing follows it.
    package static func parse(_ payload: Span<UInt8>) -> VP9Descriptor? {
        guard let first = payload.uint8(at: 0) else { return nil }
        var descriptor = VP9Descriptor(
            count: 1, isInterPicturePredicted: first & 0x40 != 0,
            isFlexibleMode: first & 0x10 != 0, isStartOfFrame: first & 0x08 != 0,
            isEndOfFrame: first & 0x04 != 0, isNotReferenceForUpperLayers: first & 0x01 != 0,
            pictureIDIs15Bit: false, isSwitchingUpPoint: false, isInterLayerPredicted: false)
        if first & 0x80 != 0 {
            guard descriptor.readPictureID(payload) else { return nil }
        }
        if first & 0x20 != 0 {
            guard descriptor.readLayerIndices(payload) else { return nil }
        }
        if first & 0x50 == 0x50 {
            guard descriptor.skipReferences(payload) else { return nil }
        }
        if first & 0x02 != 0 {
            guard descriptor.readScalabilityStructure(payload) else { return nil }
        }
        return descriptor.count < payload.count ? descriptor : nil
    }

    /// The sizes of the spatial layers, read from the payload that was parsed; empty where they are not sent.
    package func layerSizes(in payload: Span<UInt8>) -> LayerSizes {
        var sizes = LayerSizes()
        guard let offset = sizesOffset else { return sizes }
        for layer in 0..<Int(spatialLayerCount ?? 0) {
            guard let width = payload.uint16(at: offset + 4 * layer),
                let height = payload.uint16(at: offset + 4 * layer + 2)
            else { break }
            sizes.append(PictureSize(width: width, height: height))
        }
        return sizes
    }

    private mutating func readPictureID(_ payload: Span<UInt8>) -> Bool {
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
        return true
    }

    private mutating func readLayerIndices(_ payload: Span<UInt8>) -> Bool {
        guard let layers = payload.uint8(at: count) else { return false }
        temporalLayer = layers >> 5
        isSwitchingUpPoint = layers & 0x10 != 0
        spatialLayer = layers >> 1 & 0x07
        isInterLayerPredicted = layers & 0x01 != 0
        count += 1
        guard !isFlexibleMode else { return true }
        guard let index = payload.uint8(at: count) else { return false }
        tl0PictureIndex = index
        tl0Offset = count
        count += 1
        return true
    }

    private mutating func skipReferences(_ payload: Span<UInt8>) -> Bool {
        for _ in 0..<Self.referencesMax {
            guard let difference = payload.uint8(at: count) else { return false }
            count += 1
            if difference & 0x01 == 0 { return true }
        }
        // A fourth difference is announced, which there cannot be.
        return false
    }

    /// Reads `| N_S |Y|G|-|-|-|`, the resolutions (Y) and the picture group (G) (RFC 9628 §4.2.1).
    private mutating func readScalabilityStructure(_ payload: Span<UInt8>) -> Bool {
        guard let head = payload.uint8(at: count) else { return false }
        count += 1
        let layers = (head >> 5) + 1
        spatialLayerCount = layers
        if head & 0x10 != 0 {
            sizesOffset = count
            count += 4 * Int(layers)
            guard count <= payload.count else { return false }
        }
        if head & 0x08 != 0 {
            guard let pictures = payload.uint8(at: count) else { return false }
            count += 1
            for _ in 0..<pictures {
                guard let picture = payload.uint8(at: count) else { return false }
                count += 1 + Int(picture >> 2 & 0x03)
            }
        }
        return count <= payload.count
    }
}
