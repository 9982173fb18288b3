// The packets of one stream that were sent lately, to repeat them from.
// SPDX-License-Identifier: Apache-2.0
import RTP
import Wire

/// A packet of media before it is sealed.
struct MediaPacket: Sendable {
    /// Its number in the stream.
    var number: ExtendedSequenceNumber
    var timestamp: RTPTimestamp
    /// The marker bit (RFC 3550 §5.1).
    var marker: Bool
    var payloadType: UInt8
    /// The byte of the audio level (RFC 6464) or of the orientation (3GPP TS 26.114 §7.4.5); `nil`: none is written.
    var value: UInt8?
    var payload: [UInt8]
    /// When it left last; `nil`: not yet.
    var sentAt: MediaInstant?
}

/// The last packets of a stream, a ring.
struct PacketMemory: Sendable {
    /// Empty before the first packet: most sections of a connection never send one.
    private var ring: [MediaPacket?] = []
    private let capacity: Int

    /// Remembers the last `capacity` packets, 1 at least.
    init(capacity: Int) { self.capacity = max(1, capacity) }

    mutating func insert(_ packet: MediaPacket) {
        if ring.isEmpty { ring = Array(repeating: nil, count: capacity) }
        ring[place(of: packet.number)] = packet
    }

    /// The packet of a number; `nil`: it is forgotten, or was never there.
    func packet(_ number: ExtendedSequenceNumber) -> MediaPacket? {
        guard !ring.isEmpty, let packet = ring[place(of: number)], packet.number == number else {
            return nil
        }
        return packet
    }

    mutating func noteSent(_ number: ExtendedSequenceNumber, at now: MediaInstant) {
        guard !ring.isEmpty, ring[place(of: number)]?.number == number else { return }
        ring[place(of: number)]?.sentAt = now
    }

    private func place(of number: ExtendedSequenceNumber) -> Int {
        Int(number.rawValue % UInt64(capacity))
    }
}
