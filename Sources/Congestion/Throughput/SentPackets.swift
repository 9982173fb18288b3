// What is remembered of each packet sent, until feedback has spoken of it.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// A packet sent under a transport-wide sequence number; 16 bytes.
struct SentPacket {
    /// What is known of it.
    enum Fate: UInt8 {
        /// The place holds no packet.
        case none
        /// Feedback has not said that it arrived.
        case unknown
        /// It arrived.
        case arrived
    }

    /// The low 32 bits of its unwrapped number.
    var number: UInt32 = 0
    /// When it was sent, in units of 10 us modulo 2^32.
    var sentTick: UInt32 = 0
    /// When it arrived, on the receiver's clock in units of 250 us modulo 2^32.
    var arrivalTick: UInt32 = 0
    /// Its size on the wire.
    var bytes: UInt16 = 0
    /// The probe it belongs to; 0: none.
    var probe: UInt8 = 0
    var fate = Fate.none
}

/// The last packets of one transport, by number: a ring that is taken at the first packet and grows until it holds
/// those of ``span``, or as many as it may.
struct SentPackets: ~Copyable {
    /// How many packets are remembered at first (8 KiB), and at most (32 KiB, over two seconds at 10 Mbit/s).
    static let capacities = (least: 512, most: 2_048)
    /// How far back packets are to be remembered, in milliseconds.
    static let span = 1_500.0
    /// Nanoseconds in one unit of a sending time.
    static let sentTickNanoseconds: Int64 = 10_000

    private var ring: [SentPacket] = []
    /// The unwrapped number after the newest; 0: nothing was sent yet.
    private(set) var end: UInt64 = 0

    /// How many packets are remembered.
    var capacity: Int { ring.count }

    /// The unwrapped number of the oldest packet that may be remembered.
    var start: UInt64 { end > UInt64(ring.count) ? end - UInt64(ring.count) : 0 }

    /// The unit of sending times that `instant` lies in.
    static func tick(of instant: MediaInstant) -> UInt32 {
        UInt32(truncatingIfNeeded: instant.nanoseconds / sentTickNanoseconds)
    }

    /// The time from one sending time to a later one, in milliseconds.
    static func milliseconds(from earlier: UInt32, to later: UInt32) -> Double {
        Double(Int32(bitPattern: later &- earlier)) / 100
    }

    /// The time from one arrival to a later one, in milliseconds.
    static func arrivalMilliseconds(from earlier: UInt32, to later: UInt32) -> Double {
        Double(Int32(bitPattern: later &- earlier)) / 4
    }

    /// Remembers a packet; numbers must grow, what they leave out counts as never sent.
    mutating func note(sequence: UInt16, bytes: Int, probe: UInt8, at now: MediaInstant) {
        if ring.isEmpty {
            ring = [SentPacket](repeating: SentPacket(), count: Self.capacities.least)
            // One wrap above zero, so that what is older has a number too.
            end = 1 << 16 | UInt64(sequence)
        }
        let number = end &+ UInt64(sequence &- UInt16(truncatingIfNeeded: end))
        let oldest = ring[place(of: number)]
        if oldest.fate != .none, ring.count < Self.capacities.most,
            Self.milliseconds(from: oldest.sentTick, to: Self.tick(of: now)) < Self.span
        {
            grow()
        }
        ring[place(of: number)] = SentPacket(
            number: UInt32(truncatingIfNeeded: number), sentTick: Self.tick(of: now),
            bytes: UInt16(clamping: bytes), probe: probe, fate: .unknown)
        end = number &+ 1
    }

    /// The unwrapped number that a sequence number of feedback means, if such a packet was sent and
    /// is remembered.
    func number(of sequence: SequenceNumber) -> UInt64? {
        guard end > 0 else { return nil }
        let age = UInt16(truncatingIfNeeded: end &- 1) &- sequence.rawValue
        guard Int(age) < ring.count else { return nil }
        let number = end &- 1 &- UInt64(age)
        return packet(number) == nil ? nil : number
    }

    /// The packet of an unwrapped number; `nil` if it was not sent or is forgotten.
    func packet(_ number: UInt64) -> SentPacket? {
        guard !ring.isEmpty else { return nil }
        let packet = ring[place(of: number)]
        guard packet.fate != .none, packet.number == UInt32(truncatingIfNeeded: number),
            number < end, number >= start
        else { return nil }
        return packet
    }

    /// Notes that a packet arrived.
    mutating func noteArrival(of number: UInt64, tick: UInt32) {
        guard packet(number) != nil else { return }
        ring[place(of: number)].fate = .arrived
        ring[place(of: number)].arrivalTick = tick
    }

    /// Twice as many places.
    private mutating func grow() {
        var larger = [SentPacket](repeating: SentPacket(), count: ring.count * 2)
        for packet in ring where packet.fate != .none {
            larger[Int(packet.number) & (larger.count - 1)] = packet
        }
        ring = larger
    }

    private func place(of number: UInt64) -> Int { Int(number & UInt64(ring.count - 1)) }
}
