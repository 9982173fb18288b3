// One listener who takes a track's sound as it came, and what is missing of it.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import Payloads
import Wire

/// Counts what is missing before each packet that a reader gets: what never came, pauses, and what the reader was too slow for.
struct PacketGaps: Sendable {
    /// Behind the last packet that was read: on the sender's clock, if it still counts, and on the server's.
    private var end: (mid: String, timestamp: RTPTimestamp)?
    private var endMicroseconds: Int64?

    /// How much is missing before a packet, in microseconds.
    func missing(before packet: SoundPacket, mid: String, microseconds: Int64) -> Int64 {
        if let end, end.mid == mid {
            let ticks = packet.timestamp.distance(from: end.timestamp)
            if ticks >= 0 { return Int64(ticks) * 1_000 / Int64(OpusPacket.ticksPerMillisecond) }
        }
        guard let endMicroseconds else { return 0 }
        return max(0, microseconds - endMicroseconds)
    }

    /// A packet was read.
    mutating func note(_ packet: SoundPacket, mid: String, microseconds: Int64) {
        end = (
            mid,
            RTPTimestamp(packet.timestamp.rawValue &+ UInt32(truncatingIfNeeded: packet.ticks))
        )
        endMicroseconds =
            microseconds + Int64(packet.ticks) * 1_000 / Int64(OpusPacket.ticksPerMillisecond)
    }

    /// What comes next has another clock.
    mutating func interrupt() { end = nil }
}

/// Somebody who takes one track's packets. It belongs to one event loop.
final class PacketTap {
    /// The most packets that wait for a reader: four seconds of the usual ones.
    static let waitingMax = 200

    let number: UInt64
    let key: TrackKey
    private let continuation: AsyncStream<EncodedAudioFrame>.Continuation
    private var gaps = PacketGaps()

    init(
        number: UInt64, key: TrackKey,
        _ continuation: AsyncStream<EncodedAudioFrame>.Continuation
    ) {
        self.number = number
        self.key = key
        self.continuation = continuation
    }

    func take(_ packet: SoundPacket, mid: String, microseconds: Int64) {
        let missing = gaps.missing(before: packet, mid: mid, microseconds: microseconds)
        let frame = EncodedAudioFrame(
            bytes: packet.payload, timestampMicroseconds: microseconds,
            missingMicroseconds: missing)
        // What finds no place is missing before what does.
        if case .dropped = continuation.yield(frame) { return }
        gaps.note(packet, mid: mid, microseconds: microseconds)
    }

    func interrupt() { gaps.interrupt() }

    func finish() { continuation.finish() }
}
