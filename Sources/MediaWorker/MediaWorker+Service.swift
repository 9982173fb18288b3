// What a worker does for one peer when its time has come: requests, feedback, reports.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import PeerTransport
import RTP
import Wire

extension MediaWorker {
    /// Room for one RTCP packet of ours.
    static let controlRoom = 1_200

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
        sendReports(to: index, at: now)
        serviceBandwidth(of: index, at: now)
        reportDemand(of: index, at: now)
        sendBound(to: index, at: now)
        let report = nextReportDeadline(of: index, at: now)
        reportDeadlines.set(report, for: index)
        // What comes after the next reports is looked at with them; most of it moves on until then.
        let next = nextDeadline(of: index, before: report)
        // A deadline that could not be met now (a peer without keys) must not spin.
        deadlines.set(next.map { max($0, now + .milliseconds(1)) }, for: index)
    }

    /// When a peer is to be served next, if that is before its next reports.
    private mutating func nextDeadline(
        of index: Int, before report: MediaInstant
    ) -> MediaInstant? {
        var next = report
        Self.bring(&next, forwardTo: peers[index]?.transport.nextDeadline ?? nil)
        Self.bring(&next, forwardTo: peers[index]?.nextFeedback)
        Self.bring(&next, forwardTo: peers[index]?.nextRelease ?? nil)
        Self.bring(&next, forwardTo: peers[index]?.nextDemand)
        Self.bring(&next, forwardTo: peers[index]?.nextBound ?? nil)
        forEachProducer(of: index) { worker, producer in
            Self.bring(&next, forwardTo: worker.producers[producer].loss.nextDeadline)
            Self.bring(&next, forwardTo: worker.producers[producer].keyframes.deadline)
        }
        return next < report ? next : nil
    }

    static func bring(_ next: inout MediaInstant, forwardTo deadline: MediaInstant?) {
        if let deadline, deadline < next { next = deadline }
    }

    /// Calls `body` for each stream of a peer. By position: iterators allocate in builds that do
    /// not specialise them.
    mutating func forEachProducer(
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
