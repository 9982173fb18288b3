// What a connection does with RTCP that comes.
// SPDX-License-Identifier: Apache-2.0
import Congestion
import PeerTransport
import RTP
import SRTP
import Wire

extension ClientConnection {
    /// A packet is not repeated again sooner than this, or than three quarters of a round trip.
    private static let repetitionPause = MediaDuration.milliseconds(10)
    /// The most repetitions that wait.
    private static let repetitionsMax = 1_024

    mutating func receiveControl(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        guard let count = (try? transport.openRTCP(&datagram, on: path, at: now)) ?? nil else {
            return refuse()
        }
        let bytes = datagram.span.extracting(0..<count)
        var reader = RTCPReader()
        do throws(RTCPError) {
            while let packet = try reader.next(in: bytes) { try read(packet, in: bytes, at: now) }
        } catch {
            refuse()
        }
    }

    private mutating func read(
        _ packet: RTCPPacketView, in bytes: Span<UInt8>, at now: MediaInstant
    ) throws(RTCPError) {
        switch packet.kind {
        case .senderReport:
            let report = try SenderReport(packet, in: bytes)
            for index in receivers.indices where receivers[index].ssrc == report.ssrc {
                receivers[index].note(report, at: now)
            }
        case .receiverReport:
            let blocks = try ReceptionReportBlocks(packet, in: bytes)
            for place in 0..<blocks.count {
                guard let block = blocks.block(at: place, in: bytes) else { continue }
                for index in senders.indices where senders[index].ssrc == block.ssrc {
                    senders[index].noteLoss(block.fractionLost)
                    note(roundTrip: block.roundTrip(at: NTPTime(now, clockZero: clockZero)))
                }
            }
        case .extendedReport:
            let report = try ExtendedReport(packet, in: bytes)
            note(
                roundTrip: report.roundTrip(
                    of: ownSSRC, at: NTPTime(now, clockZero: clockZero), in: bytes))
        case .nack:
            let nack = try NegativeAcknowledgement(packet, in: bytes)
            guard let index = senders.firstIndex(where: { $0.ssrc == nack.sources.media }) else {
                return
            }
            var lost: [SequenceNumber] = []
            nack.forEachLost(in: bytes) { lost.append($0) }
            senders[index].noteAskedFor(lost.count)
            for number in lost { repeatPacket(number, of: index, at: now) }
        case .pictureLossIndication:
            noteKeyframeRequest(try FeedbackSources(packet, in: bytes).media)
        case .fullIntraRequest:
            let request = try FullIntraRequest(packet, in: bytes)
            for place in 0..<request.count {
                if let entry = request.entry(at: place, in: bytes) {
                    noteKeyframeRequest(entry.ssrc)
                }
            }
        case .transportFeedback:
            estimator.receive(try TransportFeedback(packet, in: bytes), in: bytes, at: now)
            if roundTrip == nil || !receivers.contains(where: \.hasBegun) {
                roundTrip = estimator.roundTrip
            }
            lookAfterEstimate(at: now)
        case .receiverEstimatedMaximumBitrate:
            serverBound = Double(
                try ReceiverEstimatedMaximumBitrate(packet, in: bytes).bitsPerSecond)
        default: break
        }
    }

    private mutating func note(roundTrip found: MediaDuration?) {
        guard let found else { return }
        // Smoothed as TCP does (RFC 6298 §2.3).
        let before = roundTrip ?? found
        roundTrip = MediaDuration(
            nanoseconds: before.nanoseconds / 8 * 7 + found.nanoseconds / 8)
    }

    private mutating func noteKeyframeRequest(_ ssrc: SSRC) {
        guard let index = senders.firstIndex(where: { $0.ssrc == ssrc }) else { return }
        senders[index].noteKeyframeRequest()
        report(.keyframeRequested(mid: senders[index].mid, rid: senders[index].rid))
    }

    private mutating func repeatPacket(
        _ wire: SequenceNumber, of index: Int, at now: MediaInstant
    ) {
        guard let packet = senders[index].packets.packet(senders[index].number(wire)),
            let sentAt = packet.sentAt, repetitions.count < Self.repetitionsMax
        else { return }
        let pause = max(
            Self.repetitionPause,
            MediaDuration(nanoseconds: (roundTrip ?? .zero).nanoseconds / 4 * 3))
        let queued = QueuedPacket(
            stream: index, number: packet.number, isRepetition: true,
            bytes: packet.payload.count + SendingStream.headersMax)
        guard now - sentAt >= pause, !repetitions.contains(queued),
            budget.takeRepetition(bytes: queued.bytes, estimate: estimator.target, at: now)
        else { return }
        if senders[index].kind == .audio {
            sound.append(queued)
        } else {
            repetitions.append(queued)
        }
        nextRelease = now
    }
}
