// The way to one receiver: what it carries, how it is paced, and what waits for it.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Congestion
import Forwarding
import RTP
import Wire

/// Estimate, pacer, probe and queue of one receiver; only one that negotiated transport-wide sequence
/// numbers has it.
struct SendPath: ~Copyable {
    /// What is probed for where nobody has said how much could be used: one good picture.
    static let wantedByDefault = 2_500_000.0
    /// The share of the estimate that repetitions may take, and how much of it at once, in time.
    static let repetitions = (share: 0.4, burst: MediaDuration.milliseconds(500))
    /// An estimate that differs by this share is reported at once, every other once a second.
    static let reportedChange = 0.1
    static let reportInterval = MediaDuration.seconds(1)

    /// How long pictures make way for a queue at most, in case nothing is heard of it.
    static let drainingTime = MediaDuration.seconds(1)

    var estimator = BandwidthEstimator()
    var pacer = Pacer()
    var probe: ProbeSender?
    var waiting = WaitingPackets()
    /// Which packets left lately, once one was asked for again.
    var followed = FollowedPackets()
    /// What could be used, in bits a second; `nil`: nobody has said.
    var wanted: Double?
    /// The time of the present turn: packets are sealed at its end.
    var turnAt = MediaInstant.zero
    /// When something that waits may leave, or the next padding is due; `nil`: nothing is pending.
    var nextRelease: MediaInstant?
    /// Until when pictures are held back at most, for a queue to drain.
    var drainsUntil: MediaInstant?
    /// When it may be divided among pictures anew.
    var nextAllocation = MediaInstant.zero
    /// Whether repetitions in sound are left out for want of room.
    var sparesRedundancy = false
    /// Packets sent since the last receiver report.
    var sentSinceReport = 0
    /// The estimate last reported, in bits a second, and when.
    private(set) var reported = 0
    private var reportedAt: MediaInstant?
    private var repetitionsBusyUntil = MediaInstant.zero

    /// Notes a packet of media sealed in this turn.
    mutating func noteSent(_ packet: OutgoingPacket, sequence: UInt16, bytes: Int) {
        noteSent(sequence: sequence, bytes: bytes, isPadding: false)
        guard followed.isUsed, !packet.isSound, packet.isFollowed else { return }
        followed.note(
            transportSequence: sequence, slot: packet.slot,
            number: packet.numbers.sequence.sequenceNumber,
            isRepetition: packet.retransmission != nil)
    }

    /// Notes a packet sealed in this turn, of media or of padding.
    mutating func noteSent(sequence: UInt16, bytes: Int, isPadding: Bool) {
        let wireBytes = bytes + OutgoingPacket.datagramOverhead
        let number = isPadding ? probe?.plan.number : probe?.numberForMedia
        estimator.noteSent(sequence: sequence, bytes: wireBytes, probe: number ?? 0, at: turnAt)
        pacer.noteSent(bytes: wireBytes, at: turnAt)
        if probe != nil { probe?.noteSent(bytes: wireBytes, isPadding: isPadding) }
        sentSinceReport += 1
    }

    /// Looks for packets that are lost by what feedback says.
    mutating func findLost(in feedback: TransportFeedback, at now: MediaInstant) {
        followed.find(in: feedback, of: estimator, at: now)
    }

    /// Takes a repetition's worth out of its share of the estimate, or of what is sent without a queue where that is
    /// more; `false`: too much was repeated.
    mutating func takeRepetition(bytes: Int, at now: MediaInstant) -> Bool {
        guard let estimate = estimator.target else { return true }
        let target = max(estimate, estimator.sustained(at: now) ?? 0)
        let ahead = repetitionsBusyUntil - now
        guard ahead < Self.repetitions.burst else { return false }
        let nanoseconds = Double(bytes) * 8e9 / (target * Self.repetitions.share)
        repetitionsBusyUntil =
            max(repetitionsBusyUntil, now) + MediaDuration(nanoseconds: Int64(nanoseconds))
        return true
    }

    /// The estimate in bits a second, if it is time to report it.
    mutating func takeReport(at now: MediaInstant) -> Int? {
        guard let target = estimator.target else { return nil }
        let estimate = Int(target)
        let difference = abs(estimate - reported)
        let isLarge = Double(difference) > Double(reported) * Self.reportedChange
        let isDue = reportedAt.map { now - $0 >= Self.reportInterval } ?? true
        guard isLarge || (isDue && difference > 0) else { return nil }
        reported = estimate
        reportedAt = now
        return estimate
    }
}

/// Packets that wait for the pacer: repetitions before pictures. Two rings of fixed size, taken when
/// the first packet has to wait.
struct WaitingPackets: ~Copyable {
    /// How many of a kind may wait, whatever their size.
    static let capacity = 256

    private var repetitions = PacketRing()
    private var pictures = PacketRing()
    /// The bytes that wait.
    private(set) var bytes = 0

    /// Whether nothing waits.
    var isEmpty: Bool { repetitions.count == 0 && pictures.count == 0 }

    /// Lets a packet wait; `false` if there is no place for it.
    mutating func append(_ packet: OutgoingPacket) -> Bool {
        let isTaken =
            packet.retransmission == nil
            ? pictures.append(packet) : repetitions.append(packet)
        if isTaken { bytes += packet.wireBytes }
        return isTaken
    }

    /// The next to leave.
    mutating func popFirst() -> OutgoingPacket? {
        guard let packet = repetitions.popFirst() ?? pictures.popFirst() else { return nil }
        bytes -= packet.wireBytes
        return packet
    }

    /// Takes what waits for one slot out. O(what waits).
    mutating func discard(slot: Int) {
        bytes -= repetitions.discard(slot: slot) + pictures.discard(slot: slot)
    }
}

/// A queue of packets of fixed capacity.
struct PacketRing: ~Copyable {
    private var packets = UniqueArray<OutgoingPacket?>()
    private var head = 0
    private(set) var count = 0

    mutating func append(_ packet: OutgoingPacket) -> Bool {
        if packets.isEmpty {
            packets = UniqueArray(repeating: nil, count: WaitingPackets.capacity)
        }
        guard count < packets.count else { return false }
        packets[(head + count) % packets.count] = packet
        count += 1
        return true
    }

    mutating func popFirst() -> OutgoingPacket? {
        guard count > 0 else { return nil }
        let packet = packets[head]
        head = (head + 1) % packets.count
        count -= 1
        return packet
    }

    mutating func discard(slot: Int) -> Int {
        var bytes = 0
        for _ in 0..<count {
            guard let packet = popFirst() else { break }
            if packet.slot == slot { bytes += packet.wireBytes } else { _ = append(packet) }
        }
        return bytes
    }
}
