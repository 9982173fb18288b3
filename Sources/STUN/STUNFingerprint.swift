// The CRC-32 that FINGERPRINT carries.
// SPDX-License-Identifier: Apache-2.0

/// The value of the FINGERPRINT attribute (RFC 8489 §14.7).
enum STUNFingerprint {
    /// The CRC-32 of ITU V.42 for each byte value, reflected polynomial 0xEDB88320.
    private static let table: [UInt32] = (0..<256).map { index in
        var remainder = UInt32(index)
        for _ in 0..<8 {
            remainder = remainder & 1 == 1 ? 0xEDB8_8320 ^ (remainder >> 1) : remainder >> 1
        }
        return remainder
    }

    /// The CRC-32 of the first `count` bytes, XORed with "STUN".
    /// - Parameter count: At most the number of bytes. O(count).
    static func value(of bytes: Span<UInt8>, count: Int) -> UInt32 {
        let table = table
        var remainder: UInt32 = 0xFFFF_FFFF
        for index in 0..<count {
            let slot = Int((remainder ^ UInt32(bytes[index])) & 0xFF)
            remainder = table[slot] ^ (remainder >> 8)
        }
        return ~remainder ^ 0x5354_554E
    }
}
