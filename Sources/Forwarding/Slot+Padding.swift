// Packets of padding alone, with which a receiver's path is probed.
// SPDX-License-Identifier: Apache-2.0
import RTP
package import Wire

extension Slot {
    /// Whether packets of padding can be sent in the retransmission stream: browsers take them there and
    /// tell that they arrived.
    package var canCarryPadding: Bool {
        guard kind == .video, retransmissionSSRC != nil, usesTransportSequence else { return false }
        return paddingFormat != nil
    }

    private var paddingFormat: SlotFormat? {
        for index in formats.indices where formats[index].retransmissionPayloadType != nil {
            return formats[index]
        }
        return nil
    }

    /// Writes the header of a packet of the retransmission stream that is to hold padding alone
    /// (RFC 3550 §5.1), as browsers send them to probe a path.
    /// - Returns: The header's size and the packet's number; `nil` if this slot cannot.
    package mutating func writePaddingHeader(
        transportSequence: UInt16, into packet: inout MutableSpan<UInt8>
    ) -> (count: Int, sequence: ExtendedSequenceNumber)? {
        guard canCarryPadding, let format = paddingFormat,
            let payloadType = format.retransmissionPayloadType, let ssrc = retransmissionSSRC
        else { return nil }
        let sequence = nextRetransmissionSequence()
        let entry = HistoryEntry(
            sequence: sequence, timestamp: numbering.highestTimestamp, codec: format.codec,
            marker: false, startsKeyframe: false)
        let count = header.write(
            for: entry, marker: false, payloadType: payloadType,
            sequence: sequence.sequenceNumber, timestamp: entry.timestamp, ssrc: ssrc,
            transportSequence: transportSequence,
            into: &packet)
        packet[0] |= 0x20
        return (count, sequence)
    }
}
