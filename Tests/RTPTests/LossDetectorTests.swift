// When lost packets are asked for, how often, and when no more.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import RTP

private func number(_ value: UInt64) -> ExtendedSequenceNumber { ExtendedSequenceNumber(value) }

private func at(_ milliseconds: Int64) -> MediaInstant { .zero + .milliseconds(milliseconds) }

private func asked(
    _ detector: inout LossDetector, _ milliseconds: Int64, rtt: Int64 = 0, room: Int = 600
) -> [UInt16] {
    let list = [SequenceNumber](capacity: room) { (output: inout OutputSpan<SequenceNumber>) in
        detector.nextNACKs(at: at(milliseconds), rtt: .milliseconds(rtt), into: &output)
    }
    return list.map(\.rawValue)
}

@Test func packetsInOrderAskForNothing() {
    var detector = LossDetector()
    for value: UInt64 in 65_530..<65_550 {
        #expect(held(detector.insert(number(value), at: at(0))) == .next)
    }
    #expect(detector.nextDeadline == nil)
    #expect(held(asked(&detector, 100).isEmpty))
}

@Test func aGapOverTheWrapIsAskedForAtOnce() {
    var detector = LossDetector()
    detector.insert(number(65_534), at: at(0))
    #expect(held(detector.insert(number(65_538), at: at(5))) == .gap(count: 3))
    #expect(detector.nextDeadline == at(5))
    #expect(held(asked(&detector, 5)) == [65_535, 0, 1])
    #expect(detector.nextDeadline == at(15))
    #expect(held(asked(&detector, 14).isEmpty))
    #expect(held(asked(&detector, 15)) == [65_535, 0, 1])
}

@Test func theRoundTripSpacesTheTries() {
    var detector = LossDetector()
    detector.insert(number(1), at: at(0))
    detector.insert(number(3), at: at(0))
    #expect(held(asked(&detector, 0, rtt: 80)) == [2])
    #expect(held(asked(&detector, 79, rtt: 80).isEmpty))
    #expect(held(asked(&detector, 80, rtt: 10_000)) == [2])
    #expect(detector.nextDeadline == at(580))
}

@Test func recoveredPacketsAreNoLongerAskedFor() {
    var detector = LossDetector()
    detector.insert(number(10), at: at(0))
    detector.insert(number(14), at: at(0))
    #expect(held(detector.insert(number(12), at: at(1))) == .recovered)
    #expect(held(detector.insert(number(12), at: at(1))) == .old)
    #expect(held(detector.insert(number(9), at: at(1))) == .old)
    #expect(held(detector.insert(number(14), at: at(1))) == .old)
    #expect(held(asked(&detector, 1)) == [11, 13])
    #expect(held(detector.insert(number(11), at: at(2))) == .recovered)
    #expect(held(detector.insert(number(13), at: at(2))) == .recovered)
    #expect(detector.nextDeadline == nil)
    #expect(!held(detector.takeKeyframeNeed()))
}

@Test func requestsBecomeRarerAndEndAtTheDeadline() {
    var detector = LossDetector(deadline: .milliseconds(500))
    detector.insert(number(1), at: at(0))
    detector.insert(number(3), at: at(0))
    var times: [Int64] = []
    for time in Int64(0)..<499 where !asked(&detector, time, rtt: 20).isEmpty { times.append(time) }
    // Three a round trip apart, and then ever rarer.
    #expect(times == [0, 20, 40, 60, 100, 180, 340])
    #expect(detector.missingCount == 1)
    #expect(detector.nextDeadline == at(500))
    #expect(!held(detector.takeKeyframeNeed()))
    #expect(held(asked(&detector, 500, rtt: 20).isEmpty))
    #expect(detector.missingCount == 0)
    #expect(detector.nextDeadline == nil)
    #expect(held(detector.takeKeyframeNeed()))
    #expect(!held(detector.takeKeyframeNeed()))
    #expect(held(detector.insert(number(2), at: at(500))) == .old)
}

@Test func anOutageIsNotAskedForButNeedsAKeyframe() {
    var detector = LossDetector()
    detector.insert(number(0), at: at(0))
    #expect(held(detector.insert(number(514), at: at(0))) == .gap(count: 513))
    #expect(detector.missingCount == 0)
    #expect(held(detector.takeKeyframeNeed()))
    #expect(held(detector.insert(number(.max), at: at(1))) != .next)
    #expect(held(detector.insert(number(0), at: at(1))) == .old)
}

