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
            var progress = peers[receiver]?.beginOutbox(
                at: now, &producers, &slots, into: &slab, &drops)
            if case .mustPrepare? = progress {
                prepareSending(to: receiver, at: now, through: &door)
                progress = peers[receiver]?.sealOutbox(
                    from: 0, &producers, &slots, into: &slab, &drops)
            }
            while case .sealed(let count)? = progress {
                flush(through: &door)
                progress = peers[receiver]?.sealOutbox(
                    from: count, &producers, &slots, into: &slab, &drops)
            }
        }
        dirtyPeers.removeAll(keepingCapacity: true)
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
