// How much a pacer lets leave, and when.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Congestion

@Suite struct PacerTests {
    private let start = MediaInstant.zero + .seconds(3)

    @Test func withoutAnEstimateNothingWaits() {
        var pacer = Pacer()
        pacer.noteSent(bytes: 10_000_000, at: start)
        #expect(pacer.room(at: start) == .max)
    }

    @Test func anOrdinaryFrameLeavesAtOnce() {
        var pacer = Pacer()
        pacer.setEstimate(1_500_000)
        // 2.5 x 1.5 Mbit/s for 40 ms.
        #expect(pacer.room(at: start) == 18_750)
        for _ in 0..<6 {
            #expect(pacer.room(at: start) > 0)
            pacer.noteSent(bytes: 1_228, at: start)
        }
        #expect(pacer.room(at: start + .milliseconds(33)) == 18_750)
    }

    @Test func forLongNoMoreLeavesThanThePacingRate() {
        var pacer = Pacer()
        pacer.setEstimate(200_000)
        var sent = 0
        for millisecond in 0..<10_000 {
            let now = start + .milliseconds(Int64(millisecond))
            while pacer.room(at: now) > 0 {
                pacer.noteSent(bytes: 1_000, at: now)
                sent += 1_000
            }
        }
        // Ten seconds of 210 kbit/s, the allowance, and the packet that went into debt.
        #expect((262_500...266_500).contains(sent), "\(sent)")
    }

    @Test func theReleaseComesWhenHalfTheAllowanceIsFree() {
        var pacer = Pacer()
        pacer.setEstimate(1_000_000)
        while pacer.room(at: start) > 0 { pacer.noteSent(bytes: 1_250, at: start) }
        #expect(pacer.room(at: pacer.nextRelease) == 12_500 / 2)
        #expect(pacer.nextRelease > start && pacer.nextRelease <= start + .milliseconds(25))
    }

    @Test func soundNeverMakesAPacerSlowerThanItself() {
        var pacer = Pacer()
        pacer.setEstimate(1)
        #expect(pacer.bitsPerSecond == 100_000)
    }

    @Test func aNarrowPathIsPacedCloserToItsEstimateAndAKeyframeMayWait() {
        var pacer = Pacer()
        #expect(pacer.backlogMax == .max)
        for (estimate, rate, backlog) in [
            (150_000, 157_500, 16_000), (200_000, 210_000, 16_000), (400_000, 710_000, 31_250),
            (600_000, 1_500_000, 46_875), (2_000_000, 5_000_000, 156_250),
        ] as [(Double, Double, Int)] {
            pacer.setEstimate(estimate)
            #expect(pacer.bitsPerSecond == rate)
            #expect(pacer.backlogMax == backlog)
        }
        pacer.setEstimate(nil)
        #expect(pacer.backlogMax == .max)
    }

    @Test func aProbeBeginsAndEndsWithPaddingAtItsRate() {
        var sender = ProbeSender(
            ProbePlan(number: 7, bitsPerSecond: 1_000_000), at: start)
        #expect(sender.numberForMedia == 0)
        sender.noteSent(bytes: 1_200, isPadding: false)
        #expect(sender.nextDue == start)
        var sent = 0
        var now = start
        while !sender.isDone(at: now) {
            while sender.nextDue <= now, !sender.isDone(at: now) {
                sender.noteSent(bytes: 300, isPadding: true)
                #expect(sender.numberForMedia == 7)
                sent += 300
            }
            now = now + .milliseconds(1)
        }
        #expect(now - start <= .milliseconds(22))
        #expect((2_500...3_000).contains(sent), "\(sent)")
    }
}
