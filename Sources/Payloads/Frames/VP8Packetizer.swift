// VP8 frames, cut into RTP payloads.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Cuts VP8 frames into payloads (RFC 7741 §4): each with a descriptor that has the picture's number in 15 bits.
package struct VP8Packetizer: Sendable {
    /// Bytes of the descriptor.
    static let descriptorCount = 4
    /// The least payload that is cut to, in bytes.
    package static let payloadMin = 64

    /// The number of the next picture, 0 to 32,767.
    package private(set) var pictureID: UInt16

    /// Begins with a picture's number; only its low 15 bits count. It should be random (RFC 7741 §4.2).
    package init(firstPictureID: UInt16) { pictureID = firstPictureID & 0x7FFF }

    /// Cuts a frame. The last payload is the one whose packet has the marker bit.
    /// - Parameters:
    ///   - payloadMax: The longest payload in bytes, its descriptor counted; ``payloadMin`` at least.
    ///   - packets: Takes the payloads in place of what it held.
    package mutating func packetize(
        _ frame: Span<UInt8>, payloadMax: Int, into packets: inout PacketizedFrame
    ) throws(PacketizationError) {
        try packets.begin(frame, payloadMax: payloadMax, payloadMin: Self.payloadMin)
        let parts = equalParts(of: frame.count, most: payloadMax - Self.descriptorCount)
        for part in 0..<parts.count {
            // |X|R|N|S|R| PID |, |I|L|T|K| RSV |, |M| PictureID |: S on the first packet of partition 0, which all are of.
            packets.append(part == 0 ? 0x90 : 0x80)
            packets.append(0x80)
            packets.append(0x80 | UInt8(pictureID >> 8))
            packets.append(UInt8(truncatingIfNeeded: pictureID))
            let start = part * parts.size
            packets.append(frame.extracting(start..<min(start + parts.size, frame.count)))
            packets.endPayload()
        }
        pictureID = (pictureID + 1) & 0x7FFF
    }
}
