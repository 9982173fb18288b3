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
        let bytes = datagram.span.extracting(0..<count)
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
        case .pictureLossIndication:
            let sources = try FeedbackSources(packet, in: bytes)
            requestKeyframe(for: sources.media, receiver: index, at: now)
        case .fullIntraRequest:
            let request = try FullIntraRequest(packet, in: bytes)
            for entry in 0..<request.count {
                guard let (ssrc, _) = request.entry(at: entry, in: bytes) else { return }
                requestKeyframe(for: ssrc, receiver: index, at: now)
            }
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
        let isFirst = !producers[route.producer].clock.hasReport
        let arrival = NTPTime(now, clockZero: configuration.ntpAtZero)
        peers[index]?.clock.observe(reported: report.ntp.rawValue, arrival: arrival.rawValue)
        producers[route.producer].clock.observeReport(
            ntp: report.ntp.rawValue, timestamp: report.rtpTimestamp)
        producers[route.producer].reception.noteSenderReport(report, at: now)
        guard isFirst else { return }
        // What receivers were told so far was a guess from arrival times: tell them the truth at
        // once.
        for watcher in tracks[route.track]?.watchers ?? [] {
            guard slots[watcher.slot]?.nextReport != nil else { continue }
            slots[watcher.slot]?.nextReport = now
            schedule(watcher.receiver, by: now)
        }
    }

    private mutating func takeBlocks(
        _ blocks: ReceptionReportBlocks, _ bytes: Span<UInt8>, from index: Int, at now: MediaInstant
    ) {
        let time = NTPTime(now, clockZero: configuration.ntpAtZero)
        for number in 0..<blocks.count {
            guard let roundTrip = blocks.block(at: number, in: bytes)?.roundTrip(at: time) else {
                continue
            }
            peers[index]?.roundTrip = roundTrip
        }
    }

    /// The slot of a receiver that sends on an SSRC.
    private mutating func slot(of ssrc: SSRC, receiver: Int) -> Int? {
        for slot in peers[receiver]?.slots ?? [] where slots[slot]?.ssrc == ssrc { return slot }
        return nil
    }

    private mutating func retransmit(
        _ number: SequenceNumber, through index: Int, to receiver: Int, at now: MediaInstant
    ) {
        counters.nacksReceived &+= 1
        guard let state = slots[index]?.state, case .flowing(_, let producer) = state,
            let source = slots[index]?.numbering.sourceSequence(of: number),
            let entry = producers[producer].history.entry(source),
            let numbers = slots[index]?.numbersAgain(for: entry)
        else { return drops.count(.retransmissionTooOld) }
        // Without a retransmission stream nothing is repeated: the same index must never seal two
        // packets.
        guard slots[index]?.retransmissionSSRC != nil,
            slots[index]?.format(for: entry.codec)?.retransmissionPayloadType != nil
        else { return drops.count(.retransmissionTooOld) }
        guard slots[index]?.budget.take(at: now) == true,
            peers[receiver]?.budget.take(at: now) == true,
            let repeated = slots[index]?.nextRetransmissionSequence()
        else { return drops.count(.retransmissionBudget) }
        counters.retransmissionsSent &+= 1
        enqueue(
            OutgoingPacket(
                producer: producer, generation: producers[producer].generation, slot: index,
                source: source, numbers: numbers, retransmission: repeated),
            to: receiver)
    }

    private mutating func requestKeyframe(for ssrc: SSRC, receiver: Int, at now: MediaInstant) {
        counters.keyframeRequestsReceived &+= 1
        guard let index = slot(of: ssrc, receiver: receiver), let state = slots[index]?.state
        else { return }
        switch state {
        case .empty: return
        case .waiting: requestKeyframe(forSlot: index, at: now)
        case .flowing(_, let producer): requestKeyframe(ofProducer: producer, at: now)
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

    mutating func requestKeyframe(ofProducer producer: Int, at now: MediaInstant) {
        let publisher = producers[producer].peer
        producers[producer].keyframes.request()
        if let due = producers[producer].keyframes.deadline {
            schedule(publisher, by: max(due, now))
        }
    }
}
