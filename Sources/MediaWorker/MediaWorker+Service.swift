// What a worker does for one peer when its time has come: requests, feedback, reports.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import PeerTransport
import RTP
import Wire

extension MediaWorker {
    /// Room for one RTCP packet of ours.
    private static let controlRoom = 1_200

    /// Does everything that is due for a peer and sets its next deadline.
    mutating func service(_ index: Int, at now: MediaInstant) {
        guard peers[index] != nil else { return }
        if let loop = peers[index]?.foreignLoop {
            return serviceStandIn(index, of: loop, at: now)
        }
        peers[index]?.transport.advance(to: now)
        wantPoll(index)
        drainEvents(of: index, at: now)
        sendTransportFeedback(to: index, at: now)
        requestPackets(of: index, at: now)
        sendReceiverReport(to: index, at: now)
        sendSenderReports(to: index, at: now)
        serviceBandwidth(of: index, at: now)
        reportDemand(of: index, at: now)
        sendBound(to: index, at: now)
        // A deadline that could not be met now (a peer without keys) must not spin.
        deadlines.set(max(nextDeadline(of: index, at: now), now + .milliseconds(1)), for: index)
    }

    private mutating func nextDeadline(of index: Int, at now: MediaInstant) -> MediaInstant {
        var next = now + FeedbackTiming.idleInterval
        Self.bring(&next, forwardTo: peers[index]?.transport.nextDeadline ?? nil)
        Self.bring(&next, forwardTo: peers[index]?.nextFeedback)
        Self.bring(&next, forwardTo: peers[index]?.nextReport)
        Self.bring(&next, forwardTo: peers[index]?.nextRelease ?? nil)
        Self.bring(&next, forwardTo: peers[index]?.nextDemand)
        Self.bring(&next, forwardTo: peers[index]?.nextBound ?? nil)
        forEachProducer(of: index) { worker, producer in
            Self.bring(&next, forwardTo: worker.producers[producer].loss.nextDeadline)
            Self.bring(&next, forwardTo: worker.producers[producer].keyframes.deadline)
        }
        let watched = peers[index]?.slots ?? []
        for position in watched.indices {
            Self.bring(&next, forwardTo: slots[watched[position]]?.nextReport)
        }
        return next
    }

    static func bring(_ next: inout MediaInstant, forwardTo deadline: MediaInstant?) {
        if let deadline, deadline < next { next = deadline }
    }

    /// Calls `body` for each stream of a peer. By position: iterators allocate in builds that do
    /// not specialise them.
    private mutating func forEachProducer(
        of index: Int, _ body: (inout MediaWorker, Int) -> Void
    ) {
        let published = peers[index]?.tracks ?? []
        for position in published.indices {
            let streams = tracks[published[position]]?.producers ?? []
            for place in streams.indices { body(&self, streams[place]) }
        }
    }

    private mutating func sendTransportFeedback(to index: Int, at now: MediaInstant) {
        guard let due = peers[index]?.nextFeedback, due <= now,
            let sender = peers[index]?.feedbackSSRC
        else { return }
        let media = firstSSRC(of: index) ?? sender
        var isWritten = false
        // Bounded: one turn's feedback of a full window is far fewer packets.
        for _ in 0..<16 {
            let more = Self.writeFeedback(
                &peers[index], from: sender, about: media, to: index, &control)
            if !more { break }
            isWritten = true
        }
        peers[index]?.nextFeedback = isWritten ? now + FeedbackTiming.transportInterval : nil
    }

    private static func writeFeedback(
        _ peer: inout Peer?, from sender: SSRC, about media: SSRC, to index: Int,
        _ control: inout ControlQueue
    ) -> Bool {
        control.append(to: index, room: controlRoom) { output in
            peer?.feedback.makeFeedback(into: &output, senderSSRC: sender, mediaSSRC: media)
                ?? false
        }
    }

