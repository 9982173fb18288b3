// Where a receiver can begin to decode.
// SPDX-License-Identifier: Apache-2.0

package import RTP
import Wire

/// Finds the packets a stream can be begun or switched at.
package enum Keyframe {
    /// Whether decoding can begin with this payload, given without padding.
    ///
    /// True for every packet of audio, and never for an empty payload or for RTX. For H.264 both the
    /// parameter sets and the picture behind them count, since some senders put them into packets of
    /// their own. O(units in the packet).
    package static func isKeyframeStart(codec: MediaCodec, payload: Span<UInt8>) -> Bool {
        guard !payload.isEmpty else { return false }
        return switch codec {
        case .opus, .red, .pcmu, .pcma, .telephoneEvent: true
        case .vp8: VP8Descriptor.parse(payload)?.isKeyframe ?? false
        case .vp9: VP9Descriptor.parse(payload)?.isKeyframe ?? false
        case .h264: isH264Start(payload)
        case .av1: isAV1Start(payload)
        case .rtx: false
        }
    }

    /// Whether a payload brings what decoding needs before its first picture: parameter sets of H.264 (RFC 6184 §8.2.2). What
    /// other codecs need stands in the packet of ``isKeyframeStart(codec:payload:)`` itself. O(units in the packet).
    package static func bringsParameters(codec: MediaCodec, payload: Span<UInt8>) -> Bool {
        guard codec == .h264 else { return true }
        var cursor = H264UnitCursor()
        while let unit = cursor.next(in: payload) {
            if unit.isStart, unit.type == H264Unit.sequenceParameterSetType { return true }
        }
        return false
    }

    private static func isH264Start(_ payload: Span<UInt8>) -> Bool {
        var cursor = H264UnitCursor()
        while let unit = cursor.next(in: payload) {
            guard unit.isStart else { continue }
            if unit.type == H264Unit.idrSliceType || unit.type == H264Unit.sequenceParameterSetType
            {
                return true
            }
        }
        return false
    }

    private static func isAV1Start(_ payload: Span<UInt8>) -> Bool {
        guard let header = AV1AggregationHeader.parse(payload) else { return false }
        if header.startsSequence { return payload.count > 1 }
        // A sender that does not set the bit still has to send the sequence header.
        var cursor = AV1ElementCursor(header)
        while let element = cursor.next(in: payload) {
            if element.type == AV1Element.sequenceHeaderType { return true }
        }
        return false
    }
}
