// Whether what came in a slot looks like one continuous stream to a decoder.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Wire

/// Finds what a receiver would stumble over in the packets of one slot.
package enum StreamCheck {
    /// How far timestamps may run from arrival times, in seconds: an encoder's delay and a
    /// network's jitter.
    package static let clockTolerance = 0.1

    /// What is wrong, in words; empty for a stream without gaps, repetitions or jumps.
    ///
    /// - Parameter packets: Of one slot, in the order they came; retransmissions fill gaps.
    package static func problems(of packets: [ReceivedPacket]) -> [String] {
        var problems: [String] = []
        let sorted = packets.sorted { $0.sequence < $1.sequence }
        var previous: ReceivedPacket?
        for packet in sorted {
            defer { previous = packet }
            if packet.midExtension != packet.mid {
                problems.append("\(packet.sequence): MID says \(packet.midExtension ?? "nothing")")
            }
            guard let before = previous else { continue }
            if packet.sequence.rawValue == before.sequence.rawValue {
                problems.append("\(packet.sequence): twice")
                continue
            }
            if packet.sequence.rawValue != before.sequence.rawValue + 1 {
                problems.append("\(before.sequence) is followed by \(packet.sequence)")
            }
            problems +=
                clockProblems(packet, after: before) + pictureProblems(packet, after: before)
        }
        return problems
    }

    private static func clockProblems(
        _ packet: ReceivedPacket, after before: ReceivedPacket
    ) -> [String] {
        let ticks = packet.timestamp.distance(from: before.timestamp)
        let isSameFrame = ticks == 0 && packet.codec.kind == .video && !before.marker
        guard !isSameFrame else { return [] }
        guard ticks > 0 else { return ["\(packet.sequence): timestamp goes by \(ticks)"] }
        let media = Double(ticks) / Double(packet.codec.clockRate)
        let wall = Double((packet.at - before.at).nanoseconds) / 1e9
        // A retransmission comes late and says nothing about the clock.
        guard !packet.isRetransmission, !before.isRetransmission,
            abs(media - wall) > clockTolerance
        else { return [] }
        return ["\(packet.sequence): timestamp goes by \(media) s in \(wall) s"]
    }

    private static func pictureProblems(
        _ packet: ReceivedPacket, after before: ReceivedPacket
    ) -> [String] {
        guard packet.codec == before.codec, let new = numbers(of: packet),
            let old = numbers(of: before)
        else { return [] }
        let step: UInt16 = packet.timestamp == before.timestamp ? 0 : 1
        var problems: [String] = []
        if new.pictureID != (old.pictureID &+ step) & 0x7FFF {
            problems.append("\(packet.sequence): picture \(new.pictureID) after \(old.pictureID)")
        }
        let layers = DescriptorFields.find(
            codec: packet.codec, payload: packet.payload.span
        ).layers
        let baseStep: UInt8 = layers.temporal == 0 ? UInt8(step) : 0
        if new.tl0PictureIndex != old.tl0PictureIndex &+ baseStep {
            problems.append(
                "\(packet.sequence): TL0 \(new.tl0PictureIndex) after \(old.tl0PictureIndex)")
        }
        let keyStep = (new.keyIndex &- old.keyIndex) & 0x1F
        let keyStepMax: UInt8 =
            Keyframe.isKeyframeStart(codec: packet.codec, payload: packet.payload.span) ? 1 : 0
        if keyStep > keyStepMax {
            problems.append("\(packet.sequence): key index \(new.keyIndex) after \(old.keyIndex)")
        }
        return problems
    }

    /// The running numbers in a packet's descriptor; `nil` for codecs without.
    package static func numbers(of packet: ReceivedPacket) -> PictureNumbers? {
        switch packet.codec {
        case .vp8, .vp9:
            let fields = DescriptorFields.find(codec: packet.codec, payload: packet.payload.span)
            guard fields.pictureIDOffset != nil else { return nil }
            return PictureNumbers(
                pictureID: fields.pictureID, tl0PictureIndex: fields.tl0PictureIndex,
                keyIndex: fields.keyIndex)
        default:
            return nil
        }
    }
}
