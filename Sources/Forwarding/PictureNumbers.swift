// The counters inside a video payload descriptor, where they stand, and how they are written over.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// The picture id and the TL0 picture index of a VP8 (RFC 7741 §4.2) or VP9 (RFC 9628 §4.2) descriptor.
///
/// They must count on without a jump when a slot turns to another source, so they are found once when a packet
/// arrives and written over for each receiver just before sealing.
package struct PictureNumbers: Sendable, Equatable {
    /// The picture id; meaningful only if ``pictureIDOffset`` is set.
    package var pictureID: UInt16 = 0
    /// Whether the picture id has 15 bits rather than 7.
    package var hasWidePictureID = false
    /// Where the picture id stands in the payload; `nil`: the descriptor has none.
    package var pictureIDOffset: UInt8?
    /// The TL0 picture index; meaningful only if ``tl0Offset`` is set.
    package var tl0: UInt8 = 0
    /// Where the TL0 picture index stands in the payload; `nil`: the descriptor has none.
    package var tl0Offset: UInt8?

    /// No numbers: codecs without counters, and descriptors that leave them out.
    package init() {}

    /// The bits a picture id may have here.
    package var pictureIDMask: UInt16 { hasWidePictureID ? 0x7FFF : 0x7F }

    /// Writes these numbers over those at their places in the payload that starts at `start`.
    ///
    /// Calling it again with the numbers of the original puts the payload back. Places outside are left alone.
    package func write(into bytes: inout MutableSpan<UInt8>, payload: Range<Int>) {
        if let offset = pictureIDOffset {
            let place = payload.lowerBound + Int(offset)
            if hasWidePictureID {
                if place + 1 < payload.upperBound {
                    bytes.setUInt16(0x8000 | (pictureID & 0x7FFF), at: place)
                }
            } else if place < payload.upperBound {
                bytes[place] = UInt8(truncatingIfNeeded: pictureID & 0x7F)
            }
        }
        if let offset = tl0Offset {
            let place = payload.lowerBound + Int(offset)
            if place < payload.upperBound { bytes[place] = tl0 }
        }
    }
}
