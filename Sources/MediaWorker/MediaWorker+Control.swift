// RTCP from peers: reports, requests for repair, requests for keyframes.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import PeerTransport
import RTP
import SRTP
import Wire

extension MediaWorker {
    mutating func receiveRTCP(
        _ datagram: inout MutableSpan<UInt8>, from index: Int, on path: TransportPath,
        at now: MediaInstant
    ) {
        let count: Int
        do throws(SRTPError) {
            let opened = try peers[index]?.transport.openRTCP(&datagram, on: path, at: now) ?? nil
            guard let opened else { return drops.count(.mediaBeforeDTLS) }
            count = opened
        } catch {
            return drops.count(error == .replayed ? .replayed : .authenticationFailed)
        }
        take(datagram.span.extracting(0..<count), from: index, at: now)
    }

    /// Acts on an opened compound packet of a peer.
    mutating func take(_ bytes: Span<UInt8>, from index: Int, at now: MediaInstant) {
        peers[index]?.noteControl(from: bytes.uint32(at: 4).map(SSRC.init))
        var reader = RTCPReader()
        do throws(RTCPError) {
            while let packet = try reader.next(in: bytes) {
                try take(packet, in: bytes, from: index, at: now)
            }
        } catch {
            drops.count(.malformedRTCP)
        }
    }

    private mutating func take(
        _ packet: RTCPPacketView, in bytes: Span<UInt8>, from index: Int, at now: MediaInstant
    ) throws(RTCPError) {
        switch packet.kind {
        case .senderReport:
            takeSenderReport(try SenderReport(packet, in: bytes), from: index, at: now)
            takeBlocks(try ReceptionReportBlocks(packet, in: bytes), bytes, from: index, at: now)
        case .receiverReport:
            takeBlocks(try ReceptionReportBlocks(packet, in: bytes), bytes, from: index, at: now)
        case .nack:
            let nack = try NegativeAcknowledgement(packet, in: bytes)
            guard let slot = slot(of: nack.sources.media, receiver: index) else { return }
            for entry in 0..<nack.entryCount {
                guard let (first, following) = nack.entry(at: entry, in: bytes) else { return }
                // One look for up to 17 numbers: what is asked beyond the budget costs next to
                // nothing.
                guard peers[index]?.budget.hasToken(at: now) == true,
                    slots[slot]?.budget.hasToken(at: now) == true
                else {
                    let count = UInt64(1 + following.nonzeroBitCount)
                    counters.nacksReceived &+= count
                    drops.count(.retransmissionBudget, times: count)
                    continue
                }
                retransmit(first, through: slot, to: index, at: now)
                for bit in 0..<16 where following & (1 << UInt16(bit)) != 0 {
                    let number = SequenceNumber(first.rawValue &+ UInt16(bit) &+ 1)
                    retransmit(number, through: slot, to: index, at: now)
                }
            }
        case .extendedReport:
            takeExtendedReport(
                try ExtendedReport(packet, in: bytes), bytes, from: index, at: now)
        case .pictureLossIndication:
            let sources = try FeedbackSources(packet, in: bytes)
            requestKeyframe(for: sources.media, receiver: index, at: now)
        case .fullIntraRequest:
            let request = try FullIntraRequest(packet, in: bytes)
            for entry in 0..<request.count {
                guard let (ssrc, _) = request.entry(at: entry, in: bytes) else { return }
                requestKeyframe(for: ssrc, receiver: index, at: now)
            }
        case .transportFeedback:
            try takeTransportFeedback(packet, in: bytes, from: index, at: now)
        default:
            break
        }
    }

    private mutating func takeSenderReport(
        _ report: SenderReport, from index: Int, at now: MediaInstant
    ) {
        guard let route = peers[index]?.route(of: report.ssrc) ?? nil,
            producers[route.producer].ssrc == report.ssrc
        else { return }
        let arrival = NTPTime(now, clockZero: configuration.ntpAtZero)
        peers[index]?.clock.observe(reported: report.ntp.rawValue, arrival: arrival.rawValue)
        producers[route.producer].reception.noteSenderReport(report, at: now)
        take(
            StreamReport(ntp: report.ntp.rawValue, timestamp: report.rtpTimestamp),
            on: route.producer, at: now)
        relayReport(on: route.producer, to: tracks[route.track]?.relayLoops ?? 0)
    }

    /// Takes what a publisher reports on a stream, after what it says of the publisher's clock.
    mutating func take(_ report: StreamReport, on producer: Int, at now: MediaInstant) {
        let isFirst = !producers[producer].clock.hasReport
        producers[producer].clock.observeReport(ntp: report.ntp, timestamp: report.timestamp)
        guard isFirst else { return }
        // What receivers were told so far was a guess from arrival times: tell them the truth at
        // once, and again soon: it may be lost.
        for watcher in tracks[producers[producer].track]?.watchers ?? [] {
            guard slots[watcher.slot]?.nextReport != nil else { continue }
            slots[watcher.slot]?.nextReport = now
            slots[watcher.slot]?.reportsOfSource = 0
            schedule(watcher.receiver, by: now)
        }
    }

