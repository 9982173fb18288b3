// What may leave to a receiver in this turn, and the padding of its probes.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Congestion
import Forwarding
import PeerTransport
import RTP
import SRTP
import Wire

extension MediaWorker {
    /// The padding of one packet: as much as libwebrtc puts into one, its last byte counting it.
    static let paddingCount = 224

    /// Before a receiver's packets are sealed of which some have to wait: sends padding that is due, and takes out of
    /// the outbox what waits.
    mutating func prepareSending<Door: DatagramDoor & ~Copyable>(
        to receiver: Int, at now: MediaInstant, through door: inout Door
    ) {
        sendPadding(to: receiver, at: now, through: &door)
        let dropped = Self.pace(&peers[receiver], slots, at: now)
        if dropped > 0 { drops.count(.pacerFull, times: UInt64(dropped)) }
        if let due = peers[receiver]?.nextRelease { schedule(receiver, by: due) }
    }

    /// Sorts the outbox into what leaves now and what waits.
    /// - Returns: How many packets were dropped for want of room.
    private static func pace(
        _ peer: inout Peer?, _ slots: borrowing UniqueArray<Slot?>, at now: MediaInstant
    ) -> Int {
        guard let count = peer?.outbox.count else { return 0 }
        var room = peer?.room(at: now) ?? .max
        let waitingMax = peer?.waitingBytesMax ?? .max
        var kept = 0
        var dropped = 0
        for index in 0..<count {
            guard let packet = peer?.outbox[index] else { break }
            if packet.isSound {
                // Sound never waits, but counts.
                room -= packet.wireBytes
                peer?.outbox[kept] = packet
                kept += 1
            } else if peer?.wait(packet, bytesMax: waitingMax) != true {
                dropped += 1
            }
        }
        peer?.shortenOutbox(to: kept)
        while room > 0, let packet = peer?.takeWaiting() {
            room -= packet.wireBytes
            peer?.outbox.append(packet)
        }
        peer?.planRelease(at: now)
        return dropped
    }

    /// Sends the padding of a probe that is due now.
    private mutating func sendPadding<Door: DatagramDoor & ~Copyable>(
        to receiver: Int, at now: MediaInstant, through door: inout Door
    ) {
        while peers[receiver]?.isPaddingDue(at: now) == true {
            guard let slot = paddingSlot(of: receiver) else {
                peers[receiver]?.endProbe()
                return
            }
            if !slab.hasRoom { flush(through: &door) }
            guard Self.sealPadding(slot, of: receiver, &peers, &slots, padding, into: &slab) else {
                peers[receiver]?.endProbe()
                return
            }
            counters.paddingSent &+= 1
        }
    }

    /// The slot whose retransmission stream can carry padding.
    private mutating func paddingSlot(of receiver: Int) -> Int? {
        let watched = peers[receiver]?.slots ?? []
        for position in watched.indices
        where slots[watched[position]]?.canCarryPadding == true { return watched[position] }
        return nil
    }

    private static func sealPadding(
        _ slot: Int, of receiver: Int, _ peers: inout UniqueArray<Peer?>,
        _ slots: inout UniqueArray<Slot?>, _ padding: [UInt8], into slab: inout SendSlab
    ) -> Bool {
        guard let path = peers[receiver]?.transport.selectedPath,
            let transportSequence = peers[receiver]?.transportSequence,
            let ssrc = slots[slot]?.retransmissionSSRC
        else { return false }
        let start = slab.used
        var bytes = slab.bytes.mutableSpan
        var target = bytes._mutatingExtracting(start..<(start + SendSlab.datagramMax))
        guard
            let header = slots[slot]?.writePaddingHeader(
                transportSequence: transportSequence, into: &target)
        else { return false }
        let count: Int?
        do throws(SRTPError) {
            count =
                try peers[receiver]?.transport.sealRTP(
                    &target, headerCount: header.count, payload: padding.span, ssrc: ssrc,
                    index: header.sequence) ?? nil
        } catch {
            return false
        }
        guard let count else { return false }
        peers[receiver]?.notePadding(transportSequence, bytes: count)
        slab.commit(count: count, path: path)
        return true
    }
}

