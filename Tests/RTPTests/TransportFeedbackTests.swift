// Transport-wide feedback read, made, and made of what was read.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import RTP

private func feedback(_ datagram: [UInt8]) throws -> TransportFeedback {
    var reader = RTCPReader()
    let view = try #require(try held(reader.next(in: datagram.span)))
    #expect(view.range.upperBound == datagram.count)
    return try TransportFeedback(view, in: datagram.span)
}

private func statuses(_ datagram: [UInt8]) throws -> [TransportFeedbackStatus] {
    var cursor = TransportFeedbackCursor(try feedback(datagram))
    var list: [TransportFeedbackStatus] = []
    while let status = cursor.next(in: datagram.span) { list.append(status) }
    return list
}

/// All feedback a recorder has to tell, packet by packet.
private func drain(_ recorder: inout TransportFeedbackRecorder, room: Int = 1200) -> [[UInt8]] {
    var datagrams: [[UInt8]] = []
    while true {
        var isWritten = false
        let datagram = [UInt8](capacity: room) { (output: inout OutputSpan<UInt8>) in
            isWritten = recorder.makeFeedback(
                into: &output, senderSSRC: SSRC(1), mediaSSRC: SSRC(2))
        }
        guard isWritten else {
            #expect(datagram.isEmpty)
            return datagrams
        }
        #expect(datagram.count <= TransportFeedbackRecorder.feedbackBytesMax)
        #expect(datagram.count % 4 == 0)
        datagrams.append(datagram)
    }
}

private func at(milliseconds: Int64) -> MediaInstant { .zero + .milliseconds(milliseconds) }

@Test func chunksFollowTheExamplesOfTheDraft() {
    // draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1.3: 221 missing; 24 of the reserved symbol.
    let missing = TransportFeedbackChunk(0x00DD, statusesMax: 1000)
    #expect(missing.count == 221)
    #expect(missing.isRunOfMissing)
    #expect(missing.deltaBytes == 0)
    #expect(TransportFeedbackChunk(0x6018, statusesMax: 1000).deltaBytes == nil)
    // §3.1.4: 1 missing, 5 received, 3 missing, 3 received, 2 missing.
    let oneBit = TransportFeedbackChunk(0x9F1C, statusesMax: 1000)
    #expect((0..<14).map { oneBit.symbol(at: $0) } == [0, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0])
    // §3.1.4: 1 missing, 1 of the reserved symbol, 3 received, 2 missing.
    let twoBit = TransportFeedbackChunk(0xCD50, statusesMax: 1000)
    #expect((0..<7).map { twoBit.symbol(at: $0) } == [0, 3, 1, 1, 1, 0, 0])
    #expect(twoBit.deltaBytes == nil)
    #expect(TransportFeedbackChunk(0xCD50, statusesMax: 1).deltaBytes == 0)
}

@Test func realFeedbackIsRead() throws {
    let run = try feedback(Chromium156.feedbackRun)
    #expect(run.baseSequenceNumber == SequenceNumber(12))
    #expect(run.statusCount == 17)
    #expect(run.referenceTime == 0x6AD2)
    #expect(run.feedbackCount == 2)
    #expect(run.sources.media == SSRC(0x2C67_0D58))
    let list = try statuses(Chromium156.feedbackRun)
    #expect(list.count == 17)
    let start = MediaDuration.milliseconds(64 * 0x6AD2)
    #expect(list[0].arrival == start + .microseconds(0x43 * 250))
    #expect(list[1].arrival == start + .microseconds((0x43 + 9) * 250))
    #expect(list[16].sequenceNumber == SequenceNumber(28))

    let vector = try statuses(Chromium156.feedbackVector)
    let base = MediaDuration.milliseconds(64 * 0x6AB2)
    #expect(vector.map(\.arrival) == [base + .milliseconds(64), base + .milliseconds(64)])
}

