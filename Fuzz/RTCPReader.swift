// Fuzzes every reader of RTCP.
// SPDX-License-Identifier: Apache-2.0

import RTP
import Wire

/// libFuzzer's entry: reads one input as a compound RTCP datagram.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let datagram = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    var reader = RTCPReader()
    while true {
        let next: RTCPPacketView?
        do { next = try reader.next(in: datagram.span) } catch { next = nil }
        guard let view = next else { return 0 }
        precondition(view.range.upperBound <= datagram.count)
        readReports(view, datagram.span)
        readFeedback(view, datagram.span)
        readTransportFeedback(view, datagram.span)
    }
}

private func readReports(_ view: RTCPPacketView, _ datagram: Span<UInt8>) {
    _ = try? SenderReport(view, in: datagram)
    if let blocks = try? ReceptionReportBlocks(view, in: datagram) {
        for index in 0..<blocks.count {
            let block = blocks.block(at: index, in: datagram)
            precondition(block != nil)
            _ = block?.roundTrip(at: NTPTime(rawValue: 0x1234_5678_9ABC_DEF0))
        }
    }
    if let report = try? ExtendedReport(view, in: datagram) {
        _ = report.referenceTime(in: datagram)
        _ = report.roundTrip(
            of: report.reporter, at: NTPTime(rawValue: 0x1234_5678_9ABC_DEF0), in: datagram)
    }
    if var items = try? SourceDescriptionCursor(view, in: datagram) {
        while let item = try? items.next(in: datagram) {
            precondition(item.range.upperBound <= datagram.count)
        }
    }
    if let bye = try? Goodbye(view, in: datagram) {
        for index in 0..<bye.count { precondition(bye.ssrc(at: index, in: datagram) != nil) }
    }
}

private func readFeedback(_ view: RTCPPacketView, _ datagram: Span<UInt8>) {
    _ = try? FeedbackSources(view, in: datagram)
    if let nack = try? NegativeAcknowledgement(view, in: datagram) {
        nack.forEachLost(in: datagram) { _ in }
    }
    if let request = try? FullIntraRequest(view, in: datagram) {
        for index in 0..<request.count {
            precondition(request.entry(at: index, in: datagram) != nil)
        }
    }
    if let remb = try? ReceiverEstimatedMaximumBitrate(view, in: datagram) {
        for index in 0..<remb.count { precondition(remb.ssrc(at: index, in: datagram) != nil) }
    }
}

private func readTransportFeedback(_ view: RTCPPacketView, _ datagram: Span<UInt8>) {
    guard let feedback = try? TransportFeedback(view, in: datagram) else { return }
    var recorder = TransportFeedbackRecorder()
    var all = TransportFeedbackCursor(feedback)
    var count = 0
    var received = 0
    while let status = all.next(in: datagram) {
        count += 1
        guard let arrival = status.arrival else { continue }
        received += 1
        recorder.record(sequence: status.sequenceNumber, at: .zero + arrival)
    }
    precondition(count == feedback.statusCount)
    var some = TransportFeedbackCursor(feedback)
    while some.nextReceived(in: datagram) != nil { received -= 1 }
    precondition(received == 0)
    // What is told of any arrivals must itself be readable, and come to an end.
    while recorder.hasPending {
        var isWritten = false
        let made = [UInt8](capacity: 1200) { (output: inout OutputSpan<UInt8>) in
            isWritten = recorder.makeFeedback(
                into: &output, senderSSRC: SSRC(1), mediaSSRC: SSRC(2))
        }
        precondition(isWritten)
        var reader = RTCPReader()
        guard let view = try? reader.next(in: made.span) else { preconditionFailure() }
        precondition((try? TransportFeedback(view, in: made.span)) != nil)
    }
}
