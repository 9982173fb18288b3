// Packets sent again: those that receivers ask for, and those that feedback says were lost.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Congestion
import Forwarding
import RTP
import Wire

/// Why a packet is sent again.
private enum RepetitionCause: Equatable {
    /// The receiver asks for it.
    case asked
    /// Feedback says that one was lost that left at `since`.
    case lost(since: MediaInstant)
    /// So much is lost that it goes out twice.
    case doubled
}

extension MediaWorker {
    /// Answers one number of a NACK (RFC 4585 §6.2.1).
    mutating func retransmit(
        _ number: SequenceNumber, through slot: Int, to receiver: Int, at now: MediaInstant
    ) {
        counters.nacksReceived &+= 1
        peers[receiver]?.followPackets()
        sendAgain(number, through: slot, to: receiver, for: .asked, at: now)
    }

    /// Sends the packet of sound before this one a second time, just as it was, where a twenty-fifth is lost without a
    /// queue: sound has no time to wait for what it asks for.
    mutating func doubleSound(
        before next: OutgoingNumbers, through slot: Int, to receiver: Int, at now: MediaInstant
    ) {
        guard peers[receiver]?.doublesSound == true else { return }
        let number = SequenceNumber(next.sequence.sequenceNumber.rawValue &- 1)
        sendAgain(number, through: slot, to: receiver, for: .doubled, at: now)
    }

    /// Repeats what feedback says was lost, without waiting to be asked.
    ///
    /// A receiver that has asked asks again after a round trip as it knows it, which for one that only receives is the
    /// 100 ms that libwebrtc begins with; and its request may have been lost as well as the answer. Feedback tells of
    /// both each 50 to 100 ms.
    mutating func repeatLost(
        _ feedback: TransportFeedback, of receiver: Int, at now: MediaInstant
    ) {
        peers[receiver]?.findLost(in: feedback, at: now)
        while let packet = peers[receiver]?.takeLost() ?? nil {
            guard slots[packet.slot]?.receiver == receiver,
                slots[packet.slot]?.retransmissionSSRC != nil
            else { continue }
            sendAgain(
                packet.number, through: packet.slot, to: receiver,
                for: .lost(since: packet.sentAt), at: now)
        }
    }

    /// Sends a packet once more, if it is remembered and the budgets allow it.
    private mutating func sendAgain(
        _ number: SequenceNumber, through index: Int, to receiver: Int,
        for cause: RepetitionCause, at now: MediaInstant
    ) {
        guard let state = slots[index]?.state, case .flowing(_, let producer) = state,
            let source = slots[index]?.numbering.sourceSequence(of: number),
            let entry = producers[producer].history.entry(source),
            let numbers = slots[index]?.numbersAgain(for: entry)
        else {
            if cause == .asked { drops.count(.retransmissionTooOld) }
            return
        }
        // Repeated since then it is under way.
        if case .lost(let since) = cause {
            guard slots[index]?.repetitions.isUnderWay(numbers.sequence, since: since) == false
            else { return }
        }
        // The same index must never seal two packets: what has no retransmission stream is repeated just
        // as it was, or not at all.
        let hasStream =
            slots[index]?.retransmissionSSRC != nil
            && slots[index]?.outgoingFormat(for: entry.codec)?.retransmissionPayloadType != nil
        let sentBefore =
            hasStream ? nil : slots[index]?.transportSequence(of: numbers.sequence) ?? nil
        guard hasStream || sentBefore != nil else {
            if cause == .asked { drops.count(.retransmissionTooOld) }
            return
        }
        guard let roundTrip = peers[receiver]?.roundTrip,
            slots[index]?.repetitions.take(
                numbers.sequence, roundTrip: roundTrip, at: now) == true
        else { return cause == .asked ? drops.count(.repeatedLately) : () }
        var packet = OutgoingPacket(
            producer: producer, generation: producers[producer].generation, slot: index,
            source: source, numbers: numbers, payloadCount: entry.payloadCount,
            isSound: entry.codec.kind == .audio, sentBefore: sentBefore)
        guard takeBudget(for: packet, at: now, of: receiver) else {
            return drops.count(.retransmissionBudget)
        }
        // The second is the one that is followed: where it is lost as well there will be a third.
        if hasStream, peers[receiver]?.losesAtRandom == true,
            takeBudget(for: packet, at: now, of: receiver)
        {
            packet.isFollowed = false
            postAgain(packet, hasStream: true, to: receiver)
            packet.isFollowed = true
        }
        postAgain(packet, hasStream: hasStream, to: receiver)
    }

    private mutating func postAgain(
        _ packet: OutgoingPacket, hasStream: Bool, to receiver: Int
    ) {
        var packet = packet
        packet.retransmission =
            hasStream ? slots[packet.slot]?.nextRetransmissionSequence() : nil
        counters.retransmissionsSent &+= 1
        enqueue(packet, to: receiver)
    }

    private mutating func takeBudget(
        for packet: OutgoingPacket, at now: MediaInstant, of receiver: Int
    ) -> Bool {
        slots[packet.slot]?.budget.take(at: now) == true
            && peers[receiver]?.budget.take(at: now) == true
            && peers[receiver]?.takeRepetition(bytes: packet.wireBytes, at: now) == true
    }
}

/// The part of a peer that looks after what was lost on the way to it.
extension Peer {
    /// Remembers from now on which packets leave: the first was asked for again.
    mutating func followPackets() {
        if !sendPath.isEmpty { sendPath[0].followed.begin() }
    }

    /// Whether what is repeated is sent twice.
    var losesAtRandom: Bool {
        mutating get { sendPath.isEmpty ? false : sendPath[0].estimator.losesAtRandom }
    }

    /// Whether sound is sent twice: there is room for it, and it would be missed.
    var doublesSound: Bool {
        mutating get {
            sendPath.isEmpty
                ? false : sendPath[0].estimator.losesAtRandom && !sendPath[0].sparesRedundancy
        }
    }

    /// Looks for what is lost by what feedback says.
    mutating func findLost(in feedback: TransportFeedback, at now: MediaInstant) {
        if !sendPath.isEmpty { sendPath[0].findLost(in: feedback, at: now) }
    }

    /// One of the packets found lost.
    mutating func takeLost() -> LostPacket? {
        sendPath.isEmpty ? nil : sendPath[0].followed.takeLost()
    }
}