@Test func theListNeverPassesItsBound() {
    var detector = LossDetector()
    detector.insert(number(0), at: at(0))
    var value: UInt64 = 0
    for _ in 0..<50 {
        value += 101
        detector.insert(number(value), at: at(0))
        #expect(detector.missingCount <= LossDetector.missingMax)
    }
    #expect(held(detector.takeKeyframeNeed()))
    #expect(held(asked(&detector, 0).count) == LossDetector.missingMax)
}

@Test func exactlyTheBoundIsAskedFor() {
    var detector = LossDetector()
    detector.insert(number(0), at: at(0))
    detector.insert(number(513), at: at(0))
    #expect(detector.missingCount == 512)
    #expect(!held(detector.takeKeyframeNeed()))
    #expect(held(asked(&detector, 0, room: 200).count) == 200)
    // What found no room is still due.
    #expect(detector.nextDeadline == at(0))
    #expect(held(asked(&detector, 0, room: 600).count) == 312)
}

@Test func aKeyframeForgetsWhatIsBeforeIt() {
    var detector = LossDetector()
    detector.insert(number(0), at: at(0))
    detector.insert(number(5), at: at(0))
    detector.insert(number(8), at: at(0))
    detector.forget(before: number(6))
    #expect(held(asked(&detector, 0)) == [6, 7])
    detector.forget(before: number(100))
    #expect(detector.nextDeadline == nil)
}

@Test func aDelayForReorderedPacketsIsKept() {
    var detector = LossDetector(reorderDelay: .milliseconds(10))
    detector.insert(number(0), at: at(0))
    detector.insert(number(2), at: at(0))
    #expect(held(asked(&detector, 9).isEmpty))
    #expect(held(detector.insert(number(1), at: at(9))) == .recovered)
    #expect(held(asked(&detector, 10).isEmpty))
}

@Test func aLongRoundTripLeavesTimeForThreeTries() {
    var detector = LossDetector(deadline: .milliseconds(200))
    detector.insert(number(1), at: at(0))
    detector.insert(number(3), at: at(0))
    var times: [Int64] = []
    for time in Int64(0)..<1_000 where !asked(&detector, time, rtt: 150).isEmpty {
        times.append(time)
    }
    #expect(times == [0, 150, 300])
    #expect(held(detector.takeKeyframeNeed()))
}

@Test func packetsOutOfOrderAreSoonWaitedFor() {
    var detector = LossDetector(reorderDelay: .milliseconds(10))
    var requests = 0
    var value: UInt64 = 0
    for round in Int64(0)..<100 {
        // Each tenth packet comes 40 ms late.
        let time = round * 50
        detector.insert(number(value), at: at(time))
        detector.insert(number(value + 2), at: at(time + 5))
        for step in Int64(5)..<45 { requests += asked(&detector, time + step, rtt: 100).count }
        detector.insert(number(value + 1), at: at(time + 45))
        value += 3
    }
    // The first was asked for in vain; from then on it was known how late they come.
    #expect(requests <= 2)
    #expect(detector.reorderDelay == .milliseconds(50))
}

@Test func realLossShortensTheWaitAgain() {
    var detector = LossDetector(reorderDelay: .milliseconds(10))
    detector.insert(number(0), at: at(0))
    detector.insert(number(2), at: at(0))
    detector.insert(number(1), at: at(60))
    #expect(detector.reorderDelay == .milliseconds(75))
    var value: UInt64 = 3
    for round in Int64(1)...20 {
        let time = round * 200
        detector.insert(number(value + 1), at: at(time))
        _ = asked(&detector, time + 100, rtt: 20)
        detector.insert(number(value), at: at(time + 125), isRepeated: true)
        value += 2
    }
    #expect(detector.reorderDelay == .milliseconds(10))
    // However late one comes, the wait has a bound.
    detector.insert(number(value + 1), at: at(10_000))
    detector.insert(number(value), at: at(12_000))
    #expect(detector.reorderDelay == LossDetector.reorderDelayMax)
}
