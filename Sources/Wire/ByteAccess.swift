// Big-endian reading and writing of bytes in spans, checked.
// SPDX-License-Identifier: Apache-2.0

extension Span<UInt8> {
    /// The byte at `offset`; `nil` outside the span.
    @inlinable
    package func uint8(at offset: Int) -> UInt8? {
        offset >= 0 && offset < count ? self[offset] : nil
    }

    /// The big-endian 16-bit number at `offset`; `nil` if it does not lie wholly inside.
    @inlinable
    package func uint16(at offset: Int) -> UInt16? {
        guard offset >= 0, offset <= count - 2 else { return nil }
        return UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }

    /// The big-endian 24-bit number at `offset`; `nil` if it does not lie wholly inside.
    @inlinable
    package func uint24(at offset: Int) -> UInt32? {
        guard offset >= 0, offset <= count - 3 else { return nil }
        return UInt32(self[offset]) << 16 | UInt32(self[offset + 1]) << 8 | UInt32(self[offset + 2])
    }

    /// The big-endian 32-bit number at `offset`; `nil` if it does not lie wholly inside.
    @inlinable
    package func uint32(at offset: Int) -> UInt32? {
        guard offset >= 0, offset <= count - 4 else { return nil }
        return UInt32(self[offset]) << 24 | UInt32(self[offset + 1]) << 16
            | UInt32(self[offset + 2]) << 8 | UInt32(self[offset + 3])
    }

    /// The big-endian 64-bit number at `offset`; `nil` if it does not lie wholly inside.
    @inlinable
    package func uint64(at offset: Int) -> UInt64? {
        guard let high = uint32(at: offset), let low = uint32(at: offset + 4) else { return nil }
        return UInt64(high) << 32 | UInt64(low)
    }

    /// A copy of the bytes as an array. Allocates: not for the packet path.
    package func copied() -> [UInt8] {
        // The pointer is used inside the closure alone.
        unsafe withUnsafeBufferPointer { unsafe Array($0) }
    }
}

extension MutableSpan<UInt8> {
    /// Writes a big-endian 16-bit number at `offset`, which must lie wholly inside.
    @inlinable
    package mutating func setUInt16(_ value: UInt16, at offset: Int) {
        self[offset] = UInt8(truncatingIfNeeded: value >> 8)
        self[offset + 1] = UInt8(truncatingIfNeeded: value)
    }

    /// Writes a big-endian 32-bit number at `offset`, which must lie wholly inside.
    @inlinable
    package mutating func setUInt32(_ value: UInt32, at offset: Int) {
        setUInt16(UInt16(truncatingIfNeeded: value >> 16), at: offset)
        setUInt16(UInt16(truncatingIfNeeded: value), at: offset + 2)
    }
}

extension OutputSpan<UInt8> {
    /// Appends a big-endian 16-bit number; there must be room for it.
    @inlinable
    package mutating func append(uint16 value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    /// Appends the low 24 bits of a number, big-endian; there must be room for them.
    @inlinable
    package mutating func append(uint24 value: UInt32) {
        append(UInt8(truncatingIfNeeded: value >> 16))
        append(uint16: UInt16(truncatingIfNeeded: value))
    }

    /// Appends a big-endian 32-bit number; there must be room for it.
    @inlinable
    package mutating func append(uint32 value: UInt32) {
        append(uint16: UInt16(truncatingIfNeeded: value >> 16))
        append(uint16: UInt16(truncatingIfNeeded: value))
    }

    /// Appends a big-endian 64-bit number; there must be room for it.
    @inlinable
    package mutating func append(uint64 value: UInt64) {
        append(uint32: UInt32(truncatingIfNeeded: value >> 32))
        append(uint32: UInt32(truncatingIfNeeded: value))
    }

    /// Appends all bytes of a span; there must be room for them.
    @inlinable
    package mutating func append(bytes: Span<UInt8>) {
        for index in bytes.indices { append(bytes[index]) }
    }
}