    private mutating func firstSSRC(of index: Int) -> SSRC? {
        var first: SSRC?
        forEachProducer(of: index) { worker, producer in
            if first == nil { first = worker.producers[producer].ssrc }
        }
        return first
    }

    /// Asks a publisher again for lost packets, and for keyframes where those cannot help.
    private mutating func requestPackets(of index: Int, at now: MediaInstant) {
        guard let sender = peers[index]?.feedbackSSRC, let roundTrip = peers[index]?.roundTrip
        else {
            return
        }
        forEachProducer(of: index) { worker, producer in
            worker.requestLost(
                of: producer, from: sender, to: index, roundTrip: roundTrip, at: now)
            worker.requestKeyframe(of: producer, from: sender, to: index, at: now)
        }
    }

    private mutating func requestKeyframe(
        of producer: Int, from sender: SSRC, to index: Int, at now: MediaInstant
    ) {
        if producers[producer].loss.takeKeyframeNeed(), isWatched(producer: producer, at: now) {
            producers[producer].keyframes.request(toStart: false)
        }
        guard producers[producer].keyframes.takeDue(at: now) else { return }
        let media = producers[producer].ssrc
        counters.keyframeRequestsSent &+= 1
        control.append(to: index, room: 16) { output in
            RTCPWriter.pictureLossIndication(from: sender, about: media, into: &output)
        }
    }

    private mutating func requestLost(
        of producer: Int, from sender: SSRC, to index: Int, roundTrip: MediaDuration,
        at now: MediaInstant
    ) {
        guard let due = producers[producer].loss.nextDeadline, due <= now else { return }
        let media = producers[producer].ssrc
        let patience = roundTrip + Self.requestMargin(of: producers[producer].reception)
        var lost = InlineArray<128, SequenceNumber>(repeating: SequenceNumber(0))
        var span = lost.mutableSpan
        let count = Self.nextLost(&producers[producer], into: &span, roundTrip: patience, at: now)
        guard count > 0 else { return }
        counters.nacksSent &+= UInt64(count)
        control.append(to: index, room: Self.controlRoom) { output in
            RTCPWriter.nack(
                from: sender, about: media, lost: lost.span.extracting(0..<count), into: &output)
                > 0
        }
    }

    /// What is added to the round trip before a packet is asked for again: what the way may vary by.
    private static func requestMargin(of reception: ReceptionStatistics) -> MediaDuration {
        let jitter = MediaDuration(nanoseconds: reception.jitterNanoseconds * 2)
        return .milliseconds(5) + min(jitter, .milliseconds(100))
    }

    static func nextLost(
        _ producer: inout Producer, into numbers: inout MutableSpan<SequenceNumber>,
        roundTrip: MediaDuration, at now: MediaInstant
    ) -> Int {
        var count = 0
        unsafe numbers.withUnsafeMutableBufferPointer { buffer in
            // The output span covers memory that the caller owns and does not leave this closure.
            var output = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
            count = producer.loss.nextNACKs(at: now, rtt: roundTrip, into: &output)
            _ = unsafe output.finalize(for: buffer)
        }
        return count
    }

    private mutating func sendReceiverReport(to index: Int, at now: MediaInstant) {
        guard let due = peers[index]?.nextReport, due <= now,
            let sender = peers[index]?.feedbackSSRC
        else { return }
        peers[index]?.nextReport = now + FeedbackTiming.reportInterval
        let none = ReceptionReportBlock(
            ssrc: SSRC(0), fractionLost: 0, cumulativeLost: 0, extendedHighest: 0, jitter: 0,
            lastSR: 0, delaySinceLastSR: 0)
        var blocks = InlineArray<31, ReceptionReportBlock>(repeating: none)
        var count = 0
        forEachProducer(of: index) { worker, producer in
            let ssrc = worker.producers[producer].ssrc
            let block = worker.producers[producer].reception.makeReportBlock(ssrc: ssrc, at: now)
            guard let block, count < RTCPWriter.reportBlocksMax else { return }
            blocks[count] = block
            count += 1
        }
        // Without a block it is a sign of life (RFC 3550 §6.4.2): a client that receives nothing else can
        // tell silence from a lost path within three seconds.
        // A publisher that receives no media proves its round trip by the echo of the time alone.
        let name = peers[index]?.canonicalName ?? []
        let time = NTPTime(now, clockZero: configuration.ntpAtZero)
        control.append(to: index, room: Self.controlRoom) { output in
            RTCPWriter.receiverReport(
                from: sender, blocks: blocks.span.extracting(0..<count), into: &output)
                && RTCPWriter.sourceDescription(
                    of: sender, canonicalName: name.span, into: &output)
                && (count == 0
                    || RTCPWriter.referenceTime(from: sender, ntp: time, into: &output))
        }
    }

