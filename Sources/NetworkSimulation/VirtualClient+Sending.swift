// What a virtual client sends: media, reports, requests.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import PeerTransport
import RTP
package import Wire

extension VirtualClient {
    func sendFrame(of source: VirtualSource, at now: MediaInstant) {
        for packet in source.takeFrame(at: now) {
            send(packet, of: source, isLost: source.loses(packet.sequence))
        }
    }

    /// Seals and sends a packet; a lost one still uses up its transport-wide number, as on a real
    /// path.
    func send(
        _ packet: SourcePacket, of source: VirtualSource, isLost: Bool = false,
        retransmission: ExtendedSequenceNumber? = nil
    ) {
        let section = media?.section(mid: source.mid)
        var writer = RTPHeaderWriter(
            form: packet.dependencies.count > 16 ? .twoByte : .oneByte)
        var bytes = [UInt8](repeating: 0, count: Self.datagramMax)
        var span = bytes.mutableSpan
        let ssrc = retransmission == nil ? source.ssrc : source.retransmissionSSRC ?? source.ssrc
        let type =
            retransmission == nil
            ? source.payloadType : source.retransmissionPayloadType ?? source.payloadType
        let index = retransmission ?? packet.sequence
        writer.begin(
            marker: packet.marker, payloadType: type, sequenceNumber: index.sequenceNumber,
            timestamp: packet.timestamp, ssrc: ssrc, in: &span)
        if let id = section?.extensionID(.mid) {
            writer.append(id: id, data: Array(source.mid.utf8).span, in: &span)
        }
        if let rid = source.settings.rid,
            let id = section?.extensionID(retransmission == nil ? .rid : .repairedRid)
        {
            writer.append(id: id, data: Array(rid.utf8).span, in: &span)
        }
        if let id = section?.extensionID(.transportSequenceNumber) {
            writer.append(id: id, uint16: transportSequence, in: &span)
            transportSequence &+= 1
        }
        if let id = section?.extensionID(.audioLevel), let level = source.settings.audioLevel {
            writer.append(id: id, uint8: level, in: &span)
        }
        if let id = section?.extensionID(.videoOrientation),
            let orientation = source.settings.orientation
        {
            writer.append(id: id, uint8: orientation, in: &span)
        }
        if let id = section?.extensionID(.dependencyDescriptor), !packet.dependencies.isEmpty {
            writer.append(id: id, data: packet.dependencies.span, in: &span)
        }
        let headerCount = writer.finish(in: &span)
        var payload = packet.payload
        if retransmission != nil {
            let original = packet.sequence.sequenceNumber.rawValue
            payload = [UInt8(original >> 8), UInt8(original & 0xFF)] + payload
        }
        let count = try? transport?.sealRTP(
            &span, headerCount: headerCount, payload: payload.span, ssrc: ssrc, index: index)
        guard let count, !isLost else { return }
        outbox.append(Array(bytes.prefix(count)))
    }

    /// Sends a packet of no section: no extension says whose it is.
    package func sendRaw(ssrc: SSRC, payloadType: UInt8, payload: [UInt8]) {
        var bytes = [UInt8](repeating: 0, count: Self.datagramMax)
        var span = bytes.mutableSpan
        let headerCount = RTPHeaderWriter.write(
            marker: false, payloadType: payloadType, sequenceNumber: SequenceNumber(1),
            timestamp: RTPTimestamp(1), ssrc: ssrc, into: &span)
        let count = try? transport?.sealRTP(
            &span, headerCount: headerCount, payload: payload.span, ssrc: ssrc,
            index: ExtendedSequenceNumber(1))
        if let count { outbox.append(Array(bytes.prefix(count))) }
    }

    /// Seals and sends a plain RTP packet as it is, under the index that its number alone says; what
    /// is none goes out unsealed.
    package func sendPlain(_ packet: [UInt8]) {
        guard let header = try? RTPHeader.parse(packet.span), packet.count < Self.datagramMax - 32
        else { return outbox.append(packet) }
        var bytes = packet + [UInt8](repeating: 0, count: 32)
        var span = bytes.mutableSpan
        let payload = Array(packet[header.headerCount...])
        let count = try? transport?.sealRTP(
            &span, headerCount: header.headerCount, payload: payload.span, ssrc: header.ssrc,
            index: ExtendedSequenceNumber(UInt64(header.sequenceNumber.rawValue)))
        if let count { outbox.append(Array(bytes.prefix(count))) }
    }

    func sendReport(of source: VirtualSource, at now: MediaInstant) {
        let report = SenderReport(
            ssrc: source.ssrc, ntp: NTPTime(now, clockZero: ntpAtZero) + wallClockLead,
            rtpTimestamp: source.timestamp(at: now), packetCount: source.packetCount,
            octetCount: 0)
        let reference = referenceTime
        sendControl { output in
            guard RTCPWriter.senderReport(report, into: &output) else { return false }
            guard let reference else { return true }
            let delay = (now - reference.at).nanoseconds * 65_536 / 1_000_000_000
            return RTCPWriter.delaySinceReferenceTime(
                from: report.ssrc, to: reference.from, last: reference.time.middle,
                delay: UInt32(clamping: delay), into: &output)
        }
    }

    /// Sends an RTCP packet written by `write`.
    package func sendControl(_ write: (inout OutputSpan<UInt8>) -> Bool) {
        var bytes = [UInt8](capacity: Self.datagramMax) { output in _ = write(&output) }
        let plain = bytes.count
        bytes += [UInt8](repeating: 0, count: 32)
        var span = bytes.mutableSpan
        guard let count = try? transport?.sealRTCP(&span, count: plain) else { return }
        outbox.append(Array(bytes.prefix(count)))
    }

    func sendTransportFeedback() {
        while arrivals.hasPending {
            sendControl {
                arrivals.makeFeedback(into: &$0, senderSSRC: SSRC(1), mediaSSRC: SSRC(1))
            }
        }
    }

    /// Asks for packets of a slot again.
    package func sendNACK(mid: String, _ numbers: [SequenceNumber]) {
        guard let ssrc = slotSSRC(mid: mid) else { return }
        sendControl {
            RTCPWriter.nack(from: SSRC(1), about: ssrc, lost: numbers.span, into: &$0) > 0
        }
    }

    /// Asks for a keyframe of a slot.
    package func sendPLI(mid: String) {
        guard let ssrc = slotSSRC(mid: mid) else { return }
        sendControl { RTCPWriter.pictureLossIndication(from: SSRC(1), about: ssrc, into: &$0) }
    }

    func requestLost(at now: MediaInstant) {
        for index in detectors.indices {
            let numbers = [SequenceNumber](capacity: 128) { output in
                detectors[index].loss.nextNACKs(at: now, rtt: .milliseconds(60), into: &output)
            }
            guard !numbers.isEmpty else { continue }
            let ssrc = detectors[index].ssrc
            sendControl {
                RTCPWriter.nack(from: SSRC(1), about: ssrc, lost: numbers.span, into: &$0) > 0
            }
        }
    }
}
