// How a publisher is bounded while a queue on its way drains.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Congestion

extension UplinkDrain {
    /// Updates it and expects that its bound changes, or does not.
    fileprivate mutating func expect(
        _ change: Bool, late: MediaDuration, arriving: Double, at now: MediaInstant
    ) {
        let isChanged = update(late: late, arriving: arriving, at: now)
        #expect(isChanged == change)
    }
}

@Suite struct UplinkTests {
    private let start = MediaInstant.zero + .seconds(5)

    private func at(_ milliseconds: Int64) -> MediaInstant { start + .milliseconds(milliseconds) }

    @Test func soundThatIsInTimeBoundsNothing() {
        var drain = UplinkDrain()
        for step in 0..<500 {
            let isChanged = drain.update(
                late: .milliseconds(Int64(step % 100)), arriving: 1e6, at: at(Int64(step) * 20))
            #expect(!isChanged)
        }
        #expect(drain.bitsPerSecond == nil)
    }

    @Test func halfOfWhatComesIsLeftUntilTheQueueHasGoneThenTheBoundRisesAndGoes() throws {
        var drain = UplinkDrain()
        drain.expect(false, late: .milliseconds(120), arriving: 700_000, at: at(-60))
        drain.expect(true, late: .milliseconds(120), arriving: 600_000, at: at(0))
        #expect(drain.bitsPerSecond == 300_000)
        // It is not told again while the queue drains.
        drain.expect(false, late: .milliseconds(300), arriving: 500_000, at: at(300))
        drain.expect(false, late: .milliseconds(60), arriving: 500_000, at: at(600))
        drain.expect(true, late: .milliseconds(40), arriving: 500_000, at: at(640))
        #expect(drain.bitsPerSecond == 425_000)
        var bounds: [Double] = []
        for step in 1...400 where drain.bitsPerSecond != nil {
            if drain.update(
                late: .zero, arriving: 400_000, at: at(640 + 20 * Int64(step))),
                let bound = drain.bitsPerSecond
            {
                bounds.append(bound)
            }
        }
        #expect(drain.bitsPerSecond == nil)
        #expect(bounds == bounds.sorted() && bounds.count > 15)
        let last = try #require(bounds.last)
        #expect(last > 500_000 && last < 800_000)
    }

    @Test func whatDoesNotDrainIsLeftAlone() {
        var drain = UplinkDrain()
        drain.expect(false, late: .milliseconds(200), arriving: 600_000, at: at(-60))
        drain.expect(true, late: .milliseconds(200), arriving: 600_000, at: at(0))
        drain.expect(true, late: .milliseconds(200), arriving: 300_000, at: at(1_500))
        #expect(drain.bitsPerSecond == nil)
        drain.expect(false, late: .milliseconds(200), arriving: 600_000, at: at(5_000))
        drain.expect(true, late: .milliseconds(200), arriving: 600_000, at: at(11_600))
    }

    @Test func soundIsBoundedBelowOnlyToWhereItStillGetsThrough() {
        var drain = UplinkDrain()
        drain.expect(false, late: .milliseconds(150), arriving: 50_000, at: at(-80))
        drain.expect(true, late: .milliseconds(150), arriving: 50_000, at: at(0))
        #expect(drain.bitsPerSecond == UplinkDrain.least)
    }

    @Test func aPauseOfThePublishersIsNoQueue() {
        var drain = UplinkDrain()
        // 300 ms of sound at once, each packet less late than the one before.
        for packet in 0..<15 {
            drain.expect(
                false, late: .milliseconds(300 - 20 * Int64(packet)), arriving: 900_000,
                at: at(Int64(packet)))
        }
        drain.expect(false, late: .zero, arriving: 900_000, at: at(100))
    }

    @Test func aWayThatIsLongerForGoodIsNoQueueAfterSomeTime() {
        var delay = UplinkDelay()
        var late = MediaDuration.zero
        for step in 0..<2_000 {
            let transit: Int64 = step < 500 ? 20 : 180
            let sent = MediaDuration.milliseconds(Int64(step) * 20)
            late = delay.note(sentAt: sent, at: at(Int64(step) * 20 + transit))
            if step == 499 { #expect(late == .zero) }
            if step == 510 { #expect(late == .milliseconds(160)) }
        }
        #expect(late == .zero)
    }

    @Test func onePacketAloneMayBeLate() {
        var delay = UplinkDelay()
        for step in 0..<100 {
            let transit: Int64 = step % 10 == 5 ? 300 : 20
            let late = delay.note(
                sentAt: .milliseconds(Int64(step) * 20), at: at(Int64(step) * 20 + transit))
            #expect(late == .zero)
        }
    }

    @Test func whatArrivesIsMeasuredOverAFifthOfASecond() {
        var rate = ArrivalRate()
        for step in 0..<100 { rate.add(bytes: 1_000, at: at(Int64(step) * 10)) }
        let full = rate.bitsPerSecond(at: at(1_000))
        #expect(full > 650_000 && full < 850_000)
        // Half as much for 200 ms, and nothing of before counts.
        for step in 0..<10 { rate.add(bytes: 1_000, at: at(1_000 + Int64(step) * 20)) }
        let half = rate.bitsPerSecond(at: at(1_200))
        #expect(half > 300_000 && half < 450_000)
        let none = rate.bitsPerSecond(at: at(5_000))
        #expect(none == 0)
    }
}
