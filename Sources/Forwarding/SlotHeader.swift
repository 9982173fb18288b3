// The fixed layout of the RTP headers of one slot.
// SPDX-License-Identifier: Apache-2.0
import RTP
import Wire

/// Writes headers with the same extensions in the same order for every packet of a kind, so that
/// packets of one frame keep one size and can leave in one segmented send.
struct SlotHeader: Sendable {
    let transportSequenceID: UInt8?
    private let kind: MediaKind
    /// The header of packets without a level or an orientation, and that of packets with one.
    private let plain: HeaderTemplate
    private let valued: HeaderTemplate

    init(configuration: SlotConfiguration) {
        let ids = configuration.extensionIDs
        kind = configuration.kind
        transportSequenceID = ids[.transportSequenceNumber]
        let value = configuration.kind == .audio ? ids[.audioLevel] : ids[.videoOrientation]
        let used = [ids[.mid], transportSequenceID, value]
        let mid = Array(configuration.mid.utf8.prefix(16))
        var elements = HeaderTemplate.Elements(
            form: used.contains { ($0 ?? 0) > 14 } ? .twoByte : .oneByte,
            mid: ids[.mid].map { ($0, mid) }, transportSequence: transportSequenceID)
        plain = HeaderTemplate(elements)
        elements.value = value
        valued = HeaderTemplate(elements)
    }

    func write(
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
}