@Test func recorderMakesTheSameBytesAsChromiumOfTheSameArrivals() throws {
    for sample in [Chromium156.feedbackRun, Chromium156.feedbackWhole] {
        let original = try feedback(sample)
        var recorder = TransportFeedbackRecorder()
        for status in try statuses(sample) {
            let arrival = try #require(status.arrival)
            recorder.record(sequence: status.sequenceNumber, at: .zero + arrival)
        }
        var made = try #require(held(drain(&recorder).first))
        made[19] = original.feedbackCount
        made.replaceSubrange(4..<12, with: sample[4..<12])
        #expect(made == sample)
    }
}

@Test func emptyRecorderMakesNothing() {
    var recorder = TransportFeedbackRecorder()
    #expect(!held(recorder.hasPending))
    #expect(held(drain(&recorder).isEmpty))
}

@Test func lossesStandBetweenArrivals() throws {
    var recorder = TransportFeedbackRecorder()
    for (number, time) in [(65_534, 1000), (65_535, 1010), (2, 1400), (40, 1390)] {
        recorder.record(sequence: SequenceNumber(UInt16(number)), at: at(milliseconds: Int64(time)))
    }
    let datagrams = drain(&recorder)
    #expect(datagrams.count == 1)
    #expect(!held(recorder.hasPending))
    let list = try statuses(datagrams[0])
    #expect(list.count == 43)
    let arrivals = list.compactMap { status in
        status.arrival.map { "\(status.sequenceNumber.rawValue)@\($0.milliseconds)" }
    }
    #expect(arrivals == ["65534@1000", "65535@1010", "2@1400", "40@1390"])
}

@Test func countGrowsWithEachPacket() throws {
    var recorder = TransportFeedbackRecorder()
    for number in 0..<300 {
        recorder.record(sequence: SequenceNumber(UInt16(number)), at: at(milliseconds: 50))
        let made = drain(&recorder)
        #expect(made.count == 1)
        #expect(try feedback(made[0]).feedbackCount == UInt8(number & 0xFF))
        #expect(try feedback(made[0]).baseSequenceNumber == SequenceNumber(UInt16(number)))
    }
}

@Test func aLongPauseSplitsTheFeedback() throws {
    var recorder = TransportFeedbackRecorder()
    recorder.record(sequence: SequenceNumber(1), at: at(milliseconds: 1_000))
    recorder.record(sequence: SequenceNumber(2), at: at(milliseconds: 9_000))
    recorder.record(sequence: SequenceNumber(4), at: at(milliseconds: 20_000))
    let datagrams = drain(&recorder)
    #expect(datagrams.count == 2)
    let lists = try datagrams.map { try statuses($0) }
    #expect(lists[0].map(\.arrival?.milliseconds) == [1_000, 9_000])
    #expect(lists[1].map(\.sequenceNumber.rawValue) == [3, 4])
    #expect(lists[1].map(\.arrival?.milliseconds) == [nil, 20_000])
}

