// What the RTCP readers and writers take, refuse and agree on.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import RTP

/// All packets of a datagram up to its end or its first error.
private func packets(in datagram: [UInt8]) throws -> [RTCPPacketView] {
    var reader = RTCPReader()
    var views: [RTCPPacketView] = []
    while let view = try reader.next(in: datagram.span) { views.append(view) }
    return views
}

@Test func realSenderReportIsRead() throws {
    let datagram = Chromium156.senderReport
    let views = try packets(in: datagram)
    #expect(views.map(\.kind) == [.senderReport, .sourceDescription, .extendedReport])
    let report = try SenderReport(views[0], in: datagram.span)
    #expect(report.ssrc == SSRC(0x2904_CCD1))
    #expect(report.ntp == NTPTime(rawValue: 0xEEAB_D41F_9CBA_3012))
    #expect(report.rtpTimestamp == RTPTimestamp(0xCDDE_143C))
    #expect(report.packetCount == 0x29)
    #expect(report.octetCount == 0x31AD)
    #expect(try held(ReceptionReportBlocks(views[0], in: datagram.span).count) == 0)
    var items = try SourceDescriptionCursor(views[1], in: datagram.span)
    let item = try #require(try held(items.next(in: datagram.span)))
    #expect(item.ssrc == SSRC(0x2904_CCD1))
    #expect(item.type == SourceDescriptionItem.canonicalNameType)
    #expect(Array(datagram[item.range]) == Array("Hzl7gu8lERYOoQIz".utf8))
    #expect(try held(items.next(in: datagram.span)) == nil)
}

@Test func realReceiverReportIsRead() throws {
    let datagram = Chromium156.receiverReport
    let views = try packets(in: datagram)
    #expect(views.map(\.kind) == [.receiverReport, .extendedReport])
    let blocks = try ReceptionReportBlocks(views[0], in: datagram.span)
    #expect(blocks.reporter == SSRC(1))
    #expect(blocks.count == 2)
    #expect(
        held(blocks.block(at: 1, in: datagram.span))
            == ReceptionReportBlock(
                ssrc: SSRC(0x2904_CCD1), fractionLost: 0, cumulativeLost: 0,
                extendedHighest: 0x6CE1, jitter: 0x14C, lastSR: 0, delaySinceLastSR: 0))
    #expect(held(blocks.block(at: 2, in: datagram.span)) == nil)
    #expect(held(blocks.block(at: -1, in: datagram.span)) == nil)
}

@Test func realDatagramsAreWrittenBackByteForByte() throws {
    let datagram = Chromium156.senderReport
    let report = try SenderReport(try packets(in: datagram)[0], in: datagram.span)
    let name = Array("Hzl7gu8lERYOoQIz".utf8)
    let copy = written { output in
        RTCPWriter.senderReport(report, into: &output)
        RTCPWriter.sourceDescription(of: report.ssrc, canonicalName: name.span, into: &output)
    }
    #expect(copy == Array(datagram[..<56]))

    let second = Chromium156.receiverReport
    let blocks = try ReceptionReportBlocks(try packets(in: second)[0], in: second.span)
    let list = [0, 1].compactMap { blocks.block(at: $0, in: second.span) }
    let rewritten = written {
        RTCPWriter.receiverReport(from: blocks.reporter, blocks: list.span, into: &$0)
    }
    #expect(rewritten == Array(second[..<56]))
}

