// How long an Opus packet sounds.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// What the first bytes of an Opus packet say (RFC 6716 §3.1, §3.2).
package struct OpusPacket: Equatable, Sendable {
    /// The longest packet, in ticks of 48 kHz: 120 ms (RFC 6716 §3.2.5).
    package static let ticksMax = 5_760
    /// Ticks of 48 kHz in a millisecond.
    package static let ticksPerMillisecond = 48

    /// How long it sounds, in ticks of 48 kHz: 120 to ``ticksMax``.
    package var ticks: Int
    /// Whether it has two channels.
    package var isStereo: Bool

    /// Reads the head of a packet; `nil` if it is empty or breaks RFC 6716 §3.2.
    package static func parse(_ packet: Span<UInt8>) -> OpusPacket? {
        guard let head = packet.uint8(at: 0) else { return nil }
        // | config  |s| c |
        let configuration = head >> 3
        let frameTicks: Int
        switch configuration {
        case 0...11: frameTicks = [480, 960, 1_920, 2_880][Int(configuration & 3)]
        case 12...15: frameTicks = [480, 960][Int(configuration & 1)]
        default: frameTicks = [120, 240, 480, 960][Int(configuration & 3)]
        }
        let count: Int
        switch head & 3 {
        case 0: count = 1
        case 1, 2: count = 2
        default:
            guard let frames = packet.uint8(at: 1) else { return nil }
            count = Int(frames & 0x3F)
        }
        guard count > 0, count * frameTicks <= ticksMax else { return nil }
        return OpusPacket(ticks: count * frameTicks, isStereo: head & 4 != 0)
    }
}
