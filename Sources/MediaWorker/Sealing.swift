// One packet of one receiver: its header written, its payload sealed behind it.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Payloads
import PeerTransport
import SRTP
import Wire

/// What became of a packet that was to be sealed.
enum Sealing {
    /// It stands in the slab.
    case left
    /// It could not leave.
    case dropped(DropReason)
}

/// How far the sealing of an outbox came.
enum OutboxProgress {
    /// All of it was sealed or dropped, and it is empty.
    case done
    /// So many of its packets are; the slab has no room for the next.
    case sealed(Int)
    /// Nothing is: something has to wait, or padding is due.
    case mustPrepare
}

extension Peer {
    /// Begins the turn of a receiver that has packets to be sent, and seals them unless some have to wait.
    ///
    /// Peer and slot are gone to once, and all that is done for a packet is theirs to do: a look through an optional in
    /// an array costs some twenty instructions.
    mutating func beginOutbox(
        at now: MediaInstant, _ producers: inout UniqueArray<Producer>,
        _ slots: inout UniqueArray<Slot?>, into slab: inout SendSlab, _ drops: inout DropCounters
    ) -> OutboxProgress {
        if beginSending(at: now) { return .mustPrepare }
        return sealOutbox(from: 0, &producers, &slots, into: &slab, &drops)
    }

    /// Seals what is in the outbox, from this packet on, as far as the slab has room.
    mutating func sealOutbox(
        from first: Int, _ producers: inout UniqueArray<Producer>,
        _ slots: inout UniqueArray<Slot?>, into slab: inout SendSlab, _ drops: inout DropCounters
    ) -> OutboxProgress {
        var number = first
        while number < outbox.count {
            guard slab.hasRoom else { return .sealed(number) }
            if let reason = seal(number, &producers, &slots, into: &slab) { drops.count(reason) }
            number += 1
        }
        emptyOutbox()
        return .done
    }

    /// Seals one packet of the outbox.
    /// - Returns: Why it could not leave; `nil` if it did.
    private mutating func seal(
        _ number: Int, _ producers: inout UniqueArray<Producer>,
        _ slots: inout UniqueArray<Slot?>, into slab: inout SendSlab
    ) -> DropReason? {
        guard let path = transport.selectedPath else { return .receiverNotReady }
        let packet = outbox[number]
        switch slots[packet.slot]?.seal(
            packet, to: &self, on: path, from: &producers[packet.producer], into: &slab)
        {
        case .left?: return nil
        case .dropped(let reason)?: return reason
        case nil: return .historyOverwritten
        }
    }

    /// Seals a payload behind the header that stands in `target`.
    /// - Returns: The packet's size; `nil` if it could not be sealed.
    fileprivate mutating func sealed(
        _ target: inout MutableSpan<UInt8>, headerCount: Int, payload: Span<UInt8>,
        packet: OutgoingPacket, ssrc: SSRC
    ) -> Int? {
        do throws(SRTPError) {
            return try transport.sealRTP(
                &target, headerCount: headerCount, payload: payload, ssrc: ssrc,
                index: packet.retransmission ?? packet.numbers.sequence)
        } catch {
            return nil
        }
    }
}

