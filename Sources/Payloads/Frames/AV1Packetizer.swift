// AV1 temporal units, cut into RTP payloads.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Cuts temporal units of AV1 into payloads (AOM: RTP Payload Format For AV1 §4): OBUs without their sizes, each element with its length,
/// in packets of about one size.
package struct AV1Packetizer: Sendable {
    /// The least payload that is cut to, in bytes.
    package static let payloadMin = 64
    /// Less of an element than this is not begun at the end of a packet.
    private static let pieceMin = 16
    /// What is not sent (§5): temporal delimiters, tile lists and padding.
    private static let leftOut: [UInt8] = [2, 8, 15]

    /// The OBUs to be sent, one after the other without sizes, and where each ends.
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var pieces: [Range<Int>] = []

    /// Cuts nothing yet.
    package init() {}

    /// Cuts a temporal unit in the low-overhead form (AV1 specification §5.2); the last payload is the one whose packet has the marker bit.
    /// - Parameters:
    ///   - payloadMax: The longest payload in bytes; ``payloadMin`` at least.
    ///   - packets: Takes the payloads in place of what it held.
    package mutating func packetize(
        _ unit: Span<UInt8>, payloadMax: Int, into packets: inout PacketizedFrame
    ) throws(PacketizationError) {
        try packets.begin(unit, payloadMax: payloadMax, payloadMin: Self.payloadMin)
        var startsSequence = try readUnits(of: unit)
        guard !ends.isEmpty else { throw .noUnits }
        let most = payloadMax - 1
        let all = bytes.count + ends.count * 2
        // What goes on in another packet has its length there once more.
        let least = (all + most - 1) / most
        let parts = (all + least * 2 + most - 3) / most
        let room = min(most, (all + parts * 3 - 3) / parts)
        var left = room
        var start = 0
        var continuesFirst = false
        pieces.removeAll(keepingCapacity: true)
        for end in ends {
            var position = start
            while position < end {
                let rest = end - position
                let needed = rest + Self.lengthBytes(rest)
                if needed > left, left < Self.pieceMin, !pieces.isEmpty {
                    flush(continuesFirst, false, &startsSequence, into: &packets)
                    (left, continuesFirst) = (room, position > start)
                }
                let count = needed <= left ? rest : min(rest, left - Self.lengthBytes(left))
                pieces.append(position..<(position + count))
                position += count
                left -= count + Self.lengthBytes(count)
                if position < end {
                    flush(continuesFirst, true, &startsSequence, into: &packets)
                    (left, continuesFirst) = (room, true)
                }
            }
            start = end
        }
        if !pieces.isEmpty { flush(continuesFirst, false, &startsSequence, into: &packets) }
    }

    /// Takes the OBUs that are sent, without their sizes.
    /// - Returns: Whether a coded video sequence begins with them.
    private mutating func readUnits(of unit: Span<UInt8>) throws(PacketizationError) -> Bool {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        var startsSequence = false
        var offset = 0
        while let header = unit.uint8(at: offset) {
            // |F| type |X|S|-|
            guard header & 0x80 == 0 else { throw .noUnits }
            let type = header >> 3 & 0x0F
            let headCount = header & 0x04 != 0 ? 2 : 1
            guard headCount <= unit.count - offset else { throw .noUnits }
            var body = offset + headCount
            var count = unit.count - body
            if header & 0x02 != 0 {
                guard let size = Self.readSize(unit, at: &body), size <= unit.count - body else {
                    throw .noUnits
                }
                count = size
            }
            if !Self.leftOut.contains(type) {
                bytes.append(header & ~0x02)
                if headCount == 2 { bytes.append(unit[offset + 1]) }
                for index in body..<(body + count) { bytes.append(unit[index]) }
                ends.append(bytes.count)
                if type == AV1Element.sequenceHeaderType { startsSequence = true }
            }
            offset = body + count
        }
        return startsSequence
    }

    /// Writes a payload: `|Z|Y| W |N|-|-|-|`, then elements with their lengths (W is 0).
    private mutating func flush(
        _ continuesFirst: Bool, _ continuesLast: Bool, _ startsSequence: inout Bool,
        into packets: inout PacketizedFrame
    ) {
        packets.append(
            (continuesFirst ? 0x80 : 0) | (continuesLast ? 0x40 : 0) | (startsSequence ? 0x08 : 0))
        startsSequence = false
        for piece in pieces {
            var length = piece.count
            repeat {
                let byte = UInt8(length & 0x7F)
                length >>= 7
                packets.append(length > 0 ? byte | 0x80 : byte)
            } while length > 0
            packets.append(bytes.span.extracting(piece))
        }
        packets.endPayload()
        pieces.removeAll(keepingCapacity: true)
    }

    /// How many bytes a length below 2^21 takes in leb128 (AV1 specification §4.10.5).
    private static func lengthBytes(_ length: Int) -> Int {
        length < 0x80 ? 1 : length < 0x4000 ? 2 : 3
    }

    /// Reads a leb128 number below 2^32 and moves past it.
    private static func readSize(_ unit: Span<UInt8>, at offset: inout Int) -> Int? {
        var value: UInt64 = 0
        for position in 0..<8 {
            guard let byte = unit.uint8(at: offset) else { return nil }
            offset += 1
            value |= UInt64(byte & 0x7F) << UInt64(7 * position)
            if byte & 0x80 == 0 { return value > UInt64(UInt32.max) ? nil : Int(value) }
        }
        return nil
    }
}
