// What a virtual client does with what it receives: it opens, understands and keeps it.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import PeerTransport
import RTP
import SRTP
import Wire

extension VirtualClient {
    func receiveMedia(_ bytes: inout [UInt8], on path: TransportPath, at now: MediaInstant) {
        guard let header = try? RTPHeader.parse(bytes.span) else {
            return failures.append("no RTP header")
        }
        var span = bytes.mutableSpan
        guard
            let opened = try? transport?.openRTP(&span, header: header, on: path, at: now)
        else { return failures.append("RTP that does not open") }
        let packet = Array(bytes.prefix(opened.count))
        guard let range = try? header.payloadRange(in: packet.span) else {
            return failures.append("bad padding")
        }
        note(header, opened.index, packet, payload: range, at: now)
    }

    private func note(
        _ header: RTPHeader, _ index: ExtendedSequenceNumber, _ packet: [UInt8],
        payload range: Range<Int>, at now: MediaInstant
    ) {
        let wire = header.ssrc.rawValue
        let section = media?.sections.first {
            $0.declaredSSRCs.contains(wire) || $0.declaredRTX.contains { $0.retransmission == wire }
        }
        guard let section, let codec = section.codec(payloadType: header.payloadType) else {
            return failures.append("a stream or payload type that was not negotiated")
        }
        let isRepeated = section.declaredRTX.contains { $0.retransmission == wire }
        guard isRepeated == (codec.retransmissionPayloadType == header.payloadType) else {
            return failures.append("a payload type that does not fit its stream")
        }
        if let id = section.extensionID(.transportSequenceNumber),
            let number = header.transportSequenceNumber(id: id, in: packet.span)
        {
            noteArrival(number, at: now)
        }
        if isRepeated, range.isEmpty, header.hasPadding {
            return padding.append((now, packet.count))
        }
        var payload = Array(packet[range])
        var sequence = index
        let media = section.declaredSSRCs.first.map { SSRC($0) } ?? header.ssrc
        if isRepeated {
            guard payload.count >= 2 else { return failures.append("an empty retransmission") }
            let original = SequenceNumber(UInt16(payload[0]) << 8 | UInt16(payload[1]))
            sequence = (highest[media] ?? index).nearest(to: original)
            payload.removeFirst(2)
        } else {
            highest[media] = max(highest[media] ?? index, index)
        }
        if repairsLosses { noteLoss(sequence, of: media, at: now) }
        func data(_ kind: HeaderExtensionKind) -> [UInt8]? {
            guard let id = section.extensionID(kind) else { return nil }
            return header.extensionRange(id: id, in: packet.span).map { Array(packet[$0]) }
        }
        received.append(
            ReceivedPacket(
                at: now, mid: section.mid,
                midExtension: data(.mid).map { String(decoding: $0, as: UTF8.self) },
                ssrc: header.ssrc, payloadType: header.payloadType, codec: codec.codec,
                sequence: sequence, wireSequence: header.sequenceNumber,
                isRetransmission: isRepeated, timestamp: header.timestamp, marker: header.marker,
                transportSequence: data(.transportSequenceNumber).map {
                    SequenceNumber(UInt16($0[0]) << 8 | UInt16($0[1]))
                },
                audioLevel: data(.audioLevel)?.first, orientation: data(.videoOrientation)?.first,
                dependencies: data(.dependencyDescriptor), payload: payload,
                tag: PayloadTag(endOf: payload.span)))
    }

    private func noteLoss(_ number: ExtendedSequenceNumber, of ssrc: SSRC, at now: MediaInstant) {
        guard
            media?.sections.contains(where: { section in
                section.declaredRTX.contains { $0.media == ssrc.rawValue }
                    || section.codecs.contains { $0.codec == .opus && $0.hasNACK }
                        && section.declaredSSRCs.contains(ssrc.rawValue)
            }) == true
        else { return }
        if let index = detectors.firstIndex(where: { $0.ssrc == ssrc }) {
            detectors[index].loss.insert(number, at: now)
        } else {
            var loss = LossDetector(reorderDelay: .milliseconds(10))
            loss.insert(number, at: now)
            detectors.append((ssrc, loss))
        }
    }

