// What report blocks say of packets received, lost and late.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import RTP

private func number(_ value: UInt64) -> ExtendedSequenceNumber { ExtendedSequenceNumber(value) }

private func at(_ milliseconds: Int64) -> MediaInstant { .zero + .milliseconds(milliseconds) }

@Test func statisticsCountLossesAsTheRFCDoes() throws {
    var statistics = ReceptionStatistics(clockRate: 90_000)
    #expect(held(statistics.makeReportBlock(ssrc: SSRC(1), at: at(0))) == nil)
    #expect(statistics.extendedHighest == nil)
    // 65,530 to 65,549 over the wrap, every fifth lost.
    for value: UInt64 in 65_530..<65_550 where value % 5 != 4 {
        let step = UInt32(value - 65_530)
        statistics.record(
            number(value), timestamp: RTPTimestamp(UInt32.max - 20_000 &+ step &* 3_000),
            at: .zero + .microseconds(Int64(step) * 1_000_000 / 30))
    }
    let block = try #require(held(statistics.makeReportBlock(ssrc: SSRC(9), at: at(1000))))
    #expect(block.ssrc == SSRC(9))
    #expect(block.extendedHighest == 65_548)
    #expect(block.cumulativeLost == 3)
    // Expected 19, lost 3: 3 * 256 / 19.
    #expect(block.fractionLost == 40)
    #expect(block.jitter == 0)
    #expect(block.lastSR == 0 && block.delaySinceLastSR == 0)
    // Nothing lost since.
    statistics.record(number(65_549), timestamp: RTPTimestamp(0), at: at(1000))
    let next = try #require(held(statistics.makeReportBlock(ssrc: SSRC(9), at: at(1000))))
    #expect(next.fractionLost == 0)
}

@Test func duplicatesMakeTheLossNegative() throws {
    var statistics = ReceptionStatistics(clockRate: 48_000)
    for _ in 0..<3 { statistics.record(number(5), timestamp: RTPTimestamp(0), at: at(0)) }
    let block = try #require(held(statistics.makeReportBlock(ssrc: SSRC(1), at: at(0))))
    #expect(block.cumulativeLost == -2)
    #expect(block.fractionLost == 0)
}

@Test func jitterFollowsTheRecurrenceOfTheRFC() {
    // RFC 3550 A.8 by hand: D = 160, then J += (160 - J) / 16.
    var statistics = ReceptionStatistics(clockRate: 8_000)
    statistics.record(number(1), timestamp: RTPTimestamp(0), at: at(0))
    statistics.record(number(2), timestamp: RTPTimestamp(160), at: at(40))
    #expect(statistics.jitter == 10)
    statistics.record(number(3), timestamp: RTPTimestamp(320), at: at(60))
    #expect(statistics.jitter == 9)
    // A new clock is no jitter.
    statistics.record(number(4), timestamp: RTPTimestamp(0x8000_0000), at: at(80))
    #expect(statistics.jitter == 9)
}

@Test func jitterIsNotDisturbedByTheTimestampsWrap() {
    var statistics = ReceptionStatistics(clockRate: 90_000)
    for step in 0..<100 {
        statistics.record(
            number(UInt64(step)),
            timestamp: RTPTimestamp(UInt32.max - 90_000 &+ UInt32(step) &* 1_800),
            at: at(Int64(step) * 20))
    }
    #expect(statistics.jitter == 0)
}

@Test func theAgeOfTheSenderReportIsTold() throws {
    var statistics = ReceptionStatistics(clockRate: 90_000)
    statistics.record(number(1), timestamp: RTPTimestamp(0), at: at(0))
    let report = SenderReport(
        ssrc: SSRC(1), ntp: NTPTime(rawValue: 0x1234_5678_9ABC_DEF0), rtpTimestamp: RTPTimestamp(0),
        packetCount: 0, octetCount: 0)
    statistics.noteSenderReport(report, at: at(500))
    let block = try #require(held(statistics.makeReportBlock(ssrc: SSRC(1), at: at(2_000))))
    #expect(block.lastSR == 0x5678_9ABC)
    #expect(block.delaySinceLastSR == 65_536 * 3 / 2)
    // A clock that stepped back, and one far ahead, saturate.
    let early = try #require(held(statistics.makeReportBlock(ssrc: SSRC(1), at: at(0))))
    #expect(early.delaySinceLastSR == 0)
    let late = try #require(
        held(
            statistics.makeReportBlock(ssrc: SSRC(1), at: MediaInstant(nanoseconds: .max))))
    #expect(late.delaySinceLastSR == .max)
}

@Test func statisticsSurviveExtremeNumbers() throws {
    var statistics = ReceptionStatistics(clockRate: .max)
    statistics.record(number(0), timestamp: RTPTimestamp(0), at: MediaInstant(nanoseconds: .min))
    statistics.record(
        number(.max), timestamp: RTPTimestamp(.max), at: MediaInstant(nanoseconds: .max))
    let block = try #require(held(statistics.makeReportBlock(ssrc: SSRC(1), at: .zero)))
    #expect(block.cumulativeLost == 0x7F_FFFF || block.cumulativeLost < 0)
}
