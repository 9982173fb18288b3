// Packets of sound in the order they were said, for whoever takes them as they came.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Puts the packets of one stream of sound in order and hands each out once: nothing is made up, and nothing waits for its time
/// to be heard. What is missing is waited for as long as it is asked for again.
///
/// A pause of the sender's is told from a loss by the numbers of packets. Memory is bounded: ``packetsMax`` packets.
package struct SoundOrder: Sendable {
    /// How many packets wait at most for one that is missing.
    package static let packetsMax = 128
    /// How long a missing packet is waited for once a later one is there.
    package static let patience = MediaDuration.milliseconds(250)
    /// A timestamp so far back, in ticks of 48 kHz, is another clock's and not a late packet's.
    static let leapTicks = 48_000 * 10

    private struct Held: Sendable {
        var packet: SoundPacket
        /// The packet's own number; `nil` for what came inside another (RFC 2198).
        var number: UInt64?
        var cameAt: MediaInstant
    }

    /// Ordered by timestamp, the next first.
    private var held: [Held] = []
    /// The timestamp behind the last packet handed out.
    private var position: RTPTimestamp?
    private var lastNumber: UInt64?

    /// Waits for a first packet.
    package init() {}

    /// Takes a packet. What was handed out already, or is older than that, is dropped.
    /// - Parameter number: Its number in the stream, unwrapped; `nil` for what came inside another packet.
    package mutating func insert(
        _ packet: SoundPacket, number: ExtendedSequenceNumber?, at now: MediaInstant
    ) {
        guard packet.ticks > 0 else { return }
        if let position {
            let ahead = packet.timestamp.distance(from: position)
            if ahead < -Self.leapTicks { self = SoundOrder() } else if ahead < 0 { return }
        }
        var index = held.count
        while index > 0, held[index - 1].packet.timestamp.distance(from: packet.timestamp) > 0 {
            index -= 1
        }
        if index > 0, held[index - 1].packet.timestamp == packet.timestamp {
            if held[index - 1].number == nil { held[index - 1].number = number?.rawValue }
            return
        }
        held.insert(Held(packet: packet, number: number?.rawValue, cameAt: now), at: index)
        // Whoever is not asked for what it holds keeps the newest.
        if held.count > Self.packetsMax * 2 { held.removeFirst() }
    }

    /// The next packet, if it is its turn; call it after each packet and at ``nextDeadline`` until there is none.
    package mutating func next(at now: MediaInstant) -> SoundPacket? {
        while let first = held.first {
            let gap = position.map { first.packet.timestamp.distance(from: $0) } ?? 0
            // Overlaps with what was handed out.
            if gap < 0 {
                held.removeFirst()
                continue
            }
            guard
                gap == 0 || isBehindLast(first) || held.count > Self.packetsMax
                    || now - first.cameAt >= Self.patience
            else { return nil }
            held.removeFirst()
            position = RTPTimestamp(
                first.packet.timestamp.rawValue &+ UInt32(truncatingIfNeeded: first.packet.ticks))
            // What goes on without a gap has the next number, whichever way it came.
            lastNumber = first.number ?? (gap == 0 ? lastNumber.map { $0 &+ 1 } : nil)
            return first.packet
        }
        return nil
    }

    /// When ``next(at:)`` may have something that it has not now; `nil`: with the next packet only.
    package var nextDeadline: MediaInstant? { held.first.map { $0.cameAt + Self.patience } }

    private func isBehindLast(_ held: Held) -> Bool {
        guard let number = held.number, let lastNumber else { return false }
        return number == lastNumber &+ 1
    }
}
