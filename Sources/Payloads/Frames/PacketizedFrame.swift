// A frame, cut into the payloads of RTP packets.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// The payloads of one frame one after the other, in memory that is used again for the next.
package struct PacketizedFrame: Sendable {
    /// All payloads.
    package private(set) var bytes: [UInt8] = []
    private var ends: [Int] = []

    /// Holds no payload.
    package init() {}

    /// How many payloads there are.
    package var count: Int { ends.count }

    /// Where a payload stands among ``bytes``.
    /// - Parameter index: 0 to ``count`` - 1.
    package func range(of index: Int) -> Range<Int> {
        (index == 0 ? 0 : ends[index - 1])..<ends[index]
    }

    /// Forgets the payloads.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    /// Begins with a frame: forgets the payloads of the one before.
    /// - Parameters:
    ///   - payloadMax: The longest payload, in bytes.
    ///   - payloadMin: How many of these there must be.
    /// - Throws: `.empty`, `.payloadTooSmall`.
    mutating func begin(
        _ frame: Span<UInt8>, payloadMax: Int, payloadMin: Int
    ) throws(PacketizationError) {
        removeAll()
        guard !frame.isEmpty else { throw .empty }
        guard payloadMax >= payloadMin else { throw .payloadTooSmall(payloadMax) }
    }

    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    mutating func append(_ part: Span<UInt8>) {
        bytes.reserveCapacity(bytes.count + part.count)
        for index in part.indices { bytes.append(part[index]) }
    }

    /// Ends a payload: what is appended later is of the next.
    mutating func endPayload() { ends.append(bytes.count) }
}

/// Why a frame cannot be cut into packets.
package enum PacketizationError: Error, Equatable, Sendable {
    /// There is nothing in it.
    case empty
    /// It is no byte stream of NAL units, no sequence of OBUs, or no frame of its codec.
    case noUnits
    /// A payload of so many bytes is too small.
    case payloadTooSmall(Int)
    /// It is sent in one packet, for which so many bytes are too many.
    case tooLarge(Int)
}

/// Cuts something into the fewest parts of at most `most` bytes, which are as long as another but for one byte: packets
/// of one size leave in one send.
func equalParts(of count: Int, most: Int) -> (count: Int, size: Int) {
    let parts = count / most + (count % most == 0 ? 0 : 1)
    return (parts, (count + parts - 1) / parts)
}
