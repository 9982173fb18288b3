// Packets that wait for their turn to leave.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Which packet of which stream.
struct QueuedPacket: Sendable, Equatable {
    /// The stream's place among those that are sent.
    var stream: Int
    /// The packet's number in it.
    var number: ExtendedSequenceNumber
    /// Whether it is sent again.
    var isRepetition: Bool
    /// Its size with all headers, as near as it is known before it is sealed.
    var bytes: Int
}

/// First in, first out, in memory that is used again. Whoever fills it bounds it.
struct PacketQueue: Sendable {
    private var packets: [QueuedPacket] = []
    private var taken = 0
    /// What all that wait have in bytes.
    private(set) var bytes = 0

    var isEmpty: Bool { taken == packets.count }
    var count: Int { packets.count - taken }

    mutating func append(_ packet: QueuedPacket) {
        packets.append(packet)
        bytes += packet.bytes
    }

    mutating func popFirst() -> QueuedPacket? {
        guard taken < packets.count else { return nil }
        let packet = packets[taken]
        taken += 1
        bytes -= packet.bytes
        // What was taken is let go of in large pieces, so that each packet costs the same.
        if taken == packets.count {
            packets.removeAll(keepingCapacity: true)
            taken = 0
        } else if taken >= 512 {
            packets.removeFirst(taken)
            taken = 0
        }
        return packet
    }

    func contains(_ packet: QueuedPacket) -> Bool { packets[taken...].contains(packet) }
}
