// How fast packets arrive, measured over the last half second of them.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// The rate at which acknowledged packets arrived, never more than the rate at which they were sent.
///
/// As libwebrtc's robust throughput estimator: over a window of packets, the smaller of the rates of
/// sending and of arrival, so that neither a burst of ours nor one of the network's looks like
/// capacity. O(1) per packet; it reads the packets where they are kept.
struct AcknowledgedRate {
    /// How much time the window spans once it holds ``packetsMin`` packets.
    static let windowMilliseconds = 500.0
    /// How much it spans at most, however few packets it holds.
    static let windowMillisecondsMax = 1_000.0
    /// How many packets the window holds at least, if time allows.
    static let packetsMin = 12
    /// From how many packets on there is a rate.
    static let packetsForRate = 5
    /// How short a window may be to give a rate.
    static let windowMillisecondsMin = 80.0

    private var tail: UInt64 = 0
    private var head: UInt64 = 0
    private var bytes = 0
    private var count = 0

    /// Forgets everything.
    mutating func reset() { self = AcknowledgedRate() }

    /// Takes a packet that has just been acknowledged; one older than the newest is passed over.
    mutating func add(_ number: UInt64, of packets: borrowing SentPackets) {
        guard let packet = packets.packet(number) else { return }
        if count > 0 {
            guard number > head else { return }
            guard let newest = packets.packet(head),
                abs(
                    SentPackets.arrivalMilliseconds(
                        from: newest.arrivalTick, to: packet.arrivalTick))
                    < Self.windowMillisecondsMax
            else {
                reset()
                return add(number, of: packets)
            }
        } else {
            tail = number
        }
        head = number
        bytes += Int(packet.bytes)
        count += 1
        while count > 2, isTooLong(packet, in: packets) { dropTail(of: packets) }
    }

    private func isTooLong(_ newest: SentPacket, in packets: borrowing SentPackets) -> Bool {
        guard let oldest = packets.packet(tail) else { return true }
        let span = SentPackets.arrivalMilliseconds(
            from: oldest.arrivalTick, to: newest.arrivalTick)
        return span
            > (count > Self.packetsMin ? Self.windowMilliseconds : Self.windowMillisecondsMax)
    }

    private mutating func dropTail(of packets: borrowing SentPackets) {
        bytes -= Int(packets.packet(tail)?.bytes ?? 0)
        count -= 1
        tail += 1
        // Bounded: the next one that arrived is at most the head.
        while tail < head, packets.packet(tail)?.fate != .arrived { tail += 1 }
    }

    /// Bits a second; `nil` while there are too few packets.
    func bitsPerSecond(of packets: borrowing SentPackets) -> Double? {
        guard count >= Self.packetsForRate, let first = packets.packet(tail),
            let last = packets.packet(head)
        else { return nil }
        let arriving = SentPackets.arrivalMilliseconds(
            from: first.arrivalTick, to: last.arrivalTick)
        guard arriving >= Self.windowMillisecondsMin else { return nil }
        // The time of arrival does not hold the first packet, that of sending not the last.
        let arrivalRate = Double(bytes - Int(first.bytes)) * 8_000 / arriving
        let sending = SentPackets.milliseconds(from: first.sentTick, to: last.sentTick)
        guard sending > 0 else { return arrivalRate }
        return min(arrivalRate, Double(bytes - Int(last.bytes)) * 8_000 / sending)
    }

    /// The rate of arrival of the newest packets alone, in bits a second: what a full path carries at
    /// present. `nil` if they are too few.
    func recentBitsPerSecond(
        of packets: borrowing SentPackets, milliseconds: Double
    ) -> Double? {
        guard count >= Self.packetsForRate, let last = packets.packet(head) else { return nil }
        var number = head
        var sum = 0
        var packetsSeen = 0
        var span = 0.0
        // Bounded by the window, which is at most the ring.
        while number > tail {
            guard let packet = packets.packet(number) else { return nil }
            if packet.fate == .arrived {
                span = SentPackets.arrivalMilliseconds(
                    from: packet.arrivalTick, to: last.arrivalTick)
                if span >= milliseconds, packetsSeen >= Self.packetsForRate { break }
                sum += Int(packet.bytes)
                packetsSeen += 1
            }
            number -= 1
        }
        guard span >= Self.windowMillisecondsMin, packetsSeen >= Self.packetsForRate else {
            return nil
        }
        return Double(sum) * 8_000 / span
    }
}