@Test func rtcpIsToldFromRTPByItsSecondByte() {
    for sample in Chromium156.rtcp + Handmade.rtcp { #expect(held(RTCPReader.isRTCP(sample.span))) }
    for sample in Chromium156.rtp { #expect(!held(RTCPReader.isRTCP(sample.span))) }
    #expect(!held(RTCPReader.isRTCP([UInt8]().span)))
    #expect(!held(RTCPReader.isRTCP([0x80].span)))
}

@Test func nackNamesEachPacketOverTheWrap() throws {
    let datagram = Handmade.nack
    let nack = try NegativeAcknowledgement(try packets(in: datagram)[0], in: datagram.span)
    #expect(nack.sources.media == SSRC(0x2222_2222))
    var lost: [UInt16] = []
    nack.forEachLost(in: datagram.span) { lost.append($0.rawValue) }
    #expect(lost == [0xFFF0, 0xFFF1, 0x0000, 0x0100])
    let numbers = lost.map { SequenceNumber($0) }
    let copy = written {
        let count = RTCPWriter.nack(
            from: nack.sources.sender, about: nack.sources.media, lost: numbers.span, into: &$0)
        #expect(count == 4)
    }
    #expect(copy == datagram)
}

@Test func nackWritesAsManyAsThereIsRoomFor() throws {
    let numbers = (0..<100).map { SequenceNumber(UInt16($0 * 20)) }
    var count = 0
    let datagram = written(12 + 4 * 7 + 3) {
        count = RTCPWriter.nack(from: SSRC(1), about: SSRC(2), lost: numbers.span, into: &$0)
    }
    #expect(count == 7)
    #expect(datagram.count == 40)
    #expect(try held(packets(in: datagram).count) == 1)
}

@Test func keyframeRequestsRoundTrip() throws {
    let loss = Handmade.pictureLoss
    let view = try packets(in: loss)[0]
    #expect(view.kind == .pictureLossIndication)
    #expect(try held(FeedbackSources(view, in: loss.span).media) == SSRC(0x2222_2222))
    #expect(
        held(
            written {
                RTCPWriter.pictureLossIndication(
                    from: SSRC(0x1111_1111), about: SSRC(0x2222_2222), into: &$0)
            }) == loss)

    let intra = Handmade.fullIntra
    let request = try FullIntraRequest(try packets(in: intra)[0], in: intra.span)
    #expect(request.count == 2)
    #expect(held(request.entry(at: 1, in: intra.span)?.ssrc) == SSRC(0x3333_3333))
    #expect(held(request.entry(at: 1, in: intra.span)?.commandNumber) == 6)
    #expect(held(request.entry(at: 2, in: intra.span)) == nil)
    let single = written {
        RTCPWriter.fullIntraRequest(
            from: SSRC(0x1111_1111), to: SSRC(0x2222_2222), commandNumber: 5, into: &$0)
    }
    #expect(single == bytes("84ce0004 11111111 00000000 22222222 05000000"))
}

@Test func estimateRoundTripsAndSaturates() throws {
    let datagram = Handmade.remb
    let remb = try ReceiverEstimatedMaximumBitrate(try packets(in: datagram)[0], in: datagram.span)
    #expect(remb.bitsPerSecond == 2_500_000)
    #expect(remb.count == 2)
    #expect(held(remb.ssrc(at: 1, in: datagram.span)) == SSRC(0x3333_3333))
    #expect(held(remb.ssrc(at: 2, in: datagram.span)) == nil)
    for rate: UInt64 in [0, 1, 0x3_FFFF, 0x4_0000, 2_500_000, 1 << 40, .max] {
        let copy = written {
            RTCPWriter.receiverEstimatedMaximumBitrate(
                from: SSRC(1), bitsPerSecond: rate, sources: [SSRC(2)].span, into: &$0)
        }
        let view = try packets(in: copy)[0]
        let read = try ReceiverEstimatedMaximumBitrate(view, in: copy.span).bitsPerSecond
        #expect(read <= rate)
        #expect(rate - read <= rate >> 17)
    }
    // The largest exponent with the largest mantissa is more than 64 bits hold.
    var large = datagram
    large[17] = 0xFF
    let view = try packets(in: large)[0]
    #expect(
        try held(ReceiverEstimatedMaximumBitrate(view, in: large.span).bitsPerSecond) == .max)
}

@Test func byeThatCountsMoreSourcesThanItHoldsIsRefused() throws {
    let datagram = Handmade.goodbye
    let bye = try Goodbye(try packets(in: datagram)[0], in: datagram.span)
    #expect(bye.count == 2)
    #expect(held(bye.ssrc(at: 0, in: datagram.span)) == SSRC(0x1111_1111))
    #expect(held(bye.ssrc(at: 1, in: datagram.span)) == SSRC(0x2222_2222))
    #expect(held(bye.ssrc(at: 2, in: datagram.span)) == nil)
    for text in ["9Fcb0000", "9Fcb0003 11111111 22222222 03627965", "81cb0000"] {
        let lie = bytes(text)
        let view = try packets(in: lie)[0]
        #expect(throws: RTCPError.self) { try Goodbye(view, in: lie.span) }
    }
    #expect(
        held(
            written {
                RTCPWriter.goodbye([SSRC(0x1111_1111)].span, into: &$0)
            }) == bytes("81cb0001 11111111"))
}

@Test func reportThatCountsMoreBlocksThanItHoldsIsRefused() throws {
    let lie = bytes("82c90001 00000001")
    let view = try packets(in: lie)[0]
    #expect(throws: RTCPError.truncated(needed: 52, have: 4)) {
        try ReceptionReportBlocks(view, in: lie.span)
    }
}

