// VP9 frames, cut into RTP payloads.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Cuts VP9 frames of one size into payloads (RFC 9628 §4) in flexible mode, as Chromium sends them: each picture but a keyframe is said
/// to be predicted from the one before, which holds whatever an encoder does as long as none is left out.
package struct VP9Packetizer: Sendable {
    /// The least payload that is cut to, in bytes.
    package static let payloadMin = 64
    /// Bytes of the descriptor without and with the size of a keyframe.
    private static let descriptor = (ordinary: 4, withSize: 8)

    /// The number of the next picture, 0 to 32,767.
    package private(set) var pictureID: UInt16

    /// Begins with a picture's number; only its low 15 bits count. It should be random.
    package init(firstPictureID: UInt16) { pictureID = firstPictureID & 0x7FFF }

    /// Cuts a frame, or several of one moment one after the other with their index (a superframe). The last payload is the one whose
    /// packet has the marker bit.
    /// - Parameters:
    ///   - payloadMax: The longest payload in bytes, its descriptor counted; ``payloadMin`` at least.
    ///   - packets: Takes the payloads in place of what it held.
    package mutating func packetize(
        _ frame: Span<UInt8>, payloadMax: Int, into packets: inout PacketizedFrame
    ) throws(PacketizationError) {
        try packets.begin(frame, payloadMax: payloadMax, payloadMin: Self.payloadMin)
        guard let header = VP9FrameHeader.parse(frame) else { throw .noUnits }
        let head = header.size == nil ? Self.descriptor.ordinary : Self.descriptor.withSize
        let parts = equalParts(of: frame.count, most: payloadMax - head)
        for part in 0..<parts.count {
            let isFirst = part == 0
            let structure = isFirst ? header.size : nil
            // |I|P|L|F|B|E|V|Z|: numbered, flexible, and nothing is predicted from it within its picture.
            var flags: UInt8 = 0x80 | 0x10 | 0x01
            if !header.isKeyframe { flags |= 0x40 }
            if isFirst { flags |= 0x08 }
            if part == parts.count - 1 { flags |= 0x04 }
            if structure != nil { flags |= 0x02 }
            packets.append(flags)
            packets.append(0x80 | UInt8(pictureID >> 8))
            packets.append(UInt8(truncatingIfNeeded: pictureID))
            // | P_DIFF |N|: the picture before, and no other.
            if !header.isKeyframe { packets.append(1 << 1) }
            if let structure {
                // | N_S |Y|G|-|-|-|: one layer, with its size, without a picture group.
                packets.append(0x10)
                for side in [structure.width, structure.height] {
                    packets.append(UInt8(side >> 8))
                    packets.append(UInt8(truncatingIfNeeded: side))
                }
            }
            let start = part * parts.size
            packets.append(frame.extracting(start..<min(start + parts.size, frame.count)))
            packets.endPayload()
        }
        pictureID = (pictureID + 1) & 0x7FFF
    }
}
