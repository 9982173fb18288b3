// How large the pictures behind a keyframe are.
// SPDX-License-Identifier: Apache-2.0

package import RTP
import Wire

/// A picture's extent in pixels.
package struct PictureSize: Equatable, Sendable {
    /// Pixels from left to right.
    package var width: UInt16
    /// Pixels from top to bottom.
    package var height: UInt16

    /// Makes a size.
    package init(width: UInt16, height: UInt16) {
        self.width = width
        self.height = height
    }

    /// How many pixels there are.
    package var area: UInt32 { UInt32(width) * UInt32(height) }
}

extension Keyframe {
    /// The size that the first packet of a keyframe names, given without padding; `nil` if it names none.
    ///
    /// VP8 says it in the frame (RFC 6386 §9.1), H.264 in the parameter set, VP9 in the scalability structure if the
    /// sender attaches one: of several spatial layers the highest. AV1 is not read. O(units in the packet).
    package static func pictureSize(codec: MediaCodec, payload: Span<UInt8>) -> PictureSize? {
        switch codec {
        case .vp8:
            guard let descriptor = VP8Descriptor.parse(payload), let width = descriptor.width,
                let height = descriptor.height
            else { return nil }
            return PictureSize(width: width, height: height)
        case .vp9:
            return layerSizes(codec: codec, payload: payload).largest
        case .h264:
            var cursor = H264UnitCursor()
            while let unit = cursor.next(in: payload) {
                guard unit.isStart, unit.isEnd, unit.type == H264Unit.sequenceParameterSetType
                else { continue }
                return H264SequenceParameterSet.pictureSize(in: payload.extracting(unit.range))
            }
            return nil
        default:
            return nil
        }
    }

    /// The sizes of the spatial layers of one stream that a packet names, given without padding; empty if it names
    /// none. VP9 alone names them in its payload (RFC 9628 §4.2.1).
    package static func layerSizes(codec: MediaCodec, payload: Span<UInt8>) -> LayerSizes {
        guard codec == .vp9 else { return LayerSizes() }
        return VP9Descriptor.parse(payload)?.layerSizes(in: payload) ?? LayerSizes()
    }
}