@Test func aPacketThatComesAfterItsFeedbackIsToldByTheNext() throws {
    var recorder = TransportFeedbackRecorder()
    for number: UInt16 in [10, 11, 13] {
        recorder.record(sequence: SequenceNumber(number), at: at(milliseconds: 100))
    }
    _ = drain(&recorder)
    recorder.record(sequence: SequenceNumber(12), at: at(milliseconds: 200))
    let list = try statuses(try #require(held(drain(&recorder).first)))
    #expect(list.map(\.sequenceNumber.rawValue) == [12, 13])
    #expect(list.map(\.arrival?.milliseconds) == [200, 100])
}

@Test func aPacketOlderThanTheFirstIsToldToo() throws {
    var recorder = TransportFeedbackRecorder()
    recorder.record(sequence: SequenceNumber(1), at: at(milliseconds: 100))
    recorder.record(sequence: SequenceNumber(65_535), at: at(milliseconds: 101))
    let list = try statuses(try #require(held(drain(&recorder).first)))
    #expect(list.map(\.sequenceNumber.rawValue) == [65_535, 0, 1])
}

@Test func duplicatesKeepTheFirstTimeAndTellNothing() throws {
    var recorder = TransportFeedbackRecorder()
    recorder.record(sequence: SequenceNumber(5), at: at(milliseconds: 100))
    recorder.record(sequence: SequenceNumber(5), at: at(milliseconds: 150))
    let list = try statuses(try #require(held(drain(&recorder).first)))
    #expect(list.map(\.arrival?.milliseconds) == [100])
    recorder.record(sequence: SequenceNumber(5), at: at(milliseconds: 200))
    #expect(!held(recorder.hasPending))
    #expect(held(drain(&recorder).isEmpty))
}

@Test func aGapBeyondTheWindowForgetsWhatWasNotTold() throws {
    var recorder = TransportFeedbackRecorder()
    recorder.record(sequence: SequenceNumber(0), at: at(milliseconds: 100))
    recorder.record(sequence: SequenceNumber(30_000), at: at(milliseconds: 110))
    let list = drain(&recorder)
    #expect(list.count == 1)
    let told = try statuses(list[0])
    #expect(told.count <= TransportFeedbackRecorder.windowPackets)
    #expect(told.filter { $0.arrival != nil }.map(\.sequenceNumber.rawValue) == [30_000])
}

@Test func aSenderThatStartsAnewIsFollowedAtItsSecondPacket() throws {
    var recorder = TransportFeedbackRecorder()
    recorder.record(sequence: SequenceNumber(30_000), at: at(milliseconds: 100))
    _ = drain(&recorder)
    recorder.record(sequence: SequenceNumber(7), at: at(milliseconds: 110))
    #expect(!held(recorder.hasPending))
    recorder.record(sequence: SequenceNumber(8), at: at(milliseconds: 120))
    let list = try statuses(try #require(held(drain(&recorder).first)))
    #expect(list.map(\.sequenceNumber.rawValue) == [8])
    // A single packet from far behind does not disturb.
    recorder.record(sequence: SequenceNumber(40_000), at: at(milliseconds: 130))
    recorder.record(sequence: SequenceNumber(9), at: at(milliseconds: 131))
    let next = try statuses(try #require(held(drain(&recorder).first)))
    #expect(next.map(\.sequenceNumber.rawValue) == [9])
}

@Test func theClockMayBeAtZeroAndWrapItsReference() throws {
    var recorder = TransportFeedbackRecorder()
    recorder.record(sequence: SequenceNumber(1), at: .zero)
    #expect(try held(statuses(try #require(held(drain(&recorder).first))).count) == 1)
    // 2^24 * 64 ms: the reference time wraps between the two packets.
    let wrap: Int64 = (1 << 24) * 64
    recorder.record(sequence: SequenceNumber(2), at: at(milliseconds: wrap - 10))
    recorder.record(sequence: SequenceNumber(3), at: at(milliseconds: wrap + 10))
    let list = try statuses(try #require(held(drain(&recorder).first)))
    let first = try #require(list[0].arrival)
    let second = try #require(list[1].arrival)
    #expect(second.nanoseconds - first.nanoseconds == 20_000_000)
}

@Test func littleRoomMakesNothingButLosesNothing() {
    var recorder = TransportFeedbackRecorder()
    recorder.record(sequence: SequenceNumber(1), at: at(milliseconds: 1))
    #expect(held(drain(&recorder, room: TransportFeedbackRecorder.feedbackBytesMin - 1).isEmpty))
    #expect(held(recorder.hasPending))
    #expect(held(drain(&recorder, room: TransportFeedbackRecorder.feedbackBytesMin).count) == 1)
}

@Test func theWidestLossFitsTheLeastRoom() throws {
    var recorder = TransportFeedbackRecorder()
    recorder.record(sequence: SequenceNumber(0), at: at(milliseconds: 1))
    _ = drain(&recorder)
    recorder.record(sequence: SequenceNumber(1023), at: at(milliseconds: 2))
    let made = drain(&recorder, room: TransportFeedbackRecorder.feedbackBytesMin)
    #expect(made.count == 1)
    #expect(try statuses(made[0]).count == 1023)
}

@Test func feedbackTellsExactlyWhatWasRecordedWhateverTheOrder() throws {
    for seed: UInt64 in 0..<200 {
        var random = SeededRandom(seed: seed)
        var recorder = TransportFeedbackRecorder()
        var expected: [UInt16: Int64] = [:]
        var told: [UInt16: Int64] = [:]
        var number = UInt16.random(in: 0...UInt16.max, using: &random)
        var tick = Int64.random(in: 1...1_000_000, using: &random)
        let lossPercent = Int.random(in: 0...60, using: &random)
        for _ in 0..<Int.random(in: 1...1500, using: &random) {
            number &+= 1
            tick += Int64.random(in: 0...(seed % 3 == 0 ? 600 : 40), using: &random)
            guard Int.random(in: 0..<100, using: &random) >= lossPercent else { continue }
            let back = UInt16.random(in: 0..<8, using: &random)
            let sequence = number &- (back == 7 ? 3 : 0)
            recorder.record(
                sequence: SequenceNumber(sequence),
                at: MediaInstant(nanoseconds: tick * TransportFeedback.tickNanoseconds + 17))
            if expected[sequence] == nil { expected[sequence] = tick }
            if Int.random(in: 0..<50, using: &random) == 0 {
                for datagram in drain(&recorder) {
                    for status in try statuses(datagram) {
                        guard let arrival = status.arrival else { continue }
                        told[status.sequenceNumber.rawValue] =
                            arrival.nanoseconds / TransportFeedback.tickNanoseconds
                    }
                }
            }
        }
        for datagram in drain(&recorder) {
            for status in try statuses(datagram) {
                guard let arrival = status.arrival else { continue }
                told[status.sequenceNumber.rawValue] =
                    arrival.nanoseconds / TransportFeedback.tickNanoseconds
            }
        }
        // More than a window between two feedbacks may be forgotten; the rest must agree.
        for (sequence, tick) in told { #expect(expected[sequence] == tick, "seed \(seed)") }
        if expected.count < 1000 { #expect(told.count == expected.count, "seed \(seed)") }
    }
}

@Test func feedbackThatContradictsItselfIsRefused() {
    // No statuses; more statuses than chunks; more deltas than bytes; the reserved symbol.
    let lies = [
        "8fcd0005 00000001 c09d15ee 00310000 006ae010 20025500",
        "8fcd0004 00000001 c09d15ee 00310002 006ae010",
        "8fcd0005 00000001 c09d15ee 00310003 006ae010 20035500",
        "8fcd0005 00000001 c09d15ee 00310002 006ae010 60025500",
    ]
    for text in lies {
        #expect(throws: RTCPError.self) { try feedback(bytes(text)) }
    }
}

@Test func runsOfNoPacketsAreSteppedOver() throws {
    // Found by damaging a real packet: a chunk that counts nothing before one that counts.
    let datagram = bytes("8fcd0006 00000001 c09d15ee 00310002 006ae010 20002002 55000000")
    #expect(try statuses(datagram).count == 2)
    // Nothing but such chunks hold no statuses.
    #expect(throws: RTCPError.self) {
        try feedback(bytes("8fcd0005 00000001 c09d15ee 00310002 006ae010 20002000"))
    }
}

@Test func aNegativeReferenceTimeKeepsItsSign() throws {
    let datagram = bytes("8fcd0005 00000001 c09d15ee 00310002 FFFFFF10 20025500")
    #expect(try feedback(datagram).referenceTime == -1)
    #expect(try statuses(datagram)[1].arrival == .milliseconds(-64) + .microseconds(0x55 * 250))
}

@Test func longRunsOfMissingPacketsArePassedOver() throws {
    // 8 runs of 8,191 missing packets and one packet that arrived.
    let datagram = bytes(
        """
        8fcd0009 00000001 c09d15ee 0000FFFA 006ae010
        1FFF1FFF 1FFF1FFF 1FFF1FFF 1FFF1FFF 20020102
        """)
    var cursor = TransportFeedbackCursor(try feedback(datagram))
    #expect(held(cursor.nextReceived(in: datagram.span)?.sequenceNumber) == SequenceNumber(0xFFF8))
    #expect(held(cursor.nextReceived(in: datagram.span)?.sequenceNumber) == SequenceNumber(0xFFF9))
    #expect(held(cursor.nextReceived(in: datagram.span)) == nil)
}
