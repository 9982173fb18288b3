// The RTCP that a connection sends: reports, requests, transport-wide feedback.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import PeerTransport
import RTP
import SRTP
import Wire

extension ClientConnection {
    /// The largest RTCP datagram before it is sealed.
    private static let controlMax = 1_200

    /// Under which we speak where no stream of ours is meant.
    var ownSSRC: SSRC { senders.first?.ssrc ?? SSRC(1) }

    /// Sender reports of what is sent, and blocks on what is received.
    mutating func sendReports(at now: MediaInstant) {
        nextReport = now + (reportsSoon > 0 ? Self.firstReport : Self.reportInterval)
        reportsSoon = max(0, reportsSoon - 1)
        var blocks: [ReceptionReportBlock] = []
        for index in receivers.indices where receivers[index].hasBegun {
            if let block = receivers[index].reportBlock(at: now) { blocks.append(block) }
        }
        let ntp = NTPTime(now, clockZero: clockZero)
        var reports: [SenderReport] = []
        for sender in senders where sender.hasBegun {
            reports.append(
                SenderReport(
                    ssrc: sender.ssrc, ntp: ntp, rtpTimestamp: sender.timestamp(at: now),
                    packetCount: UInt32(truncatingIfNeeded: sender.statistics.packets),
                    octetCount: UInt32(truncatingIfNeeded: sender.statistics.payloadBytes)))
        }
        for report in reports { sendControl { RTCPWriter.senderReport(report, into: &$0) } }
        let own = ownSSRC
        let name = Array(media.cname.utf8)
        var first = 0
        repeat {
            let end = min(first + RTCPWriter.reportBlocksMax, blocks.count)
            let part = Array(blocks[first..<end])
            sendControl { output in
                RTCPWriter.receiverReport(from: own, blocks: part.span, into: &output)
                    && RTCPWriter.sourceDescription(
                        of: own, canonicalName: name.span, into: &output)
                    && RTCPWriter.referenceTime(from: own, ntp: ntp, into: &output)
            }
            first = end
        } while first < blocks.count
    }

    /// Asks again for what is missing.
    mutating func requestLost(at now: MediaInstant) {
        let own = ownSSRC
        let wait = roundTrip ?? .milliseconds(100)
        for index in receivers.indices {
            guard let due = receivers[index].loss.nextDeadline, due <= now else { continue }
            let numbers = [SequenceNumber](capacity: 128) { output in
                receivers[index].loss.nextNACKs(
                    at: now, rtt: wait + .milliseconds(10), into: &output)
            }
            guard !numbers.isEmpty else { continue }
            receivers[index].noteAskedFor(numbers.count)
            let ssrc = receivers[index].ssrc
            sendControl {
                RTCPWriter.nack(from: own, about: ssrc, lost: numbers.span, into: &$0) > 0
            }
        }
    }

    /// Asks for the keyframes without which nothing can be shown.
    mutating func requestKeyframes(at now: MediaInstant) {
        let own = ownSSRC
        for index in receivers.indices where receivers[index].takeKeyframeNeed(at: now) {
            let ssrc = receivers[index].ssrc
            sendControl { RTCPWriter.pictureLossIndication(from: own, about: ssrc, into: &$0) }
        }
    }

    mutating func sendTransportFeedback() {
        let own = ownSSRC
        let about = receivers.first?.ssrc ?? own
        while arrivals.hasPending {
            var isWritten = false
            let bytes = [UInt8](capacity: Self.controlMax) { output in
                isWritten = arrivals.makeFeedback(
                    into: &output, senderSSRC: own, mediaSSRC: about)
            }
            guard isWritten else { return }
            sendControl(bytes)
        }
    }

    /// Seals an RTCP datagram written by `write`, and lets it leave before all media.
    private mutating func sendControl(_ write: (inout OutputSpan<UInt8>) -> Bool) {
        var isWhole = false
        let bytes = [UInt8](capacity: Self.controlMax) { output in isWhole = write(&output) }
        if isWhole { sendControl(bytes) }
    }

    private mutating func sendControl(_ plainBytes: [UInt8]) {
        var bytes = plainBytes
        let plain = bytes.count
        bytes += [UInt8](repeating: 0, count: 32)
        var span = bytes.mutableSpan
        guard let count = (try? transport.sealRTCP(&span, count: plain)) ?? nil else { return }
        control.append(Array(bytes.prefix(count)))
    }
}
