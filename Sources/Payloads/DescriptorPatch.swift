// Putting a receiver's own running numbers into a shared payload, and the publisher's back.
// SPDX-License-Identifier: Apache-2.0

package import RTP
import Wire

/// The running numbers one receiver shall see in a payload descriptor.
///
/// What the descriptor does not carry is not written: the payload never changes its length, and a 7-bit
/// field takes the low 7 bits.
package struct DescriptorPatch: Equatable, Sendable {
    /// The picture's number, its low 15 or 7 bits are written; of AV1 the frame's, all 16.
    package var pictureID: UInt16
    /// The number of base-layer pictures.
    package var tl0PictureIndex: UInt8
    /// The number of keyframes; its low 5 bits are written. VP8 only.
    package var keyIndex: UInt8

    /// Makes a patch from the numbers to be written.
    package init(pictureID: UInt16, tl0PictureIndex: UInt8, keyIndex: UInt8) {
        self.pictureID = pictureID
        self.tl0PictureIndex = tl0PictureIndex
        self.keyIndex = keyIndex
    }

    /// Finds the fields of a payload and writes a patch over them.
    /// - Returns: The fields with what stood there, for ``DescriptorFields/restore(in:)``.
    package static func apply(
        codec: MediaCodec, payload: inout MutableSpan<UInt8>, patch: DescriptorPatch
    ) -> DescriptorFields {
        let fields = DescriptorFields.find(codec: codec, payload: payload.span)
        fields.apply(patch, to: &payload)
        return fields
    }

    /// Puts back what `apply` found.
    package static func restore(_ fields: DescriptorFields, in payload: inout MutableSpan<UInt8>) {
        fields.restore(in: &payload)
    }
}

/// Where a payload's running numbers stand, and the publisher's values of them.
///
/// Found once per packet; then each receiver's patch is written before its copy is sealed, and the
/// publisher's values are put back at last.
package struct DescriptorFields: Equatable, Sendable {
    /// Where the picture's number stands; `nil` if it is not sent.
    package var pictureIDOffset: UInt8?
    /// Whether the picture's number has 15 bits; otherwise 7.
    package var pictureIDIs15Bit = false
    /// The publisher's picture number; of AV1 the frame number of the dependency descriptor; 0 if it is not sent.
    package var pictureID: UInt16 = 0
    /// Where the number of base-layer pictures stands; `nil` if it is not sent.
    package var tl0Offset: UInt8?
    /// The publisher's number of base-layer pictures; 0 if it is not sent.
    package var tl0PictureIndex: UInt8 = 0
    /// Where the number of keyframes stands, in the low 5 bits; `nil` if it is not sent.
    package var keyIndexOffset: UInt8?
    /// The publisher's number of keyframes; 0 if it is not sent.
    package var keyIndex: UInt8 = 0
    /// The layer that the descriptor names.
    package var layers = FrameLayers()

    /// Makes fields of a payload that carries none.
    package init() {}

    /// Takes the fields of a parsed VP8 descriptor.
    package init(_ descriptor: VP8Descriptor) {
        pictureIDOffset = descriptor.pictureIDOffset.flatMap { UInt8(exactly: $0) }
        pictureIDIs15Bit = descriptor.pictureIDIs15Bit
        pictureID = descriptor.pictureID ?? 0
        tl0Offset = descriptor.tl0Offset.flatMap { UInt8(exactly: $0) }
        tl0PictureIndex = descriptor.tl0PictureIndex ?? 0
        keyIndexOffset = descriptor.keyIndexOffset.flatMap { UInt8(exactly: $0) }
        keyIndex = descriptor.keyIndex ?? 0
        layers = FrameLayers(descriptor)
    }

    /// Takes the fields of a parsed VP9 descriptor.
    package init(_ descriptor: VP9Descriptor) {
        pictureIDOffset = descriptor.pictureIDOffset.flatMap { UInt8(exactly: $0) }
        pictureIDIs15Bit = descriptor.pictureIDIs15Bit
        pictureID = descriptor.pictureID ?? 0
        tl0Offset = descriptor.tl0Offset.flatMap { UInt8(exactly: $0) }
        tl0PictureIndex = descriptor.tl0PictureIndex ?? 0
        layers = FrameLayers(descriptor)
    }

    /// Finds the fields of a payload; none for codecs without such numbers or a descriptor cut off.
    package static func find(codec: MediaCodec, payload: Span<UInt8>) -> DescriptorFields {
        switch codec {
        case .vp8: VP8Descriptor.parse(payload).map { DescriptorFields($0) } ?? .init()
        case .vp9: VP9Descriptor.parse(payload).map { DescriptorFields($0) } ?? .init()
        default: .init()
        }
    }

    /// Whether there is anything to write.
    package var isEmpty: Bool {
        pictureIDOffset == nil && tl0Offset == nil && keyIndexOffset == nil
    }

    /// The publisher's numbers, as a patch.
    package var original: DescriptorPatch {
        DescriptorPatch(pictureID: pictureID, tl0PictureIndex: tl0PictureIndex, keyIndex: keyIndex)
    }

    /// Writes a receiver's numbers over the fields that the payload carries.
    ///
    /// A field outside `payload` (another one than it was found in) is left alone.
    package func apply(_ patch: DescriptorPatch, to payload: inout MutableSpan<UInt8>) {
        if let offset = pictureIDOffset.map({ Int($0) }) {
            if pictureIDIs15Bit {
                if offset + 1 < payload.count {
                    payload.setUInt16(0x8000 | patch.pictureID, at: offset)
                }
            } else if offset < payload.count {
                payload[offset] = UInt8(truncatingIfNeeded: patch.pictureID & 0x7F)
            }
        }
        if let offset = tl0Offset.map({ Int($0) }), offset < payload.count {
            payload[offset] = patch.tl0PictureIndex
        }
        if let offset = keyIndexOffset.map({ Int($0) }), offset < payload.count {
            payload[offset] = (payload[offset] & 0xE0) | (patch.keyIndex & 0x1F)
        }
    }

    /// Puts the publisher's numbers back.
    package func restore(in payload: inout MutableSpan<UInt8>) {
        apply(original, to: &payload)
    }
}