    private mutating func takeBlocks(
        _ blocks: ReceptionReportBlocks, _ bytes: Span<UInt8>, from index: Int, at now: MediaInstant
    ) {
        let time = NTPTime(now, clockZero: configuration.ntpAtZero)
        var worst: UInt8?
        for number in 0..<blocks.count {
            guard let block = blocks.block(at: number, in: bytes) else { continue }
            if slot(of: block.ssrc, receiver: index) != nil {
                worst = max(worst ?? 0, block.fractionLost)
            }
            if let roundTrip = block.roundTrip(at: time) { noteRoundTrip(roundTrip, of: index) }
        }
        if let worst, let roundTrip = peers[index]?.roundTrip {
            takeLoss(worst, roundTrip: roundTrip, from: index, at: now)
        }
    }

    private mutating func takeExtendedReport(
        _ report: ExtendedReport, _ bytes: Span<UInt8>, from index: Int, at now: MediaInstant
    ) {
        let time = NTPTime(now, clockZero: configuration.ntpAtZero)
        if let sender = peers[index]?.feedbackSSRC,
            let roundTrip = report.roundTrip(of: sender, at: time, in: bytes)
        {
            noteRoundTrip(roundTrip, of: index)
        }
        if let reference = report.referenceTime(in: bytes) {
            echo(reference, of: report.reporter, to: index, at: now)
        }
    }

    /// Echoes a receiver's time, at once: a client that only receives learns its round trip in no other way (RFC 3611 §4.5).
    private mutating func echo(
        _ reference: NTPTime, of reporter: SSRC, to index: Int, at now: MediaInstant
    ) {
        guard let sender = peers[index]?.feedbackSSRC, let next = peers[index]?.nextEcho,
            next <= now
        else { return }
        peers[index]?.nextEcho = now + FeedbackTiming.echoInterval
        let isWritten = control.append(to: index, room: 32) { output in
            RTCPWriter.delaySinceReferenceTime(
                from: sender, to: reporter, last: reference.middle, delay: 0, into: &output)
        }
        if isWritten { counters.timesEchoed &+= 1 }
    }

    /// Takes what a report block says of the round trip to a peer, smoothed from the second on.
    mutating func noteRoundTrip(_ roundTrip: MediaDuration, of index: Int) {
        guard let known = peers[index]?.roundTrip else { return }
        let isFirst = peers[index]?.hasRoundTrip == false
        peers[index]?.hasRoundTrip = true
        peers[index]?.roundTrip =
            isFirst
            ? roundTrip
            : MediaDuration(nanoseconds: (3 * known.nanoseconds + roundTrip.nanoseconds) / 4)
    }

    /// The slot of a receiver that sends on an SSRC.
    private mutating func slot(of ssrc: SSRC, receiver: Int) -> Int? {
        for slot in peers[receiver]?.slots ?? [] where slots[slot]?.ssrc == ssrc { return slot }
        return nil
    }

    private mutating func requestKeyframe(for ssrc: SSRC, receiver: Int, at now: MediaInstant) {
        counters.keyframeRequestsReceived &+= 1
        guard let index = slot(of: ssrc, receiver: receiver), let state = slots[index]?.state
        else { return }
        switch state {
        case .empty: return
        case .waiting: requestKeyframe(forSlot: index, at: now)
        case .flowing(_, let producer):
            // Of a source that has just begun it may be the first keyframe that was lost.
            let started = slots[index]?.startedAt ?? now
            requestKeyframe(
                ofProducer: producer, toStart: now - started < Self.startTime, at: now)
        }
    }

    /// Asks for a keyframe of every stream of a track that somebody wants to see.
    mutating func requestKeyframe(ofTrack track: Int, at now: MediaInstant) {
        for watcher in tracks[track]?.watchers ?? [] {
            requestKeyframe(forSlot: watcher.slot, at: now)
        }
    }

    /// Asks for a keyframe unless that is already under way; cheap enough to be called for each
    /// packet.
    mutating func wantKeyframe(of producer: Int, at now: MediaInstant) {
        guard !producers[producer].keyframes.isWanted else { return }
        requestKeyframe(ofProducer: producer, at: now)
    }

    /// How long after its first packet a source counts as beginning.
    private static let startTime = MediaDuration.seconds(2)

    /// Asks for a keyframe of one stream.
    /// - Parameter isStart: Whether somebody sees nothing of it until then.
    mutating func requestKeyframe(
        ofProducer producer: Int, toStart isStart: Bool = true, at now: MediaInstant
    ) {
        let publisher = producers[producer].peer
        producers[producer].keyframes.request(toStart: isStart)
        if let due = producers[producer].keyframes.deadline {
            schedule(publisher, by: max(due, now))
        }
    }
}