@Test func readersRefusePacketsOfAnotherKind() throws {
    let datagram = Handmade.pictureLoss
    let view = try packets(in: datagram)[0]
    #expect(throws: RTCPError.unexpectedKind) { try SenderReport(view, in: datagram.span) }
    #expect(throws: RTCPError.unexpectedKind) { try Goodbye(view, in: datagram.span) }
    #expect(throws: RTCPError.unexpectedKind) { try TransportFeedback(view, in: datagram.span) }
    #expect(throws: RTCPError.unexpectedKind) {
        try ReceptionReportBlocks(view, in: datagram.span)
    }
}

@Test func malformedHeadsAreRefusedOnceAndEndTheDatagram() throws {
    let cases: [(String, RTCPError)] = [
        ("81", .truncated(needed: 4, have: 1)),
        ("41ce0000", .unsupportedVersion(1)),
        ("81ce0002 11111111", .truncated(needed: 12, have: 8)),
        ("a1ce0000", .invalidPadding(count: 0)),
        ("a1ce0001 11111100", .invalidPadding(count: 0)),
        ("a1ce0001 11111105", .invalidPadding(count: 5)),
    ]
    for (text, expected) in cases {
        let datagram = bytes(text)
        var reader = RTCPReader()
        #expect(throws: expected) { try reader.next(in: datagram.span) }
        #expect(try held(reader.next(in: datagram.span)) == nil)
    }
}

@Test func paddingIsNoPartOfTheBody() throws {
    let views = try packets(in: bytes("a1ce0003 11111111 22222222 00000004"))
    #expect(views[0].bodyRange == 4..<12)
    #expect(views[0].range == 0..<16)
}

@Test func sourceDescriptionsOfManyChunksAreWalked() throws {
    // Two chunks: the first ends exactly on a word and needs four zero bytes; the second has no items.
    let datagram = bytes("82ca0005 0000000A 01024142 00000000 0000000B 00000000")
    var items = try SourceDescriptionCursor(try packets(in: datagram)[0], in: datagram.span)
    let first = try #require(try held(items.next(in: datagram.span)))
    #expect(first.ssrc == SSRC(10))
    #expect(Array(datagram[first.range]) == Array("AB".utf8))
    #expect(try held(items.next(in: datagram.span)) == nil)
    // An item that runs past the packet, and a chunk that is not there.
    for text in ["81ca0002 0000000A 01FF4142", "82ca0002 0000000A 00000000"] {
        let lie = bytes(text)
        var items = try SourceDescriptionCursor(try packets(in: lie)[0], in: lie.span)
        #expect(throws: RTCPError.self) { while try items.next(in: lie.span) != nil {} }
        #expect(try held(items.next(in: lie.span)) == nil)
    }
}

@Test func namesOfEveryLengthRoundTrip() throws {
    for count in 0...256 {
        let name = [UInt8](repeating: 0x61, count: count)
        let datagram = written {
            RTCPWriter.sourceDescription(of: SSRC(5), canonicalName: name.span, into: &$0)
        }
        #expect(datagram.count % 4 == 0)
        var items = try SourceDescriptionCursor(try packets(in: datagram)[0], in: datagram.span)
        let item = try #require(try held(items.next(in: datagram.span)))
        #expect(item.range.count == min(count, 255))
        #expect(try held(items.next(in: datagram.span)) == nil)
    }
}

@Test func writersWriteNothingWithoutRoom() {
    let report = SenderReport(
        ssrc: SSRC(1), ntp: NTPTime(rawValue: 2), rtpTimestamp: RTPTimestamp(3), packetCount: 4,
        octetCount: 5)
    let one = SSRC(1)
    let two = SSRC(2)
    #expect(writesNothing(27) { RTCPWriter.senderReport(report, into: &$0) })
    #expect(writesNothing(7) { RTCPWriter.receiverReport(from: one, into: &$0) })
    #expect(
        writesNothing(11) { RTCPWriter.pictureLossIndication(from: one, about: two, into: &$0) })
    #expect(
        writesNothing(19) {
            RTCPWriter.fullIntraRequest(from: one, to: two, commandNumber: 0, into: &$0)
        })
    #expect(writesNothing(7) { RTCPWriter.goodbye([one].span, into: &$0) })
    #expect(
        writesNothing(15) {
            RTCPWriter.nack(from: one, about: two, lost: [SequenceNumber(1)].span, into: &$0) > 0
        })
    #expect(
        writesNothing(1500) {
            RTCPWriter.nack(from: one, about: two, lost: [SequenceNumber]().span, into: &$0) > 0
        })
}

/// Whether a writer neither wrote nor said that it did.
private func writesNothing(
    _ capacity: Int, _ body: (inout OutputSpan<UInt8>) -> Bool
) -> Bool {
    var isWritten = true
    let datagram = written(capacity) { isWritten = body(&$0) }
    return !isWritten && datagram.isEmpty
}

