// Packets sent together are one group; what changes in the way of groups is what the delay is judged by.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Gathers acknowledged packets into groups by when they were sent, and gives the differences between
/// two groups (draft-ietf-rmcat-gcc-02 §5.2 and §5.3).
struct InterArrival {
    /// Packets sent within this time are one group.
    static let groupMilliseconds = 5.0
    /// Packets that arrive this close behind one another, nearer than they were sent, are a burst of
    /// the network's and belong to the group before.
    static let burstMilliseconds = 5.0
    /// How long a burst may be.
    static let burstMillisecondsMax = 100.0
    /// A clock that moves this much against ours has jumped.
    static let jumpMilliseconds = 3_000.0
    /// How many groups in a row may arrive before their forerunners.
    static let reorderedMax = 3

    /// The differences between two groups, in milliseconds.
    struct Delta: Equatable {
        var sending: Double
        var arrival: Double
        /// When the later group had arrived, in units of 250 us.
        var arrivalTick: UInt32
    }

    private struct Group {
        var firstSent: UInt32
        var lastSent: UInt32
        var firstArrival: UInt32
        var lastArrival: UInt32
    }

    private var current: Group?
    private var previous: Group?
    private var reordered = 0

    /// Takes a packet; gives the differences of the two groups before it when it begins a new one.
    mutating func add(_ packet: SentPacket) -> Delta? {
        guard var group = current else {
            begin(with: packet)
            return nil
        }
        let sinceFirst = SentPackets.milliseconds(from: group.firstSent, to: packet.sentTick)
        // One that was sent before its group is out of order and says nothing.
        guard sinceFirst >= 0 else { return nil }
        if sinceFirst <= Self.groupMilliseconds || isBurst(packet, of: group) {
            if SentPackets.milliseconds(from: group.lastSent, to: packet.sentTick) > 0 {
                group.lastSent = packet.sentTick
            }
            if SentPackets.arrivalMilliseconds(from: group.lastArrival, to: packet.arrivalTick) > 0
            {
                group.lastArrival = packet.arrivalTick
            }
            current = group
            return nil
        }
        let delta = finish(group)
        begin(with: packet)
        return delta
    }

    private mutating func begin(with packet: SentPacket) {
        current = Group(
            firstSent: packet.sentTick, lastSent: packet.sentTick,
            firstArrival: packet.arrivalTick, lastArrival: packet.arrivalTick)
    }

    private func isBurst(_ packet: SentPacket, of group: Group) -> Bool {
        let arrival = SentPackets.arrivalMilliseconds(
            from: group.lastArrival, to: packet.arrivalTick)
        let sending = SentPackets.milliseconds(from: group.lastSent, to: packet.sentTick)
        if sending == 0 { return true }
        let length = SentPackets.arrivalMilliseconds(
            from: group.firstArrival, to: packet.arrivalTick)
        return arrival - sending < 0 && arrival <= Self.burstMilliseconds
            && length < Self.burstMillisecondsMax
    }

    private mutating func finish(_ group: Group) -> Delta? {
        defer { previous = group }
        guard let before = previous else { return nil }
        let sending = SentPackets.milliseconds(from: before.lastSent, to: group.lastSent)
        let arrival = SentPackets.arrivalMilliseconds(
            from: before.lastArrival, to: group.lastArrival)
        if abs(arrival - sending) >= Self.jumpMilliseconds {
            self = InterArrival()
            return nil
        }
        if arrival < 0 {
            reordered += 1
            if reordered >= Self.reorderedMax { self = InterArrival() }
            return nil
        }
        reordered = 0
        return Delta(sending: sending, arrival: arrival, arrivalTick: group.lastArrival)
    }
}
