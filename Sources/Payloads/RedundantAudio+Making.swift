// Redundant audio as a publisher makes it: a new packet, and the one before it once more.
// SPDX-License-Identifier: Apache-2.0

extension RedundantAudio {
    /// The most bytes of a repeated block: its length has 10 bits (RFC 2198 §3).
    package static let blockBytesMax = 1_023
    /// The furthest that a repeated block reaches back: its offset has 14 bits.
    package static let ticksMax: UInt32 = 16_383

    /// A payload with a new packet, and before it one that was sent earlier.
    /// - Parameters:
    ///   - primary: The new packet, not empty.
    ///   - repeated: The earlier one, of 1 to ``blockBytesMax`` bytes, and how long ago it was sent in ticks of the RTP
    ///     clock, 1 to ``ticksMax``; one that does not fit is left out. `nil`: the new one goes alone, as RFC 2198 §3 has it.
    ///   - payloadType: Of both, 0 to 127.
    package static func payload(
        primary: [UInt8], repeating repeated: (bytes: [UInt8], ticks: UInt32)?, payloadType: UInt8
    ) -> [UInt8] {
        let type = payloadType & 0x7F
        guard let (bytes, ticks) = repeated, 1...blockBytesMax ~= bytes.count,
            1...ticksMax ~= ticks
        else { return [type] + primary }
        var payload: [UInt8] = []
        payload.reserveCapacity(headCount + 1 + bytes.count + primary.count)
        // |F=1| block PT | timestamp offset 14 | block length 10 |
        let word = 0x8000_0000 | UInt32(type) << 24 | ticks << 10 | UInt32(bytes.count)
        for shift in [24, 16, 8, 0] as [UInt32] {
            payload.append(UInt8(truncatingIfNeeded: word >> shift))
        }
        payload.append(type)
        payload += bytes
        payload += primary
        return payload
    }
}
