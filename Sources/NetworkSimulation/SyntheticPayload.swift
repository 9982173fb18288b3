// Payloads that look like a codec's on the wire and say at their end where they come from.
// SPDX-License-Identifier: Apache-2.0
package import RTP
import Wire

/// Which packet of which frame of which source a synthetic payload is: its last eight bytes.
package struct PayloadTag: Hashable, Sendable {
    /// Bytes of a tag.
    package static let byteCount = 8
    private static let mark: UInt8 = 0xA5

    /// The source, chosen by the test.
    package var source: UInt16
    /// The frame, from 0.
    package var frame: UInt32
    /// The packet within its frame, from 0.
    package var packet: UInt8

    /// Names a packet.
    package init(source: UInt16, frame: UInt32, packet: UInt8) {
        self.source = source
        self.frame = frame
        self.packet = packet
    }

    /// Reads the tag at the end of a payload; `nil` if there is none.
    package init?(endOf payload: Span<UInt8>) {
        let start = payload.count - Self.byteCount
        guard payload.uint8(at: payload.count - 1) == Self.mark,
            let source = payload.uint16(at: start), let frame = payload.uint32(at: start + 2),
            let packet = payload.uint8(at: start + 6)
        else { return nil }
        self.init(source: source, frame: frame, packet: packet)
    }

    var bytes: [UInt8] {
        let numbers = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: frame >> $0) }
        return [UInt8(truncatingIfNeeded: source >> 8), UInt8(truncatingIfNeeded: source)]
            + numbers + [packet, Self.mark]
    }
}

/// The running numbers of a stream's payload descriptors.
package struct PictureNumbers: Sendable, Equatable {
    /// VP8 and VP9: 15 bits are written.
    package var pictureID: UInt16
    /// VP8 and VP9.
    package var tl0PictureIndex: UInt8
    /// VP8: 5 bits are written.
    package var keyIndex: UInt8

    /// Makes a set of numbers.
    package init(pictureID: UInt16 = 0, tl0PictureIndex: UInt8 = 0, keyIndex: UInt8 = 0) {
        self.pictureID = pictureID
        self.tl0PictureIndex = tl0PictureIndex
        self.keyIndex = keyIndex
    }
}

/// Where a packet stands in a picture of several spatial layers in one stream.
package struct SpatialPlace: Sendable {
    /// The layer, 0 for the smallest.
    package var layer: UInt8
    /// Whether the layer's frame begins with the packet.
    package var isFirst: Bool
    /// Whether the layer's frame ends with the packet.
    package var isLast: Bool
    /// The extents of all layers.
    package var sizes: [(width: UInt16, height: UInt16)]

    /// Names a place.
    package init(
        layer: UInt8, isFirst: Bool, isLast: Bool, sizes: [(width: UInt16, height: UInt16)]
    ) {
        self.layer = layer
        self.isFirst = isFirst
        self.isLast = isLast
        self.sizes = sizes
    }
}