    /// Reports on the slots of a receiver, from the clock of whoever they show (RFC 3550 §6.4.1).
    private mutating func sendSenderReports(to index: Int, at now: MediaInstant) {
        let ntp = NTPTime(now, clockZero: configuration.ntpAtZero)
        let watched = peers[index]?.slots ?? []
        for position in watched.indices {
            guard let due = slots[watched[position]]?.nextReport, due <= now else { continue }
            guard let report = takeReport(on: watched[position], ntp: ntp, at: now) else {
                slots[watched[position]]?.nextReport = now + FeedbackTiming.reportInterval
                continue
            }
            let name = peers[index]?.canonicalName ?? []
            control.append(to: index, room: Self.controlRoom) { output in
                RTCPWriter.senderReport(report, into: &output)
                    && RTCPWriter.sourceDescription(
                        of: report.ssrc, canonicalName: name.span, into: &output)
            }
        }
    }

    /// The report on a slot that is due, and the date of its next; `nil` if nothing is known of its
    /// source's clock.
    private mutating func takeReport(
        on index: Int, ntp: NTPTime, at now: MediaInstant
    ) -> SenderReport? {
        guard let ssrc = slots[index]?.ssrc, let state = slots[index]?.state,
            case .flowing(_, let producer) = state,
            let clock = peers[producers[producer].peer]?.clock,
            let timestamp = producers[producer].clock.timestamp(
                at: ntp.rawValue, publisher: clock),
            let offset = slots[index]?.timestampOffset,
            let packetCount = slots[index]?.packetCount,
            let octetCount = slots[index]?.octetCount
        else { return nil }
        let isFirst = slots[index]?.reportsOfSource == 0
        slots[index]?.reportsOfSource += 1
        slots[index]?.nextReport =
            now + (isFirst ? FeedbackTiming.secondReportAfter : FeedbackTiming.reportInterval)
        return SenderReport(
            ssrc: ssrc, ntp: ntp,
            rtpTimestamp: RTPTimestamp(timestamp.rawValue &+ offset), packetCount: packetCount,
            octetCount: octetCount)
    }

    /// Tells the control plane that somebody begins to speak.
    mutating func tellVoice(ofProducer index: Int, level: UInt8) {
        guard let publisher = peers[producers[index].peer]?.id,
            let mid = tracks[producers[index].track]?.mid
        else { return }
        emit(.voiceStarted(AudioLevelReport(publisher: publisher, mid: mid, level: level)))
    }

    /// Tells the control plane who is heard.
    mutating func reportLevels(at now: MediaInstant) {
        nextLevels = nil
        var reports: [AudioLevelReport] = []
        for index in 0..<producers.count {
            guard !producers[index].isVacant, !producers[index].isForeign,
                let level = producers[index].takeLevel(),
                let publisher = peers[producers[index].peer]?.id,
                let mid = tracks[producers[index].track]?.mid
            else { continue }
            reports.append(AudioLevelReport(publisher: publisher, mid: mid, level: level))
        }
        guard !reports.isEmpty else { return }
        nextLevels = now + FeedbackTiming.levelInterval
        emit(.audioLevels(reports))
    }
}
