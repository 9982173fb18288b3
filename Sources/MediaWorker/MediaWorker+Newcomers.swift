// How somebody new gets the first picture at once: from a keyframe that is still at hand.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import PeerTransport
import RTP
import Wire

extension MediaWorker {
    /// Lets a slot that waits for a keyframe begin: with what is kept of the stream since its last
    /// keyframe, or else with a fresh one, asked for now.
    mutating func begin(slot index: Int, at now: MediaInstant) {
        guard case .waiting(let source)? = slots[index]?.state, slots[index]?.kind == .video,
            let receiver = slots[index]?.receiver
        else { return }
        if peers[receiver]?.isReady == true, tracks[source.track]?.isPaused == false {
            let layers = layers(ofTrack: source.track, at: now)
            let wanted = slots[index]?.wantedProducer(among: layers)
            if wanted.map({ catchUp(slot: index, with: $0, at: now) }) != true {
                let streams = tracks[source.track]?.producers ?? []
                for position in streams.indices where streams[position] != wanted {
                    if catchUp(slot: index, with: streams[position], at: now) { break }
                }
            }
        }
        requestKeyframe(forSlot: index, at: now)
    }

    /// Lets every slot of a receiver begin that has waited for its connection.
    mutating func beginSlots(of receiver: Int, at now: MediaInstant) {
        let waiting = peers[receiver]?.slots ?? []
        for position in waiting.indices { begin(slot: waiting[position], at: now) }
    }

    /// Sends a slot a stream's last keyframe and all that came after it.
    /// - Returns: `false` if too much of it is gone, or the slot does not take this stream.
    private mutating func catchUp(slot index: Int, with producer: Int, at now: MediaInstant) -> Bool
    {
        guard let receiver = slots[index]?.receiver,
            let first = producers[producer].startForNewcomer(at: now),
            let newest = producers[producer].history.entry(producers[producer].highest)
        else { return false }
        let end = SlotNumbering.CatchUp(last: newest.sequence, timestamp: newest.timestamp)
        let generation = producers[producer].generation
        let layers = layers(ofTrack: producers[producer].track, at: now)
        for number in first.rawValue...newest.sequence.rawValue {
            guard
                let entry = producers[producer].history.entry(ExtendedSequenceNumber(number))
            else { return number > first.rawValue }
            let numbers: OutgoingNumbers
            switch slots[index]?.admit(
                entry, from: producer, among: layers, catchingUp: end, at: now)
            {
            case .forward(let admitted)?:
                numbers = admitted
            case .start(let admitted)?:
                numbers = admitted
                noteStart(of: index, numbers: admitted, at: now)
            case .switchLayer?, .drop?, nil:
                if number == first.rawValue { return false }
                continue
            }
            enqueue(
                OutgoingPacket(
                    producer: producer, generation: generation, slot: index,
                    source: entry.sequence, numbers: numbers, retransmission: nil,
                    payloadCount: entry.payloadCount, isSound: entry.codec.kind == .audio),
                to: receiver)
        }
        return true
    }
}
