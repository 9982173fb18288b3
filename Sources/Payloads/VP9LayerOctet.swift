// Where a VP9 descriptor says that a larger size does without the smaller one of its picture.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// The octet of a VP9 descriptor that names a frame's layers and ends with D: whether the frame is predicted from the
/// layer below (RFC 9628 §4.2).
///
/// ```
/// L: | TID |U| SID |D|
/// ```
package struct VP9LayerOctet: Equatable, Sendable {
    /// Where it stands in the payload.
    package let offset: Int
    /// The frame's spatial layer, 1 to 7.
    package let spatial: UInt8

    /// Sets D, the octet's last bit. A payload that is too short for the octet is left alone.
    /// - Parameter start: Where the payload begins in `bytes`.
    package func setPredictedFromBelow(in bytes: inout MutableSpan<UInt8>, from start: Int) {
        guard start + offset < bytes.count else { return }
        bytes[start + offset] |= 0x01
    }

    /// Finds the octet of a payload that begins a frame of an upper spatial layer which is predicted from earlier
    /// pictures, and not from the layer below; `nil` for any other payload.
    package static func ofIndependentFrame(_ payload: Span<UInt8>) -> VP9LayerOctet? {
        // |I|P|L|F|B|E|V|Z|: P, L and B are set.
        guard let first = payload.uint8(at: 0), first & 0x68 == 0x68 else { return nil }
        var offset = 1
        if first & 0x80 != 0 {
            guard let number = payload.uint8(at: 1) else { return nil }
            offset = number & 0x80 != 0 ? 3 : 2
        }
        guard let layers = payload.uint8(at: offset), layers & 0x01 == 0 else { return nil }
        let spatial = layers >> 1 & 0x07
        return spatial > 0 ? VP9LayerOctet(offset: offset, spatial: spatial) : nil
    }
}