extension Slot {
    /// Seals a packet that leaves through this slot straight into the slab.
    fileprivate mutating func seal(
        _ packet: OutgoingPacket, to peer: inout Peer, on path: TransportPath,
        from producer: inout Producer, into slab: inout SendSlab
    ) -> Sealing {
        let isRetransmission = packet.retransmission != nil
        let transportSequence = packet.sentBefore ?? peer.transportSequence
        guard producer.generation == packet.generation,
            let entry = producer.history.entry(packet.source),
            let heading = heading(isRetransmission: isRetransmission)
        else { return .dropped(.historyOverwritten) }
        // One index of SRTP never seals two contents: what would be written otherwise by now stays.
        if let before = packet.sentBefore,
            self.transportSequence(of: packet.numbers.sequence) != before
        {
            return .dropped(.historyOverwritten)
        }
        let range = producer.history.payloadRange(of: entry)
        let overhead = 128 + Int(entry.dependencyCount)
        guard range.count + overhead <= SendSlab.datagramMax else { return .dropped(.sealFailed) }

        let start = slab.used
        var bytes = slab.bytes.mutableSpan
        var target = bytes._mutatingExtracting(start..<(start + SendSlab.datagramMax))
        var form: RedundancyForm?
        if let audio = entry.redundancy {
            form = self.form(
                of: audio, reach: packet.numbers.reach,
                in: producer.history.payloadBytes.extracting(range))
        }
        let written =
            entry.dependencyCount == 0
            ? writeHeader(
                for: entry, as: form?.codec ?? entry.codec, numbers: packet.numbers,
                retransmission: packet.retransmission, transportSequence: transportSequence,
                into: &target)
            : writeHeader(
                for: entry, as: form?.codec ?? entry.codec, numbers: packet.numbers,
                retransmission: packet.retransmission,
                dependencies: producer.history.payloadBytes.extracting(
                    producer.history.dependencyRange(of: entry)),
                transportSequence: transportSequence, into: &target)
        guard let headerCount = written else { return .dropped(.codecNotNegotiated) }

        let count: Int?
        if let audio = entry.redundancy, let form, form != .whole {
            count = peer.sealed(
                &target, headerCount: headerCount, audio: audio, as: form,
                payload: producer.history.payloadBytes.extracting(range), packet: packet,
                ssrc: heading.ssrc)
        } else {
            // What differs per receiver is written over the shared payload, sealed, and put back. Nothing does while it
            // watches one stream from its first packet on.
            let isAsSent = packet.numbers.descriptor.matches(entry.descriptor)
            var payload = range
            if !isAsSent || isRetransmission {
                producer.patch(entry, with: packet, payload: &payload)
            }
            if heading.bearsPadding, let padded = producer.history.pad(entry, at: payload) {
                payload = padded
                target[0] |= 0x20
            }
            count = peer.sealed(
                &target, headerCount: headerCount,
                payload: producer.history.payloadBytes.extracting(payload), packet: packet,
                ssrc: heading.ssrc)
            if !isAsSent { producer.restore(entry, payload: range) }
        }
        guard let count else { return .dropped(.sealFailed) }
        if packet.sentBefore == nil {
            if heading.usesTransportSequence {
                peer.noteSent(transportSequence, bytes: count, of: packet)
            }
            if !isRetransmission {
                noteSent(packet.numbers.sequence, transportSequence: transportSequence)
            }
        }
        slab.commit(count: count, path: path)
        return .left
    }
}

extension DescriptorPatch {
    /// Whether its numbers are those that the publisher wrote.
    fileprivate func matches(_ fields: DescriptorFields) -> Bool {
        pictureID == fields.pictureID && tl0PictureIndex == fields.tl0PictureIndex
            && keyIndex == fields.keyIndex
    }
}

extension Producer {
    /// Writes what a receiver shall see in a payload over what the publisher wrote.
    fileprivate mutating func patch(
        _ entry: HistoryEntry, with packet: OutgoingPacket, payload: inout Range<Int>
    ) {
        if entry.descriptor.isEmpty, packet.retransmission == nil { return }
        var bytes = history.mutablePayloadBytes
        var part = bytes._mutatingExtracting(payload)
        entry.descriptor.apply(packet.numbers.descriptor, to: &part)
        guard packet.retransmission != nil else { return }
        // RFC 4588 §4: the original number stands before the payload, in the bytes kept free for
        // it.
        payload = (payload.lowerBound - PacketHistory.spareCount)..<payload.upperBound
        bytes.setUInt16(
            packet.numbers.sequence.sequenceNumber.rawValue, at: payload.lowerBound)
    }

    /// Puts back what the publisher wrote.
    fileprivate mutating func restore(_ entry: HistoryEntry, payload: Range<Int>) {
        if entry.descriptor.isEmpty { return }
        var bytes = history.mutablePayloadBytes
        var part = bytes._mutatingExtracting(payload)
        entry.descriptor.restore(in: &part)
    }
}
