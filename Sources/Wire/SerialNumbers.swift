// Numbers that wrap (RTP sequence numbers and timestamps) and their unwrapped forms.
// SPDX-License-Identifier: Apache-2.0

/// A synchronization source identifier (RFC 3550 §3).
package struct SSRC: Hashable, Sendable, Comparable {
    /// The 32 bits.
    package var rawValue: UInt32
    /// Wraps 32 bits.
    @inlinable
    package init(_ rawValue: UInt32) { self.rawValue = rawValue }
    /// Orders by number, for a stable order only.
    @inlinable
    package static func < (left: SSRC, right: SSRC) -> Bool { left.rawValue < right.rawValue }
}

/// A 16-bit RTP sequence number; comparison is by distance (RFC 1982).
package struct SequenceNumber: Hashable, Sendable {
    /// The 16 bits.
    package var rawValue: UInt16
    /// Wraps 16 bits.
    @inlinable
    package init(_ rawValue: UInt16) { self.rawValue = rawValue }
    /// How far `self` is ahead of `other`: -32,768 to 32,767.
    @inlinable
    package func distance(from other: SequenceNumber) -> Int {
        Int(Int16(bitPattern: rawValue &- other.rawValue))
    }
}

/// A 32-bit RTP timestamp in units of the payload's clock; comparison is by distance.
package struct RTPTimestamp: Hashable, Sendable {
    /// The 32 bits.
    package var rawValue: UInt32
    /// Wraps 32 bits.
    @inlinable
    package init(_ rawValue: UInt32) { self.rawValue = rawValue }
    /// How far `self` is ahead of `other`, in clock units: -2^31 to 2^31 - 1.
    @inlinable
    package func distance(from other: RTPTimestamp) -> Int {
        Int(Int32(bitPattern: rawValue &- other.rawValue))
    }
    /// Said here, as those of ``ExtendedSequenceNumber`` are: what is synthesised is called through a witness table
    /// from other modules.
    @inlinable
    package static func == (left: RTPTimestamp, right: RTPTimestamp) -> Bool {
        left.rawValue == right.rawValue
    }
    /// Whether they differ.
    @inlinable
    package static func != (left: RTPTimestamp, right: RTPTimestamp) -> Bool {
        left.rawValue != right.rawValue
    }
}

/// A sequence number that never wraps: the number of wraps (ROC) above the 16 bits of the wire.
package struct ExtendedSequenceNumber: Hashable, Sendable, Comparable {
    /// `rolloverCounter << 16 | sequenceNumber`.
    package var rawValue: UInt64
    /// Wraps the unwrapped number.
    @inlinable
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    /// The 16 bits of the wire.
    @inlinable
    package var sequenceNumber: SequenceNumber {
        SequenceNumber(UInt16(truncatingIfNeeded: rawValue))
    }
    /// How often the 16 bits have wrapped, modulo 2^32 (RFC 3711 §3.3.1).
    @inlinable
    package var rolloverCounter: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 16) }
    /// Orders by age.
    @inlinable
    package static func < (left: ExtendedSequenceNumber, right: ExtendedSequenceNumber) -> Bool {
        left.rawValue < right.rawValue
    }
    /// Orders by age.
    @inlinable
    package static func > (left: ExtendedSequenceNumber, right: ExtendedSequenceNumber) -> Bool {
        left.rawValue > right.rawValue
    }
    /// Orders by age.
    @inlinable
    package static func <= (left: ExtendedSequenceNumber, right: ExtendedSequenceNumber) -> Bool {
        left.rawValue <= right.rawValue
    }
    /// Orders by age.
    @inlinable
    package static func >= (left: ExtendedSequenceNumber, right: ExtendedSequenceNumber) -> Bool {
        left.rawValue >= right.rawValue
    }
    /// Whether they are one number.
    @inlinable
    package static func == (left: ExtendedSequenceNumber, right: ExtendedSequenceNumber) -> Bool {
        left.rawValue == right.rawValue
    }
    /// The unwrapped number nearest to `self` whose 16 bits are `number`; never below zero.
    @inlinable
    package func nearest(to number: SequenceNumber) -> ExtendedSequenceNumber {
        let step = number.distance(from: sequenceNumber)
        if step < 0, rawValue < UInt64(-step) {
            return ExtendedSequenceNumber(UInt64(number.rawValue))
        }
        return ExtendedSequenceNumber(rawValue &+ UInt64(bitPattern: Int64(step)))
    }
}