    func receiveControl(
        _ bytes: inout [UInt8], on path: TransportPath, at now: MediaInstant
    ) {
        var span = bytes.mutableSpan
        guard let count = try? transport?.openRTCP(&span, on: path, at: now) else {
            return failures.append("RTCP that does not open")
        }
        let packet = Array(bytes.prefix(count))
        var reader = RTCPReader()
        do {
            while let part = try reader.next(in: packet.span) {
                for content in try read(part, in: packet.span, at: now) {
                    control.append(ReceivedControl(at: now, content: content))
                }
            }
        } catch {
            failures.append("RTCP that cannot be read: \(error)")
        }
    }

    private func read(
        _ packet: RTCPPacketView, in bytes: Span<UInt8>, at now: MediaInstant
    ) throws -> [ReceivedControl.Content] {
        switch packet.kind {
        case .senderReport: return [.senderReport(try SenderReport(packet, in: bytes))]
        case .receiverReport:
            let blocks = try ReceptionReportBlocks(packet, in: bytes)
            return [
                .receiverReport((0..<blocks.count).compactMap { blocks.block(at: $0, in: bytes) })
            ]
        case .sourceDescription:
            var cursor = try SourceDescriptionCursor(packet, in: bytes)
            var names: [ReceivedControl.Content] = []
            while let item = try cursor.next(in: bytes) {
                if item.type == SourceDescriptionItem.canonicalNameType {
                    names.append(.canonicalName(item.ssrc, bytes.extracting(item.range).copied()))
                }
            }
            return names
        case .nack:
            let nack = try NegativeAcknowledgement(packet, in: bytes)
            var numbers: [SequenceNumber] = []
            nack.forEachLost(in: bytes) { numbers.append($0) }
            repeatPackets(numbers, of: nack.sources.media, at: now)
            return [.nack(nack.sources.media, numbers)]
        case .extendedReport:
            let report = try ExtendedReport(packet, in: bytes)
            if let echo = report.echo(in: bytes) {
                return [.echoedTime(echo.source, last: echo.last, delay: echo.delay)]
            }
            referenceTime = report.referenceTime(in: bytes).map { (report.reporter, $0, now) }
            return [.other(packet.type)]
        case .pictureLossIndication:
            let about = try FeedbackSources(packet, in: bytes).media
            for source in sources where source.ssrc == about { source.requestKeyframe(at: now) }
            return [.pictureLoss(about)]
        case .transportFeedback:
            let feedback = try TransportFeedback(packet, in: bytes)
            var cursor = TransportFeedbackCursor(feedback)
            var numbers: [SequenceNumber] = []
            while let status = cursor.nextReceived(in: bytes) {
                numbers.append(status.sequenceNumber)
            }
            return [
                .transportFeedback(
                    received: numbers, base: feedback.baseSequenceNumber,
                    statuses: feedback.statusCount)
            ]
        case .receiverEstimatedMaximumBitrate:
            let bound = try ReceiverEstimatedMaximumBitrate(packet, in: bytes)
            return [.maximumBitrate(bound.bitsPerSecond)]
        default: return [.other(packet.type)]
        }
    }

    private func repeatPackets(_ numbers: [SequenceNumber], of ssrc: SSRC, at now: MediaInstant) {
        for source in sources where source.ssrc == ssrc {
            for number in numbers {
                if let repeated = source.retransmission(of: number, at: now) {
                    // Without a stream of retransmissions it is sent under its own number again.
                    let sequence = source.retransmissionSSRC == nil ? nil : repeated.sequence
                    send(repeated.packet, of: source, retransmission: sequence)
                }
            }
        }
    }
}
