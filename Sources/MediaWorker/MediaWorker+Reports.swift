// Receiver reports and sender reports: they leave in a turn that is made anyway, if one is made in time.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import RTP
import Wire

extension MediaWorker {
    /// Sends what is due of a peer's reports, or will be in a moment.
    mutating func sendReports(to index: Int, at now: MediaInstant) {
        let soon = now + FeedbackTiming.earliness
        if let due = peers[index]?.nextReport, due <= soon {
            peers[index]?.nextReport = Self.nextReport(after: due, at: now)
            sendReceiverReport(to: index, at: now)
        }
        sendSenderReports(to: index, dueBy: soon, at: now)
    }

    /// The date of the report after one that leaves now. It follows from that one's date: reports that happen to leave in one
    /// turn would else do so ever after, those of more and more peers.
    private static func nextReport(after due: MediaInstant, at now: MediaInstant) -> MediaInstant {
        let next = due + FeedbackTiming.reportInterval
        return next > now + FeedbackTiming.earliness ? next : now + FeedbackTiming.reportInterval
    }

    /// When ``sendReports(to:at:)`` has something to do next.
    mutating func nextReportDeadline(of index: Int, at now: MediaInstant) -> MediaInstant {
        var next = now + FeedbackTiming.idleInterval
        Self.bring(&next, forwardTo: peers[index]?.nextReport)
        let watched = peers[index]?.slots ?? []
        for position in watched.indices {
            Self.bring(&next, forwardTo: slots[watched[position]]?.nextReport)
        }
        // What could not be sent (a peer without keys) must not spin.
        return max(next, now + FeedbackTiming.earliness + .milliseconds(1))
    }

    private mutating func sendReceiverReport(to index: Int, at now: MediaInstant) {
        guard let sender = peers[index]?.feedbackSSRC else { return }
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
    private mutating func sendSenderReports(
        to index: Int, dueBy soon: MediaInstant, at now: MediaInstant
    ) {
        let ntp = NTPTime(now, clockZero: configuration.ntpAtZero)
        let watched = peers[index]?.slots ?? []
        for position in watched.indices {
            guard let due = slots[watched[position]]?.nextReport, due <= soon else { continue }
            guard
                let report = takeReport(on: watched[position], dueAt: due, ntp: ntp, at: now)
            else {
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
        on index: Int, dueAt due: MediaInstant, ntp: NTPTime, at now: MediaInstant
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
        let before = slots[index]?.reportsOfSource ?? 0
        slots[index]?.reportsOfSource += 1
        slots[index]?.nextReport =
            FeedbackTiming.earlyReportsAfter.indices ~= before
            ? now + FeedbackTiming.earlyReportsAfter[before] : Self.nextReport(after: due, at: now)
        return SenderReport(
            ssrc: ssrc, ntp: ntp,
            rtpTimestamp: RTPTimestamp(timestamp.rawValue &+ offset), packetCount: packetCount,
            octetCount: octetCount)
    }
}
