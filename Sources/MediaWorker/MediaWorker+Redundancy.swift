// Redundant audio: understood as it comes in, and written for each receiver as it goes out.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Payloads
import PeerTransport
import RTP
import SRTP
import Wire

extension MediaWorker {
    /// Finds out how a packet of redundant audio is made up.
    /// - Returns: `false` if it is broken, or repeats something other than the section's Opus.
    mutating func readRedundancy(
        of entry: inout HistoryEntry, payload: Span<UInt8>, track: Int
    ) -> Bool {
        guard entry.codec == .red else { return true }
        guard let audio = RedundantAudio.parse(payload),
            let format = tracks[track]?.format(for: audio.payloadType),
            format.codec == .opus, !format.isRetransmission
        else { return false }
        entry.redundancy = audio
        return true
    }
}

extension Peer {
    /// Writes redundant audio in the form for one receiver behind its header and seals it there.
    /// - Returns: The packet's size; `nil` if it could not be sealed.
    mutating func sealed(
        _ target: inout MutableSpan<UInt8>, headerCount: Int, audio: RedundantAudio,
        as form: RedundancyForm, payload: Span<UInt8>, packet: OutgoingPacket, ssrc: SSRC
    ) -> Int? {
        var count = headerCount
        if packet.retransmission != nil {
            // RFC 4588 §4: the original number stands before the payload.
            guard count + RTPRetransmission.headCount <= target.count else { return nil }
            target.setUInt16(packet.numbers.sequence.sequenceNumber.rawValue, at: count)
            count += RTPRetransmission.headCount
        }
        switch form {
        case .whole:
            guard target.copy(payload, to: count) else { return nil }
            count += payload.count
        case .primary:
            let primary = payload.extracting(audio.primaryOffset..<payload.count)
            guard target.copy(primary, to: count) else { return nil }
            count += primary.count
        case .rewritten(let blocks, let payloadType):
            guard
                let written = audio.write(
                    payload, keeping: blocks, payloadType: payloadType, to: &target, at: count)
            else { return nil }
            count += written
        }
        do throws(SRTPError) {
            return try transport.sealRTP(
                &target, headerCount: headerCount, count: count, ssrc: ssrc,
                index: packet.retransmission ?? packet.numbers.sequence)
        } catch {
            return nil
        }
    }
}
