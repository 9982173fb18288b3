// The fixed layout of the RTP headers of one slot.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import RTP
import Wire

/// Writes headers with the same extensions in the same order for every packet of a kind, so that
/// packets of one frame keep one size and can leave in one segmented send.
struct SlotHeader: Sendable {
    let transportSequenceID: UInt8?
    private let kind: MediaKind
    /// The header of packets without a level or an orientation, and that of packets with one.
    private var plain: HeaderTemplate
    private var valued: HeaderTemplate
    /// What headers with a dependency descriptor are written from, since that has no fixed size.
    private let dependencyID: UInt8?
    private let midID: UInt8?
    private let valueID: UInt8?
    private let needsTwoBytes: Bool
    private var mid = InlineArray<16, UInt8>(repeating: 0)
    private let midCount: Int

    /// Whether dependency descriptors are passed on.
    var carriesDependencies: Bool { dependencyID != nil }

    init(configuration: SlotConfiguration) {
        let ids = configuration.extensionIDs
        kind = configuration.kind
        transportSequenceID = ids[.transportSequenceNumber]
        let value = configuration.kind == .audio ? ids[.audioLevel] : ids[.videoOrientation]
        let used = [ids[.mid], transportSequenceID, value]
        let text = Array(configuration.mid.utf8.prefix(16))
        midID = ids[.mid]
        valueID = value
        dependencyID = configuration.kind == .video ? ids[.dependencyDescriptor] : nil
        needsTwoBytes = (used + [dependencyID]).contains { ($0 ?? 0) > 14 }
        midCount = text.count
        for place in text.indices { mid[place] = text[place] }
        var elements = HeaderTemplate.Elements(
            form: used.contains { ($0 ?? 0) > 14 } ? .twoByte : .oneByte,
            mid: ids[.mid].map { ($0, text) }, transportSequence: transportSequenceID)
        plain = HeaderTemplate(elements)
        elements.value = value
        valued = HeaderTemplate(elements)
    }

    /// Mutating, like all that is asked for each packet: else the whole header would be copied first.
    mutating func write(
        for entry: HistoryEntry, marker: Bool, payloadType: UInt8, sequence: SequenceNumber,
        timestamp: RTPTimestamp, ssrc: SSRC, transportSequence: UInt16,
        into packet: inout MutableSpan<UInt8>
    ) -> Int {
        let value = kind == .audio ? entry.audioLevel : entry.orientation
        guard let value else {
            return plain.write(
                marker: marker, payloadType: payloadType, sequence: sequence,
                timestamp: timestamp, ssrc: ssrc, transportSequence: transportSequence, value: 0,
                into: &packet)
        }
        return valued.write(
            marker: marker, payloadType: payloadType, sequence: sequence,
            timestamp: timestamp, ssrc: ssrc, transportSequence: transportSequence, value: value,
            into: &packet)
    }

    /// Writes a header with a dependency descriptor: in the two-byte form (RFC 8285 §4.3) where that is longer than 16
    /// bytes, as those of keyframes are. Only receivers that allow both forms have it negotiated.
    /// - Parameter frameNumber: Written in place of the publisher's.
    /// - Returns: The header's size; `nil` if there is no room.
    mutating func write(
        _ dependencies: Span<UInt8>, frameNumber: UInt16, orientation: UInt8?, marker: Bool,
        payloadType: UInt8, sequence: SequenceNumber, timestamp: RTPTimestamp, ssrc: SSRC,
        transportSequence: UInt16, into packet: inout MutableSpan<UInt8>
    ) -> Int? {
        guard let dependencyID else { return nil }
        let isLong = needsTwoBytes || dependencies.count > 16
        var writer = RTPHeaderWriter(form: isLong ? .twoByte : .oneByte)
        writer.begin(
            marker: marker, payloadType: payloadType, sequenceNumber: sequence,
            timestamp: timestamp, ssrc: ssrc, in: &packet)
        if let midID, midCount > 0 {
            writer.append(id: midID, data: mid.span.extracting(0..<midCount), in: &packet)
        }
        if let transportSequenceID {
            writer.append(id: transportSequenceID, uint16: transportSequence, in: &packet)
        }
        if let valueID, let orientation {
            writer.append(id: valueID, uint8: orientation, in: &packet)
        }
        guard writer.append(id: dependencyID, data: dependencies, in: &packet) else { return nil }
        let start = writer.count - dependencies.count
        packet.setUInt16(frameNumber, at: start + DependencyDescriptor.frameNumberOffset)
        return writer.finish(in: &packet)
    }
}
