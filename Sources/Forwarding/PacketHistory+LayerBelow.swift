// Whether a picture has a frame of the spatial layer below another of its frames.
// SPDX-License-Identifier: Apache-2.0
import Payloads
package import Wire

extension PacketHistory {
    /// How many missing packets before a frame are looked past.
    static let layerBelowReach: UInt64 = 16

    /// Whether the picture of a frame of an upper spatial layer has a frame of the layer directly below, which stands
    /// right before it; encoders may leave single layers out. O(packets missing before it), at most 16.
    ///
    /// What is missing there may yet come: it is taken for a frame of the layer below unless it cannot be one, since
    /// encoders leave out the upper layers rather than the lower ones.
    /// - Parameters:
    ///   - spatial: The frame's own layer, 1 to 7.
    ///   - sequence: The frame's first packet.
    ///   - timestamp: The picture's.
    package func mayHoldLayerBelow(
        _ spatial: UInt8, at sequence: ExtendedSequenceNumber, timestamp: RTPTimestamp
    ) -> Bool {
        var missing: UInt64 = 0
        while missing < Self.layerBelowReach, missing < sequence.rawValue {
            let place = ExtendedSequenceNumber(sequence.rawValue - missing - 1)
            guard let before = entry(place) else {
                missing += 1
                continue
            }
            let layers = before.descriptor.layers
            let isSamePicture = before.timestamp == timestamp
            if isSamePicture, layers.spatial + 1 == spatial { return true }
            // The rest of the frame that is seen is missing, too, if that is not whole.
            let isWhole = isSamePicture ? layers.isFrameEnd : before.marker
            return missing > (isWhole ? 0 : 1)
        }
        return true
    }
}
