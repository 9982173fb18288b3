// A slot that shows one stream, for the tests of its layers.
// SPDX-License-Identifier: Apache-2.0
import RTP
import Wire

@testable import Forwarding

extension BoxedSlot {
    /// A slot of one format that waits for the first keyframe of a track.
    static func showing(_ codec: MediaCodec, payloadType: UInt8) -> BoxedSlot {
        var random = SeededRandom(seed: 5)
        let format = SlotFormat(
            codec: codec, payloadType: payloadType,
            retransmissionPayloadType: payloadType + 1, clockRate: 90_000)
        let slot = BoxedSlot(
            Slot(
                receiver: 1,
                configuration: SlotConfiguration(
                    mid: "1", kind: .video, ssrc: SSRC(1), retransmissionSSRC: SSRC(2),
                    formats: [format], extensionIDs: [:]), using: &random))
        slot.show(TrackReference(track: 0, generation: 1))
        return slot
    }
}

extension Slot.Admission {
    /// The numbers under which the packet leaves; `nil` if it does not.
    var numbers: OutgoingNumbers? {
        switch self {
        case .start(let numbers), .forward(let numbers), .switchLayer(let numbers): numbers
        case .drop: nil
        }
    }
}
