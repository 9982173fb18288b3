// The bytes of an RTP header that are the same in every packet of a slot.
// SPDX-License-Identifier: Apache-2.0
import RTP
import Wire

/// An RTP header written once, and the places in it that change from packet to packet.
struct HeaderTemplate: Sendable {
    /// Room for the fixed header, the extension's head, a MID of 16 bytes, a transport-wide sequence number and one
    /// value of a byte, in the two-byte form.
    static let capacity = 48  // As in the type of `bytes`.

    /// What goes into the extension, by identifier; `nil`: not there.
    struct Elements {
        var form: RTPHeaderWriter.ExtensionForm
        var mid: (id: UInt8, text: [UInt8])?
        var transportSequence: UInt8?
        var value: UInt8?
    }

    private var bytes = InlineArray<48, UInt8>(repeating: 0)
    private var count = RTPHeader.fixedCount
    /// Where the two places stand; 0: the header has none.
    private var transportSequenceOffset = 0
    private var valueOffset = 0

    init(_ elements: Elements) {
        var span = bytes.mutableSpan
        var writer = RTPHeaderWriter(form: elements.form)
        writer.begin(
            marker: false, payloadType: 0, sequenceNumber: SequenceNumber(0),
            timestamp: RTPTimestamp(0), ssrc: SSRC(0), in: &span)
        if let mid = elements.mid, !mid.text.isEmpty {
            writer.append(id: mid.id, data: mid.text.span, in: &span)
        }
        if let id = elements.transportSequence, writer.append(id: id, uint16: 0, in: &span) {
            transportSequenceOffset = writer.count - 2
        }
        if let id = elements.value, writer.append(id: id, uint8: 0, in: &span) {
            valueOffset = writer.count - 1
        }
        count = writer.finish(in: &span)
    }

    /// Writes a packet's header.
    /// - Parameter value: The byte of the value's element, if the template has one.
    /// - Precondition: `packet` has room for ``capacity`` bytes.
    /// - Returns: The header's size in bytes.
    mutating func write(
        marker: Bool, payloadType: UInt8, sequence: SequenceNumber, timestamp: RTPTimestamp,
        ssrc: SSRC, transportSequence: UInt16, value: UInt8, into packet: inout MutableSpan<UInt8>
    ) -> Int {
        // Written here, where places are known to the compiler and need no checks, and copied whole.
        bytes[1] = (marker ? 0x80 : 0) | (payloadType & 0x7F)
        set(sequence.rawValue, at: 2)
        set(UInt16(truncatingIfNeeded: timestamp.rawValue >> 16), at: 4)
        set(UInt16(truncatingIfNeeded: timestamp.rawValue), at: 6)
        set(UInt16(truncatingIfNeeded: ssrc.rawValue >> 16), at: 8)
        set(UInt16(truncatingIfNeeded: ssrc.rawValue), at: 10)
        // The whole room, so that it is a copy of a fixed size; the payload goes over what is too much.
        guard packet.copy(bytes.span, to: 0) else { preconditionFailure("no room for a header") }
        if transportSequenceOffset > 0 {
            packet.setUInt16(transportSequence, at: transportSequenceOffset)
        }
        if valueOffset > 0 { packet[valueOffset] = value }
        return count
    }

    @inline(__always)
    private mutating func set(_ value: UInt16, at place: Int) {
        bytes[place] = UInt8(truncatingIfNeeded: value >> 8)
        bytes[place + 1] = UInt8(truncatingIfNeeded: value)
    }
}
