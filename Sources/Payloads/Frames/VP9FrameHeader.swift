// What the first bytes of a VP9 frame say.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// The beginning of a VP9 frame's uncompressed header (VP9 bitstream specification §6.2).
///
/// ```
/// |1 0|P P|E|T|S|R|   marker, profile, show_existing_frame, frame_type (0: key), show_frame, error_resilient
/// | 49 83 42 |        a keyframe's sync code, then 3 bits of color space, 1 of its range, and the size
/// ```
package struct VP9FrameHeader: Equatable, Sendable {
    /// Whether decoding can begin with it.
    package var isKeyframe: Bool
    /// Its size; `nil` for all but keyframes of profile 0.
    package var size: PictureSize?

    /// Reads the beginning of a frame; `nil` if it is none.
    package static func parse(_ frame: Span<UInt8>) -> VP9FrameHeader? {
        guard let first = frame.uint8(at: 0), first & 0xC0 == 0x80 else { return nil }
        let profile = first >> 4 & 0x03
        let rest = VP9FrameHeader(isKeyframe: false, size: nil)
        // In profile 3 a reserved bit stands before the others.
        let bits = profile == 3 ? first << 1 : first
        guard bits & 0x0C == 0 else { return rest }
        guard profile != 3, frame.uint24(at: 1) == 0x49_8342 else {
            return profile == 3 ? VP9FrameHeader(isKeyframe: true, size: nil) : nil
        }
        guard profile == 0, let sides = frame.uint32(at: 4), let last = frame.uint8(at: 8) else {
            return VP9FrameHeader(isKeyframe: true, size: nil)
        }
        // | space 3 |range 1| width - 1, 16 | height - 1, 12 | and 4 bits in the next byte. Of the space sRGB (7) profile 0 has none.
        let width = (sides >> 12 & 0xFFFF) + 1
        let height = (sides & 0x0FFF) << 4 + UInt32(last >> 4) + 1
        guard width <= 0xFFFF, height <= 0xFFFF else {
            return VP9FrameHeader(isKeyframe: true, size: nil)
        }
        return VP9FrameHeader(
            isKeyframe: true, size: PictureSize(width: UInt16(width), height: UInt16(height)))
    }
}
