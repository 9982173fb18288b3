// Which picture packet left under which transport-wide number, to repeat it when feedback says that it was lost.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Congestion
import RTP
import Wire

/// A packet of a slot that has not arrived.
struct LostPacket {
    var slot = 0
    /// Its number towards the receiver.
    var number = SequenceNumber(0)
    var sentAt = MediaInstant.zero
}

/// A packet that left, and under which transport-wide number.
struct FollowedPacket {
    /// Negative: the place is empty.
    var slot: Int32 = -1
    var transportSequence: UInt16 = 0
    var number: UInt16 = 0
    /// Whether it had been sent before.
    var isRepetition = false
}

/// The last packets of pictures that left to one receiver: 5 KiB, taken when it asks for the first repetition.
struct FollowedPackets: ~Copyable {
    /// How many are remembered: half a second at 5 Mbit/s.
    static let capacity = 256
    /// How many are repeated for one feedback packet.
    static let lostMax = 64
    /// How many are looked at again with the next feedback packet.
    static let dueMax = 32

    private var entries = UniqueArray<FollowedPacket>()
    /// Numbers that feedback has passed over and that may still come, and those before that.
    private var due = UniqueArray<UInt16>()
    private var duePassed = UniqueArray<UInt16>()
    private var lost = UniqueArray<LostPacket>()
    /// The number after the last that feedback spoke of; `nil`: none came yet.
    private var spokenEnd: UInt16?

    /// Whether packets are remembered.
    var isUsed: Bool { !entries.isEmpty }

    /// Remembers packets from now on.
    mutating func begin() {
        guard entries.isEmpty else { return }
        entries = UniqueArray(repeating: FollowedPacket(), count: Self.capacity)
        due.reserveCapacity(Self.dueMax)
        duePassed.reserveCapacity(Self.dueMax)
        lost.reserveCapacity(Self.lostMax)
    }

    /// Remembers a packet.
    mutating func note(
        transportSequence: UInt16, slot: Int, number: SequenceNumber, isRepetition: Bool
    ) {
        guard let slot = Int32(exactly: slot) else { return }
        entries[Int(transportSequence) % Self.capacity] = FollowedPacket(
            slot: slot, transportSequence: transportSequence, number: number.rawValue,
            isRepetition: isRepetition)
    }

    /// Looks for packets that are lost by what feedback says; ``takeLost()`` has them then. O(statuses, at most what is
    /// remembered).
    mutating func find(
        in feedback: TransportFeedback, of estimator: borrowing BandwidthEstimator,
        at now: MediaInstant
    ) {
        guard isUsed else { return }
        swap(&due, &duePassed)
        due.removeAll(keepingCapacity: true)
        for position in duePassed.indices { judge(duePassed[position], of: estimator, at: now) }
        let base = feedback.baseSequenceNumber.rawValue
        let end = base &+ UInt16(truncatingIfNeeded: feedback.statusCount)
        // What feedback that was lost itself has said nobody knows. Sent once more, a repetition costs little.
        if let spokenEnd {
            judge(
                from: spokenEnd, count: Int(base &- spokenEnd), repetitionsAlone: true,
                of: estimator,
                at: now)
        }
        // Of what a long packet speaks of only the end can be remembered.
        let spoken = min(feedback.statusCount, Self.capacity)
        judge(
            from: end &- UInt16(truncatingIfNeeded: spoken), count: spoken, repetitionsAlone: false,
            of: estimator, at: now)
        if spokenEnd.map({ SequenceNumber(end).distance(from: SequenceNumber($0)) > 0 }) ?? true {
            spokenEnd = end
        }
    }

    /// Looks at packets one after the other; more than are remembered can be of a feedback packet from the past only.
    private mutating func judge(
        from start: UInt16, count: Int, repetitionsAlone: Bool,
        of estimator: borrowing BandwidthEstimator, at now: MediaInstant
    ) {
        guard count <= Self.capacity else { return }
        for offset in 0..<count {
            let sequence = start &+ UInt16(truncatingIfNeeded: offset)
            if repetitionsAlone, !entries[Int(sequence) % Self.capacity].isRepetition { continue }
            judge(sequence, of: estimator, at: now)
        }
    }

    /// One of the packets found lost; `nil` when there are no more.
    mutating func takeLost() -> LostPacket? { lost.isEmpty ? nil : lost.removeLast() }

    private mutating func judge(
        _ sequence: UInt16, of estimator: borrowing BandwidthEstimator, at now: MediaInstant
    ) {
        let place = Int(sequence) % Self.capacity
        let entry = entries[place]
        guard entry.slot >= 0, entry.transportSequence == sequence else { return }
        switch estimator.absence(of: SequenceNumber(sequence), at: now) {
        case nil:
            entries[place].slot = -1
        case .due:
            if due.count < Self.dueMax { due.append(sequence) }
        case .lost(let age):
            guard lost.count < Self.lostMax else { return }
            entries[place].slot = -1
            lost.append(
                LostPacket(
                    slot: Int(entry.slot), number: SequenceNumber(entry.number),
                    sentAt: now + MediaDuration(nanoseconds: -age.nanoseconds)))
        }
    }
}
