// The end of a turn: what was gathered is sealed for each receiver, straight into the send slab.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import Payloads
import PeerTransport
import SRTP
import Wire

extension MediaWorker {
    mutating func sendMedia<Door: DatagramDoor & ~Copyable>(
        at now: MediaInstant, through door: inout Door
    ) {
        for position in dirtyPeers.indices {
            let receiver = dirtyPeers[position]
            prepareSending(to: receiver, at: now, through: &door)
            let count = peers[receiver]?.outboxCount ?? 0
            for number in 0..<count {
                if !slab.hasRoom { flush(through: &door) }
                if let reason = Self.seal(
                    number, of: receiver, &peers, &producers, &slots, into: &slab)
                {
                    drops.count(reason)
                }
            }
            peers[receiver]?.outbox.removeAll(keepingCapacity: true)
            peers[receiver]?.isDirty = false
        }
        dirtyPeers.removeAll(keepingCapacity: true)
    }

    /// Seals one packet of a receiver's outbox.
    ///
    /// The parts of the worker come one by one: the plaintext is read from one while another is
    /// written.
    /// - Returns: Why it could not leave; `nil` if it did.
    private static func seal(
        _ number: Int, of receiver: Int, _ peers: inout UniqueArray<Peer?>,
        _ producers: inout UniqueArray<Producer>, _ slots: inout UniqueArray<Slot?>,
        into slab: inout SendSlab
    ) -> DropReason? {
        guard let (packet, path, nextTransportSequence) = peers[receiver]?.parcel(number) ?? nil
        else { return .receiverNotReady }
        let isRetransmission = packet.retransmission != nil
        let transportSequence = packet.sentBefore ?? nextTransportSequence
        guard producers[packet.producer].generation == packet.generation,
            let entry = producers[packet.producer].history.entry(packet.source),
            let heading = slots[packet.slot]?.heading(isRetransmission: isRetransmission) ?? nil
        else { return .historyOverwritten }
        // One index of SRTP never seals two contents: what would be written otherwise by now stays.
        if let before = packet.sentBefore,
            slots[packet.slot]?.transportSequence(of: packet.numbers.sequence) != before
        {
            return .historyOverwritten
        }
        let range = producers[packet.producer].history.payloadRange(of: entry)
        let overhead = 128 + Int(entry.dependencyCount)
        guard range.count + overhead <= SendSlab.datagramMax else { return .sealFailed }

        let start = slab.used
        var bytes = slab.bytes.mutableSpan
        var target = bytes._mutatingExtracting(start..<(start + SendSlab.datagramMax))
        let form = form(
            of: entry, packet,
            in: producers[packet.producer].history.payloadBytes.extracting(range),
            &slots[packet.slot])
        guard
            let headerCount = slots[packet.slot]?.writeHeader(
                for: entry, as: form?.codec ?? entry.codec, numbers: packet.numbers,
                retransmission: packet.retransmission,
                dependencies: producers[packet.producer].history.payloadBytes.extracting(
                    producers[packet.producer].history.dependencyRange(of: entry)),
                transportSequence: transportSequence, into: &target)
        else { return .codecNotNegotiated }

        let count: Int?
        if let audio = entry.redundancy, let form, form != .whole {
            count = sealed(
                &peers[receiver], &target, headerCount: headerCount, audio: audio, as: form,
                payload: producers[packet.producer].history.payloadBytes.extracting(range),
                packet: packet, ssrc: heading.ssrc)
        } else {
            // What differs per receiver is written over the shared payload, sealed, and put back.
            var payload = range
            patch(
                &producers[packet.producer], entry.descriptor, with: packet, payload: &payload)
            if heading.bearsPadding,
                let padded = producers[packet.producer].history.pad(entry, at: payload)
            {
                payload = padded
                target[0] |= 0x20
            }
            count = sealed(
                &peers[receiver], &target, headerCount: headerCount,
                payload: producers[packet.producer].history.payloadBytes.extracting(payload),
                packet: packet, ssrc: heading.ssrc)
            restore(&producers[packet.producer], entry: entry, payload: range)
        }
        guard let count else { return .sealFailed }
        if packet.sentBefore == nil {
            if heading.usesTransportSequence {
                peers[receiver]?.noteSent(transportSequence, bytes: count)
            }
            if !isRetransmission {
                slots[packet.slot]?.noteSent(
                    packet.numbers.sequence, transportSequence: transportSequence)
            }
        }
        slab.commit(count: count, path: path)
        return nil
    }

