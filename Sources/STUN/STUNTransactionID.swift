// The 96-bit number that ties a STUN response to its request.
// SPDX-License-Identifier: Apache-2.0

/// A STUN transaction ID (RFC 8489 §5).
package struct STUNTransactionID: Hashable, Sendable {
    /// Bytes 0 to 7, big-endian.
    package let high: UInt64
    /// Bytes 8 to 11, big-endian.
    package let low: UInt32

    /// Joins the two big-endian parts.
    package init(high: UInt64, low: UInt32) {
        self.high = high
        self.low = low
    }

    /// Draws an ID from a generator, which must be one for secrets (RFC 8489 §5).
    package init(using generator: inout some RandomNumberGenerator) {
        high = generator.next()
        low = UInt32(truncatingIfNeeded: generator.next())
    }

    /// The twelve bytes as they stand on the wire.
    package var bytes: InlineArray<12, UInt8> {
        InlineArray { index in
            index < 8
                ? UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * index))
                : UInt8(truncatingIfNeeded: low >> UInt32(88 - 8 * index))
        }
    }
}
