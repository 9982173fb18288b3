// Writing an RTP header with its extension straight into the place it is sent from.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Writes one header: `begin`, any number of `append`, `finish`.
///
/// The session's answer decides the form of the extension: the two-byte form only where the peer allows
/// mixing and an element needs it (an empty one, one longer than 16 bytes, or an identifier above 14).
package struct RTPHeaderWriter: Sendable {
    /// The form of the header extension (RFC 8285 §4.2 and §4.3).
    package enum ExtensionForm: Sendable {
        /// Identifiers 1 to 14, data of 1 to 16 bytes.
        case oneByte
        /// Identifiers 1 to 255, data of 0 to 255 bytes.
        case twoByte

        /// Whether an element can be written in this form.
        package func holds(id: UInt8, count: Int) -> Bool {
            switch self {
            case .oneByte: (1...14).contains(id) && (1...16).contains(count)
            case .twoByte: id > 0 && (0...255).contains(count)
            }
        }
    }

    private let form: ExtensionForm
    private var offset = RTPHeader.fixedCount
    private var hasExtension = false

    /// The bytes written so far, without the padding of ``finish(in:)``.
    package var count: Int { offset }

    /// Makes a writer for one header.
    package init(form: ExtensionForm = .oneByte) { self.form = form }

    /// Writes the fixed header, without padding and contributing sources, at the start of `packet`.
    /// - Parameter payloadType: 0 to 127; the high bit is dropped.
    /// - Precondition: `packet` has room for 12 bytes.
    package mutating func begin(
        marker: Bool, payloadType: UInt8, sequenceNumber: SequenceNumber, timestamp: RTPTimestamp,
        ssrc: SSRC, in packet: inout MutableSpan<UInt8>
    ) {
        packet[0] = 0x80
        packet[1] = (marker ? 0x80 : 0) | (payloadType & 0x7F)
        packet.setUInt16(sequenceNumber.rawValue, at: 2)
        packet.setUInt32(timestamp.rawValue, at: 4)
        packet.setUInt32(ssrc.rawValue, at: 8)
        offset = RTPHeader.fixedCount
        hasExtension = false
    }

    /// Adds an element to the extension.
    /// - Returns: Whether it fits the form and the room; if not, nothing is written.
    @discardableResult
    package mutating func append(
        id: UInt8, data: Span<UInt8>, in packet: inout MutableSpan<UInt8>
    ) -> Bool {
        guard let start = open(id: id, count: data.count, in: &packet) else { return false }
        for index in data.indices { packet[start + index] = data[index] }
        return true
    }

    /// Adds an element of one byte; see ``append(id:data:in:)``.
    @discardableResult
    package mutating func append(
        id: UInt8, uint8 value: UInt8, in packet: inout MutableSpan<UInt8>
    ) -> Bool {
        guard let start = open(id: id, count: 1, in: &packet) else { return false }
        packet[start] = value
        return true
    }

    /// Adds an element of a 16-bit number; see ``append(id:data:in:)``.
    @discardableResult
    package mutating func append(
        id: UInt8, uint16 value: UInt16, in packet: inout MutableSpan<UInt8>
    ) -> Bool {
        guard let start = open(id: id, count: 2, in: &packet) else { return false }
        packet.setUInt16(value, at: start)
        return true
    }

    /// Adds an element of the low 24 bits of a number; see ``append(id:data:in:)``.
    @discardableResult
    package mutating func append(
        id: UInt8, uint24 value: UInt32, in packet: inout MutableSpan<UInt8>
    ) -> Bool {
        guard let start = open(id: id, count: 3, in: &packet) else { return false }
        packet[start] = UInt8(truncatingIfNeeded: value >> 16)
        packet.setUInt16(UInt16(truncatingIfNeeded: value), at: start + 1)
        return true
    }

    /// Pads the extension to whole words, writes its head, and gives the count of header bytes.
    package mutating func finish(in packet: inout MutableSpan<UInt8>) -> Int {
        guard hasExtension else { return offset }
        while offset & 3 != 0 {
            packet[offset] = 0
            offset += 1
        }
        packet[0] |= 0x10
        let profile = form == .oneByte ? RTPHeader.oneByteProfile : RTPHeader.twoByteProfile
        packet.setUInt16(profile, at: RTPHeader.fixedCount)
        let words = (offset - RTPHeader.fixedCount - 4) / 4
        packet.setUInt16(UInt16(truncatingIfNeeded: words), at: RTPHeader.fixedCount + 2)
        return offset
    }

    /// Writes a whole header without an extension; returns its count of bytes (12).
    package static func write(
        marker: Bool, payloadType: UInt8, sequenceNumber: SequenceNumber, timestamp: RTPTimestamp,
        ssrc: SSRC, into packet: inout MutableSpan<UInt8>
    ) -> Int {
        var writer = RTPHeaderWriter()
        writer.begin(
            marker: marker, payloadType: payloadType, sequenceNumber: sequenceNumber,
            timestamp: timestamp, ssrc: ssrc, in: &packet)
        return writer.finish(in: &packet)
    }

    /// Writes an element's head and gives the offset of its data.
    private mutating func open(
        id: UInt8, count: Int, in packet: inout MutableSpan<UInt8>
    ) -> Int? {
        guard form.holds(id: id, count: count) else { return nil }
        let head = hasExtension ? offset : offset + 4
        let start = head + (form == .oneByte ? 1 : 2)
        // Up to three bytes of padding follow when the extension is closed.
        guard start + count + 3 <= packet.count else { return nil }
        if form == .oneByte {
            packet[head] = id << 4 | UInt8(truncatingIfNeeded: count - 1)
        } else {
            packet[head] = id
            packet[head + 1] = UInt8(truncatingIfNeeded: count)
        }
        hasExtension = true
        offset = start + count
        return start
    }
}
