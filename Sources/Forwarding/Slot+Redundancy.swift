// How much of redundant audio a receiver gets, and under which payload types.
// SPDX-License-Identifier: Apache-2.0
package import Payloads
package import RTP

/// The form in which redundant audio (RFC 2198) leaves through a slot.
package enum RedundancyForm: Sendable, Equatable {
    /// As the publisher wrote it.
    case whole
    /// The primary alone, as plain Opus: a range at the payload's end.
    case primary
    /// The youngest `blocks` repeated blocks and the primary, as `payloadType`.
    case rewritten(blocks: Int, payloadType: UInt8)

    /// What the packet's own payload type says it is.
    package var codec: MediaCodec { self == .primary ? .opus : .red }
}

extension Slot {
    /// Whether the receiver takes redundant audio.
    package var takesRedundancy: Bool { format(for: .red) != nil && format(for: .opus) != nil }

    /// Lets redundant audio leave without its repetitions from now on, or with them again.
    package mutating func setSparesRedundancy(_ spares: Bool) {
        guard kind == .audio, spares != sparesRedundancy else { return }
        sparesRedundancy = spares
        // What left in the other form would not be written in the same way again.
        forgetSent()
    }

    /// The form in which a packet of redundant audio leaves.
    ///
    /// A receiver without RED, or one whose path is too narrow for it, gets plain Opus. Nobody hears again what was said before the slot
    /// turned to this source, or before the source was unmuted.
    /// - Parameters:
    ///   - audio: How the packet's payload is made up.
    ///   - reach: ``OutgoingNumbers/reach`` of the packet.
    ///   - payload: The payload.
    package mutating func form(
        of audio: RedundantAudio, reach: UInt32, in payload: Span<UInt8>
    ) -> RedundancyForm {
        guard !sparesRedundancy, format(for: .red) != nil, let opus = format(for: .opus) else {
            return .primary
        }
        let kept = audio.blocks(within: reach, in: payload)
        if kept == audio.blockCount, opus.payloadType == audio.payloadType { return .whole }
        return kept == 0 ? .primary : .rewritten(blocks: kept, payloadType: opus.payloadType)
    }
}