@Test func lossesOf24BitsKeepTheirSign() throws {
    for lost: Int32 in [0, 1, -1, 0x7F_FFFF, -0x80_0000, .max, .min] {
        let block = ReceptionReportBlock(
            ssrc: SSRC(1), fractionLost: 255, cumulativeLost: lost, extendedHighest: .max,
            jitter: .max, lastSR: .max, delaySinceLastSR: .max)
        let datagram = written {
            RTCPWriter.receiverReport(from: SSRC(2), blocks: [block].span, into: &$0)
        }
        let blocks = try ReceptionReportBlocks(try packets(in: datagram)[0], in: datagram.span)
        let read = try #require(held(blocks.block(at: 0, in: datagram.span)))
        #expect(read.cumulativeLost == max(-0x80_0000, min(0x7F_FFFF, lost)))
        #expect(read.fractionLost == 255)
    }
}

@Test func roundTripFollowsTheExampleOfTheRFC() {
    // RFC 3550 §6.4.1, figure 2: 0xb710:8000 - 5.250 s - 0xb705:2000 = 6.125 s.
    let block = ReceptionReportBlock(
        ssrc: SSRC(1), fractionLost: 0, cumulativeLost: 0, extendedHighest: 0, jitter: 0,
        lastSR: 0xB705_2000, delaySinceLastSR: 0x0005_4000)
    let now = NTPTime(rawValue: 0xB710_8000 << 16)
    #expect(block.roundTrip(at: now) == .milliseconds(6_125))
    var unanswered = block
    unanswered.lastSR = 0
    #expect(unanswered.roundTrip(at: now) == nil)
    var lying = block
    lying.delaySinceLastSR = 0x7000_0000
    #expect(lying.roundTrip(at: now) == nil)
}

@Test func damagedDatagramsNeverTrapTheReaders() {
    for sample in Chromium156.rtcp + Handmade.rtcp {
        forEachDamage(of: sample) { datagram in readAll(datagram.span) }
    }
}

@Test func randomDatagramsNeverTrapTheReaders() {
    var random = SeededRandom(seed: 1)
    for _ in 0..<20_000 {
        var datagram = (0..<Int.random(in: 0...64, using: &random)).map { _ in
            UInt8.random(in: 0...255, using: &random)
        }
        // Most heads are made to pass, so that the bodies are reached.
        if datagram.count >= 4 {
            datagram[0] = 0x80 | datagram[0] & 0x3F
            datagram[1] = 200 + datagram[1] % 8
            datagram[2] = 0
            datagram[3] = UInt8(datagram.count / 4 - 1)
        }
        readAll(datagram.span)
    }
}

/// Reads everything a datagram may hold.
private func readAll(_ datagram: Span<UInt8>) {
    var reader = RTCPReader()
    while true {
        let next: RTCPPacketView?
        do { next = try reader.next(in: datagram) } catch { next = nil }
        guard let view = next else { return }
        _ = try? SenderReport(view, in: datagram)
        _ = try? FeedbackSources(view, in: datagram)
        if let blocks = try? ReceptionReportBlocks(view, in: datagram) {
            for index in 0..<blocks.count {
                #expect(held(blocks.block(at: index, in: datagram)) != nil)
            }
        }
        if let bye = try? Goodbye(view, in: datagram) {
            for index in 0..<bye.count { #expect(held(bye.ssrc(at: index, in: datagram)) != nil) }
        }
        if let nack = try? NegativeAcknowledgement(view, in: datagram) {
            nack.forEachLost(in: datagram) { _ in }
        }
        if let request = try? FullIntraRequest(view, in: datagram) {
            for index in 0..<request.count { _ = request.entry(at: index, in: datagram) }
        }
        if let remb = try? ReceiverEstimatedMaximumBitrate(view, in: datagram) {
            for index in 0..<remb.count { #expect(held(remb.ssrc(at: index, in: datagram)) != nil) }
        }
        if var items = try? SourceDescriptionCursor(view, in: datagram) {
            while let item = try? items.next(in: datagram) {
                #expect(item.range.upperBound <= datagram.count)
            }
        }
        if let feedback = try? TransportFeedback(view, in: datagram) {
            var all = TransportFeedbackCursor(feedback)
            var count = 0
            var received = 0
            while let status = all.next(in: datagram) {
                count += 1
                if status.arrival != nil { received += 1 }
            }
            #expect(count == feedback.statusCount)
            var some = TransportFeedbackCursor(feedback)
            while some.nextReceived(in: datagram) != nil { received -= 1 }
            #expect(received == 0)
        }
    }
}
