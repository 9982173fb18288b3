// The fixed layout of the RTP headers of one slot.
// SPDX-License-Identifier: Apache-2.0
import RTP
import Wire

/// Writes headers with the same extensions in the same order for every packet of a kind, so that
/// packets of one frame keep one size and can leave in one segmented send.
struct SlotHeader: Sendable {
    let transportSequenceID: UInt8?
    private let form: RTPHeaderWriter.ExtensionForm
    private let midID: UInt8?
    private let audioLevelID: UInt8?
    private let orientationID: UInt8?
    private var mid = InlineArray<16, UInt8>(repeating: 0)
    private var midCount = 0

    init(configuration: SlotConfiguration) {
        let ids = configuration.extensionIDs
        midID = ids[.mid]
        transportSequenceID = ids[.transportSequenceNumber]
        audioLevelID = configuration.kind == .audio ? ids[.audioLevel] : nil
        orientationID = configuration.kind == .video ? ids[.videoOrientation] : nil
        let used = [midID, transportSequenceID, audioLevelID, orientationID]
        form = used.contains { ($0 ?? 0) > 14 } ? .twoByte : .oneByte
        for byte in configuration.mid.utf8.prefix(16) {
            mid[midCount] = byte
            midCount += 1
        }
    }

    func write(
        for entry: HistoryEntry, payloadType: UInt8, sequence: SequenceNumber,
        timestamp: RTPTimestamp, ssrc: SSRC, transportSequence: UInt16,
        into packet: inout MutableSpan<UInt8>
    ) -> Int {
        var writer = RTPHeaderWriter(form: form)
        writer.begin(
            marker: entry.marker, payloadType: payloadType, sequenceNumber: sequence,
            timestamp: timestamp, ssrc: ssrc, in: &packet)
        if let midID, midCount > 0 {
            _ = writer.append(id: midID, data: mid.span.extracting(0..<midCount), in: &packet)
        }
        if let transportSequenceID {
            writer.append(id: transportSequenceID, uint16: transportSequence, in: &packet)
        }
        if let audioLevelID, let level = entry.audioLevel {
            writer.append(id: audioLevelID, uint8: level, in: &packet)
        }
        if let orientationID, let orientation = entry.orientation {
            writer.append(id: orientationID, uint8: orientation, in: &packet)
        }
        return writer.finish(in: &packet)
    }
}