    private static func patch(
        _ producer: inout Producer, _ fields: DescriptorFields, with packet: OutgoingPacket,
        payload: inout Range<Int>
    ) {
        var bytes = producer.history.mutablePayloadBytes
        var part = bytes._mutatingExtracting(payload)
        fields.apply(packet.numbers.descriptor, to: &part)
        guard packet.retransmission != nil else { return }
        // RFC 4588 §4: the original number stands before the payload, in the bytes kept free for
        // it.
        payload = (payload.lowerBound - PacketHistory.spareCount)..<payload.upperBound
        bytes.setUInt16(
            packet.numbers.sequence.sequenceNumber.rawValue, at: payload.lowerBound)
    }

    private static func restore(
        _ producer: inout Producer, entry: HistoryEntry, payload: Range<Int>
    ) {
        var bytes = producer.history.mutablePayloadBytes
        var part = bytes._mutatingExtracting(payload)
        entry.descriptor.restore(in: &part)
    }

    private static func sealed(
        _ peer: inout Peer?, _ target: inout MutableSpan<UInt8>, headerCount: Int,
        payload: Span<UInt8>, packet: OutgoingPacket, ssrc: SSRC
    ) -> Int? {
        do throws(SRTPError) {
            return try peer?.transport.sealRTP(
                &target, headerCount: headerCount, payload: payload, ssrc: ssrc,
                index: packet.retransmission ?? packet.numbers.sequence) ?? nil
        } catch {
            return nil
        }
    }

    /// Seals and gathers the RTCP of the turn.
    mutating func sendControl<Door: DatagramDoor & ~Copyable>(
        at now: MediaInstant, through door: inout Door
    ) {
        for position in control.entries.indices {
            let entry = control.entries[position]
            if !slab.hasRoom { flush(through: &door) }
            if let reason = Self.sealControl(entry, &peers, control, into: &slab) {
                drops.count(reason)
            }
        }
        control.removeAll()
    }

    private static func sealControl(
        _ entry: ControlQueue.Entry, _ peers: inout UniqueArray<Peer?>,
        _ control: borrowing ControlQueue, into slab: inout SendSlab
    ) -> DropReason? {
        guard let path = peers[entry.peer]?.transport.selectedPath else {
            return .receiverNotReady
        }
        let start = slab.used
        var bytes = slab.bytes.mutableSpan
        var target = bytes._mutatingExtracting(start..<(start + SendSlab.datagramMax))
        let plain = control.bytes.span.extracting(entry.start..<(entry.start + entry.count))
        guard target.copy(plain, to: 0) else { return .sealFailed }
        let sealed: Int?
        do throws(SRTPError) {
            sealed = try peers[entry.peer]?.transport.sealRTCP(&target, count: entry.count) ?? nil
        } catch {
            return .sealFailed
        }
        guard let sealed else { return .receiverNotReady }
        slab.commit(count: sealed, path: path)
        return nil
    }

    /// Gathers what ICE and DTLS have to say.
    mutating func pollTransports<Door: DatagramDoor & ~Copyable>(
        at now: MediaInstant, through door: inout Door
    ) {
        for position in pollPeers.indices {
            let index = pollPeers[position]
            while true {
                if !slab.hasRoom { flush(through: &door) }
                guard let path = Self.poll(&peers[index], into: &slab) else { break }
                slab.commit(count: path.count, path: path.path)
            }
            peers[index]?.wantsPoll = false
            drainEvents(of: index, at: now)
            if let due = peers[index]?.transport.nextDeadline { schedule(index, by: due) }
        }
        pollPeers.removeAll(keepingCapacity: true)
        removeDeparted()
    }

    private static func poll(
        _ peer: inout Peer?, into slab: inout SendSlab
    ) -> (path: TransportPath, count: Int)? {
        var path: TransportPath?
        var count = 0
        let start = slab.used
        var span = slab.bytes.mutableSpan
        unsafe span.withUnsafeMutableBufferPointer { buffer in
            // `hasRoom` was asked before; the span does not leave this closure.
            let part = unsafe UnsafeMutableBufferPointer(
                rebasing: buffer[start..<start + SendSlab.datagramMax])
            var output = unsafe OutputSpan(buffer: part, initializedCount: 0)
            path = peer?.transport.pollTransmit(into: &output) ?? nil
            count = output.count
            _ = unsafe output.finalize(for: part)
        }
        return path.map { ($0, count) }
    }
}
