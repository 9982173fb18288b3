// A client without sockets: it offers, dials, publishes made-up media and keeps what it receives.
// SPDX-License-Identifier: Apache-2.0
import ClientTransport
import DTLS
package import Negotiation
package import PeerTransport
import RTP
import SRTP
package import Wire

/// One participant's end of a call, in virtual time.
package final class VirtualClient {
    /// The largest datagram it sends.
    static let datagramMax = 1_500

    /// Its handle on the server.
    package let id: PeerID
    /// Where its datagrams come from at present (in front of any NAT).
    package var address: NetworkAddress
    /// What it offers.
    package var offer: ClientOffer
    /// What was negotiated, seen from the client.
    package private(set) var media: PeerMedia?
    /// What was negotiated, seen from the server.
    package var serverMedia: PeerMedia?
    /// What its transport reported, with the time.
    package private(set) var events: [(at: MediaInstant, event: PeerTransportEvent)] = []
    /// What it publishes.
    package private(set) var sources: [VirtualSource] = []
    /// The media it has received.
    package var received: [ReceivedPacket] = []
    /// The RTCP it has received.
    package var control: [ReceivedControl] = []
    /// Packets that could not be opened or understood.
    package private(set) var failures: [String] = []
    /// How far its wall clock is ahead of the server's.
    package var wallClockLead = MediaDuration.zero
    /// When its first sender reports leave after the first packet; later ones come each second.
    package var firstReportAfter: MediaDuration? = .milliseconds(500)
    /// Whether it asks again for what it misses.
    package var repairsLosses = false

    let server: NetworkAddress
    let ntpAtZero: NTPTime
    var random: SeededRandom
    private let dtls: DTLSContext
    private var transport: PeerTransport?
    private var outbox: [[UInt8]] = []
    private var nextReport: MediaInstant?
    private var transportSequence: UInt16 = 0
    private var highest: [SSRC: ExtendedSequenceNumber] = [:]
    private var detectors: [(ssrc: SSRC, loss: LossDetector)] = []

    init(
        id: PeerID, address: NetworkAddress, server: NetworkAddress, offer: ClientOffer,
        dtls: DTLSContext, ntpAtZero: NTPTime, random: SeededRandom
    ) {
        self.id = id
        self.address = address
        self.server = server
        self.offer = offer
        self.dtls = dtls
        self.ntpAtZero = ntpAtZero
        self.random = random
    }

    /// Whether media can flow.
    package var isConnected: Bool { transport?.isReady ?? false }

    /// Takes the answer to its offer: the first begins to dial, a later one restarts ICE or brings new sections.
    func accept(answer: String, at now: MediaInstant) throws {
        let before = media
        let media = try offer.media(fromAnswer: answer)
        self.media = media
        if before == nil {
            transport = try PeerTransport.client(
                media: media, dtls: dtls, addresses: [address], tieBreaker: random.next(), at: now)
        } else if before?.localICE != media.localICE {
            try transport?.restart(with: media, at: now)
        }
    }

    /// Begins to publish in a section, from this moment on.
    @discardableResult
    package func publish(
        mid: String, _ settings: SourceSettings, at now: MediaInstant
    ) -> VirtualSource {
        guard let section = media?.section(mid: mid) else {
            preconditionFailure("there is no such section")
        }
        let source = VirtualSource(section: section, settings: settings, at: now, using: &random)
        sources.append(source)
        return source
    }

    /// The packets of one slot, in the order they came.
    package func packets(mid: String) -> [ReceivedPacket] { received.filter { $0.mid == mid } }

    /// The stream that the server sends in a slot.
    package func slotSSRC(mid: String) -> SSRC? {
        media?.section(mid: mid)?.declaredSSRCs.first.map { SSRC($0) }
    }

    // MARK: - Network

    /// When it has something to do of its own accord.
    var nextDeadline: MediaInstant? {
        var deadline = transport?.nextDeadline
        func consider(_ other: MediaInstant?) {
            if let other { deadline = deadline.map { min($0, other) } ?? other }
        }
        if isConnected {
            for source in sources where source.isRunning { consider(source.nextFrame) }
            consider(nextReport)
            for entry in detectors { consider(entry.loss.nextDeadline) }
        }
        return deadline
    }

    func advance(to now: MediaInstant) {
        transport?.advance(to: now)
        drainEvents(at: now)
        guard isConnected else { return }
        for source in sources { sendFrame(of: source, at: now) }
        if nextReport == nil, let firstReportAfter, sources.contains(where: { $0.lastFrame >= 0 }) {
            nextReport = now + firstReportAfter
        }
        if let due = nextReport, due <= now {
            nextReport = now + .seconds(1)
            for source in sources where source.lastFrame >= 0 { sendReport(of: source, at: now) }
        }
        requestLost(at: now)
    }

    func receive(_ bytes: [UInt8], at now: MediaInstant) {
        var bytes = bytes
        let path = TransportPath(socket: 0, remote: server)
        switch bytes.first ?? 255 {
        case 0...3: _ = transport?.receiveSTUN(bytes.span, on: path, at: now)
        case 20...63: _ = transport?.receiveDTLS(bytes.span, on: path, at: now)
        case 128...191:
            if RTCPReader.isRTCP(bytes.span) {
                receiveControl(&bytes, on: path, at: now)
            } else {
                receiveMedia(&bytes, on: path, at: now)
            }
        default: failures.append("unknown first byte")
        }
        drainEvents(at: now)
    }

    /// The next datagram for the server.
    func takeDatagram() -> [UInt8]? {
        if !outbox.isEmpty { return outbox.removeFirst() }
        var isSent = false
        let bytes = [UInt8](capacity: 2_048) { output in
            isSent = transport?.pollTransmit(into: &output) != nil
        }
        return isSent ? bytes : nil
    }

    /// Says goodbye (DTLS `close_notify`).
    package func close() { transport?.close() }

    private func drainEvents(at now: MediaInstant) {
        while let event = transport?.pollEvent() { events.append((now, event)) }
    }

    // MARK: - Sending

    private func sendFrame(of source: VirtualSource, at now: MediaInstant) {
        for packet in source.takeFrame(at: now) {
            send(packet, of: source, isLost: source.loses(packet.sequence))
        }
    }

    /// Seals and sends a packet; a lost one still uses up its transport-wide number, as on a real path.
    private func send(
        _ packet: SourcePacket, of source: VirtualSource, isLost: Bool = false,
        retransmission: ExtendedSequenceNumber? = nil
    ) {
        let section = media?.section(mid: source.mid)
        var writer = RTPHeaderWriter()
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

    private func sendReport(of source: VirtualSource, at now: MediaInstant) {
        let report = SenderReport(
            ssrc: source.ssrc, ntp: NTPTime(now, clockZero: ntpAtZero) + wallClockLead,
            rtpTimestamp: source.timestamp(at: now), packetCount: source.packetCount,
            octetCount: 0)
        sendControl { RTCPWriter.senderReport(report, into: &$0) }
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

    private func requestLost(at now: MediaInstant) {
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

    // MARK: - Receiving

    private func receiveMedia(_ bytes: inout [UInt8], on path: TransportPath, at now: MediaInstant)
    {
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
                payload: payload, tag: PayloadTag(endOf: payload.span)))
    }

    private func noteLoss(_ number: ExtendedSequenceNumber, of ssrc: SSRC, at now: MediaInstant) {
        guard
            media?.sections.contains(where: { section in
                section.declaredRTX.contains { $0.media == ssrc.rawValue }
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

    private func receiveControl(
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
        default: return [.other(packet.type)]
        }
    }

    private func repeatPackets(_ numbers: [SequenceNumber], of ssrc: SSRC, at now: MediaInstant) {
        for source in sources where source.ssrc == ssrc {
            for number in numbers {
                if let repeated = source.retransmission(of: number, at: now) {
                    send(repeated.packet, of: source, retransmission: repeated.sequence)
                }
            }
        }
    }
}