/// One packet of a frame to be made up.
package struct SyntheticPacket: Sendable {
    /// The codec whose payload it imitates.
    package var codec: MediaCodec
    /// Where it comes from.
    package var tag: PayloadTag
    /// How many packets its frame has.
    package var packetsInFrame: Int
    /// Whether its frame is a keyframe.
    package var isKeyframe: Bool
    /// The running numbers of its frame.
    package var numbers: PictureNumbers
    /// What a keyframe of VP8 or H.264 says of its size.
    package var size: (width: UInt16, height: UInt16)
    /// The temporal layer of its frame, and whether one may climb there; VP8 and VP9.
    package var temporal: (layer: UInt8, isSwitchPoint: Bool)
    /// Its place among spatial layers; `nil` without. VP9 alone.
    package var spatial: SpatialPlace?

    /// Describes a packet.
    package init(
        codec: MediaCodec, tag: PayloadTag, packetsInFrame: Int, isKeyframe: Bool,
        numbers: PictureNumbers, size: (width: UInt16, height: UInt16) = (640, 360),
        temporal: (layer: UInt8, isSwitchPoint: Bool) = (0, false)
    ) {
        self.codec = codec
        self.tag = tag
        self.packetsInFrame = packetsInFrame
        self.isKeyframe = isKeyframe
        self.numbers = numbers
        self.size = size
        self.temporal = temporal
    }

    private var isFirst: Bool { tag.packet == 0 }
    private var isLast: Bool { Int(tag.packet) == packetsInFrame - 1 }

    /// The payload, of `byteCount` bytes or as many as it needs at least.
    package func payload(byteCount: Int) -> [UInt8] {
        var bytes: [UInt8]
        switch codec {
        case .vp8: bytes = vp8
        case .vp9: bytes = vp9
        case .h264: return h264(byteCount: byteCount)
        case .av1: bytes = av1
        default: bytes = [0xFC]
        }
        let room = max(0, byteCount - bytes.count - PayloadTag.byteCount)
        bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: tag.frame), count: room)
        return bytes + tag.bytes
    }

    /// RFC 7741 §4.2 with every field, then the frame's own head (RFC 6386 §9.1).
    private var vp8: [UInt8] {
        var bytes: [UInt8] = [
            0x80 | (isFirst ? 0x10 : 0), 0xF0,
            0x80 | UInt8(truncatingIfNeeded: numbers.pictureID >> 8),
            UInt8(truncatingIfNeeded: numbers.pictureID), numbers.tl0PictureIndex,
            temporal.layer << 6 | (temporal.isSwitchPoint ? 0x20 : 0) | (numbers.keyIndex & 0x1F),
        ]
        if isFirst {
            let extent = [size.width, size.height].flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
            bytes += isKeyframe ? [0x10, 0, 0, 0x9D, 0x01, 0x2A] + extent : [0x11, 0, 0]
        }
        return bytes
    }

    /// RFC 9628 §4.2, non-flexible mode.
    private var vp9: [UInt8] {
        let starts = spatial?.isFirst ?? isFirst
        let ends = spatial?.isLast ?? isLast
        let layer = spatial?.layer ?? 0
        let structure = isKeyframe && isFirst ? spatial.map { scalability($0.sizes) } : nil
        let refers = layer > 0 && isKeyframe
        return [
            0xA0 | (isKeyframe ? 0 : 0x40) | (starts ? 0x08 : 0) | (ends ? 0x04 : 0)
                | (structure == nil ? 0 : 0x02),
            0x80 | UInt8(truncatingIfNeeded: numbers.pictureID >> 8),
            UInt8(truncatingIfNeeded: numbers.pictureID),
            temporal.layer << 5 | (temporal.isSwitchPoint ? 0x10 : 0) | layer << 1
                | (refers ? 0x01 : 0),
            numbers.tl0PictureIndex,
        ] + (structure ?? [])
    }

    /// RFC 9628 §4.2.1: `| N_S |Y|G|-|-|-|` and the sizes.
    private func scalability(_ sizes: [(width: UInt16, height: UInt16)]) -> [UInt8] {
        let extents = sizes.flatMap { [$0.width, $0.height] }
        return [UInt8(truncatingIfNeeded: sizes.count - 1) << 5 | 0x10]
            + extents.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    }

    /// RFC 6184: parameter sets in a STAP-A, the picture in FU-As.
    private func h264(byteCount: Int) -> [UInt8] {
        if isKeyframe, isFirst {
            let parameters = SyntheticParameterSet.bytes(width: size.width, height: size.height)
            let picture = [0x68, 0xCE, 0x3C, 0x80] + tag.bytes
            return [0x78, 0, UInt8(parameters.count)] + parameters
                + [0, UInt8(picture.count)] + picture
        }
        // Of a keyframe the parameter sets are the first packet, and the picture starts with the
        // second.
        let starts = isKeyframe ? tag.packet == 1 : isFirst
        let head: [UInt8] = [
            0x7C, (starts ? 0x80 : 0) | (isLast ? 0x40 : 0) | (isKeyframe ? 5 : 1),
        ]
        let room = max(0, byteCount - head.count - PayloadTag.byteCount)
        return head + [UInt8](repeating: 0x11, count: room) + tag.bytes
    }

    /// The AV1 payload format §4.4: one element, which goes on in the next packet of its frame.
    private var av1: [UInt8] {
        let head: UInt8 =
            (isFirst ? 0 : 0x80) | (isLast ? 0 : 0x40) | 0x10 | (isFirst && isKeyframe ? 0x08 : 0)
        return isFirst ? [head, isKeyframe ? 0x08 : 0x30] : [head]
    }
}