/// The part of a peer that looks after its send path; all of it does nothing where there is none.
extension Peer {
    /// Whether there is a send path.
    private var hasPath: Bool {
        mutating get { !sendPath.isEmpty }
    }

    /// Begins the sealing of a turn.
    /// - Returns: Whether something has to wait, or padding is due.
    mutating func beginSending(at now: MediaInstant) -> Bool {
        guard hasPath else { return false }
        sendPath[0].turnAt = now
        sendPath[0].nextRelease = nil
        let bytes = outboxBytes
        outboxBytes = 0
        if let probe = sendPath[0].probe {
            if probe.isDone(at: now) { sendPath[0].probe = nil } else { return true }
        }
        return !sendPath[0].waiting.isEmpty || bytes > sendPath[0].pacer.room(at: now)
    }

    /// Notes a packet that was sealed under the next transport-wide sequence number.
    mutating func noteSent(_ sequence: UInt16, bytes: Int, of packet: OutgoingPacket) {
        transportSequence = sequence &+ 1
        if hasPath { sendPath[0].noteSent(packet, sequence: sequence, bytes: bytes) }
    }

    /// Notes padding that was sealed under the next transport-wide sequence number.
    mutating func notePadding(_ sequence: UInt16, bytes: Int) {
        transportSequence = sequence &+ 1
        if hasPath { sendPath[0].noteSent(sequence: sequence, bytes: bytes, isPadding: true) }
    }

    /// How many bytes may leave now.
    mutating func room(at now: MediaInstant) -> Int {
        hasPath ? sendPath[0].pacer.room(at: now) : .max
    }

    /// How many bytes may wait.
    var waitingBytesMax: Int {
        mutating get { hasPath ? sendPath[0].pacer.backlogMax : .max }
    }

    /// How many bytes wait.
    var waitingBytes: Int {
        mutating get { hasPath ? sendPath[0].waiting.bytes : 0 }
    }

    /// Lets a packet wait unless too much waits already.
    mutating func wait(_ packet: OutgoingPacket, bytesMax: Int) -> Bool {
        guard hasPath, sendPath[0].waiting.isEmpty || sendPath[0].waiting.bytes < bytesMax else {
            return false
        }
        return sendPath[0].waiting.append(packet)
    }

    /// The next packet that waits.
    mutating func takeWaiting() -> OutgoingPacket? {
        hasPath ? sendPath[0].waiting.popFirst() : nil
    }

    /// Leaves the first so many packets in the outbox.
    mutating func shortenOutbox(to count: Int) {
        while outbox.count > count { outbox.removeLast() }
    }

    /// Whether a padding packet of a probe is due.
    mutating func isPaddingDue(at now: MediaInstant) -> Bool {
        guard hasPath, let probe = sendPath[0].probe else { return false }
        return probe.nextDue <= now && !probe.isDone(at: now)
    }

    /// Gives a probe up.
    mutating func endProbe() {
        if hasPath { sendPath[0].probe = nil }
    }

    /// Sets when the next of what waits, or of a probe, may leave.
    mutating func planRelease(at now: MediaInstant) {
        guard hasPath else { return }
        var next: MediaInstant?
        if !sendPath[0].waiting.isEmpty { next = sendPath[0].pacer.nextRelease }
        if let probe = sendPath[0].probe {
            next = next.map { min($0, probe.nextDue) } ?? probe.nextDue
        }
        sendPath[0].nextRelease = next.map { max($0, now + .milliseconds(1)) }
    }

    /// When something may leave that waits now.
    var nextRelease: MediaInstant? {
        mutating get { hasPath ? sendPath[0].nextRelease : nil }
    }

    /// Takes a repetition out of its share of the estimate.
    mutating func takeRepetition(bytes: Int, at now: MediaInstant) -> Bool {
        hasPath ? sendPath[0].takeRepetition(bytes: bytes, at: now) : true
    }
}
