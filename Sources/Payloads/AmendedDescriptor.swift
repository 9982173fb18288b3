// A dependency descriptor with one reference more.
// SPDX-License-Identifier: Apache-2.0

/// A dependency descriptor written anew, in which the frame refers to the one right before it as well (AOM: RTP Payload
/// Format For AV1, appendix A.8.2: `frame_dependency_definition`).
package struct AmendedDescriptor: Sendable {
    /// The longest descriptor that is amended, in bytes: only those of keyframes are longer.
    static let byteCountMax = 48
    /// How many references a frame may have before; libwebrtc takes five in all.
    static let referencesMax = 4

    /// Room for the longest, the references of its template (three bytes) and the new one.
    private var bytes = InlineArray<64, UInt8>(repeating: 0)
    private var bitCount = 0

    /// Its bytes.
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { bytes.span.extracting(0..<(bitCount + 7) / 8) }
    }

    /// Amends the descriptor of a frame's first packet.
    /// - Parameter structure: What the descriptor refers to.
    /// - Returns: `nil` if the frame refers to the one before it already, or to too many, and if the descriptor brings a
    ///   structure, is too long, or cannot be read.
    package init?(_ data: Span<UInt8>, by structure: DependencyStructure) {
        guard data.count <= Self.byteCountMax, let head = DependencyDescriptor.parse(data),
            let template = structure.template(head.templateID)
        else { return nil }
        var cursor = BitCursor(offset: 0)
        guard copy(8 * DependencyDescriptor.mandatoryCount, from: data, &cursor) else { return nil }
        let isShort = data.count == DependencyDescriptor.mandatoryCount
        guard let flags = isShort ? 0 : cursor.bits(5, in: data), flags & 0x10 == 0 else {
            return nil
        }
        write(flags | 0x02, 5)
        let indications = (flags & 0x08 != 0 ? 1 : 0) + (flags & 0x04 != 0 ? 2 : 0)
        guard copy(indications * structure.targetCount, from: data, &cursor),
            flags & 0x02 != 0
                ? copyReferences(from: data, &cursor) : writeReferences(template.references)
        else { return nil }
        // One, less one, in a single nibble; then the end.
        write(0b01_0000_00, 8)
        // Differences of chains.
        guard flags & 0x01 == 0 || copy(8 * data.count - cursor.bit, from: data, &cursor) else {
            return nil
        }
    }

    private mutating func write(_ value: UInt32, _ count: Int) {
        var place = count
        while place > 0, bitCount < 8 * bytes.count {
            place -= 1
            bytes[bitCount / 8] |= UInt8(value >> UInt32(place) & 1) << UInt8(7 - bitCount % 8)
            bitCount += 1
        }
    }

    private mutating func copy(
        _ count: Int, from data: Span<UInt8>, _ cursor: inout BitCursor
    ) -> Bool {
        for _ in 0..<count {
            guard let bit = cursor.bits(1, in: data) else { return false }
            write(bit, 1)
        }
        return true
    }

    /// Writes a template's references as a frame's own.
    private mutating func writeReferences(_ references: UInt16) -> Bool {
        guard references & 1 == 0, references.nonzeroBitCount <= Self.referencesMax else {
            return false
        }
        for place in 1..<UInt16.bitWidth where references >> UInt16(place) & 1 != 0 {
            write(0b01, 2)
            write(UInt32(place), 4)
        }
        return true
    }

    /// Copies a frame's own references up to their end.
    private mutating func copyReferences(
        from data: Span<UInt8>, _ cursor: inout BitCursor
    ) -> Bool {
        for _ in 0...Self.referencesMax {
            guard let nibbles = cursor.bits(2, in: data) else { return false }
            if nibbles == 0 { return true }
            guard let lessOne = cursor.bits(4 * Int(nibbles), in: data), lessOne > 0 else {
                return false
            }
            write(nibbles, 2)
            write(lessOne, 4 * Int(nibbles))
        }
        return false
    }
}
