// That requests to publishers and repetitions to receivers stay within their bounds.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Forwarding

@Suite struct KeyframeRequesterTests {
    @Test func theFirstRequestLeavesAtOnceAndOthersJoinIt() {
        var requester = KeyframeRequester()
        #expect(requester.deadline == nil)
        #expect(requester.takeDue(at: at(1_000)) == false)
        requester.request()
        requester.request()
        #expect(requester.takeDue(at: at(1_000)) == true)
        #expect(requester.takeDue(at: at(1_000)) == false)
        #expect(requester.deadline == at(1_300))
        #expect(requester.takeDue(at: at(1_299)) == false)
        #expect(requester.takeDue(at: at(1_300)) == true)
    }

    @Test func aKeyframeEndsTheWaitButNotTheThrottle() {
        var requester = KeyframeRequester()
        requester.request()
        #expect(requester.takeDue(at: at(0)) == true)
        requester.keyframeArrived()
        #expect(requester.deadline == nil)
        requester.request()
        #expect(requester.takeDue(at: at(100)) == false)
        #expect(requester.takeDue(at: at(300)) == true)
    }

    @Test func aStormThatIsAnsweredIsSpreadOut() {
        var requester = KeyframeRequester()
        var times: [Int64] = []
        for time in stride(from: Int64(50_000), to: 110_000, by: 10) {
            requester.request()
            if requester.takeDue(at: at(time)) {
                times.append(time)
                requester.keyframeArrived()
            }
        }
        // The burst at the shortest interval, and then one a second.
        #expect(times[15] - times[0] == 15 * 300)
        #expect((60 + 15...60 + 17).contains(times.count))
        for (one, next) in zip(times.suffix(20), times.suffix(19)) {
            #expect(next - one == 1_000)
        }
    }

    @Test func unansweredRequestsBecomeRarerUntilSomebodyAsksAnew() {
        var requester = KeyframeRequester()
        requester.request()
        var times: [Int64] = []
        for time in stride(from: Int64(0), to: 20_000, by: 10) where requester.takeDue(at: at(time))
        {
            times.append(time)
        }
        #expect(Array(times.prefix(6)) == [0, 300, 600, 900, 1_200, 1_500])
        #expect(times.count < 16)
        let last = times[times.count - 1]
        requester.request()
        #expect(requester.takeDue(at: at(last + 300)) == true)
        requester.keyframeArrived()
        requester.request()
        #expect(requester.takeDue(at: at(last + 600)) == true)
        #expect(requester.takeDue(at: at(last + 900)) == true)
    }
}

@Suite struct KeyframeRepairTests {
    @Test func whoLostSomethingGetsAKeyframeASecond() {
        var requester = KeyframeRequester()
        var times: [Int64] = []
        for time in stride(from: Int64(0), to: 5_000, by: 10) {
            requester.request(toStart: false)
            if requester.takeDue(at: at(time)) {
                times.append(time)
                requester.keyframeArrived()
            }
        }
        #expect(times == [0, 1_000, 2_000, 3_000, 4_000])
    }

    @Test func whoBeginsIsNotHeldUpByThoseWhoLostSomething() {
        var requester = KeyframeRequester()
        requester.request(toStart: false)
        #expect(requester.takeDue(at: at(0)) == true)
        requester.keyframeArrived()
        requester.request(toStart: false)
        #expect(requester.deadline == at(1_000))
        requester.request()
        #expect(requester.deadline == at(300))
        #expect(requester.takeDue(at: at(300)) == true)
    }
}

@Suite struct RetransmissionBudgetTests {
    @Test func aBurstThenARate() {
        var budget = RetransmissionBudget()
        let start = at(5_000)
        var taken = 0
        while budget.take(at: start) { taken += 1 }
        #expect(taken == RetransmissionBudget.burst)
        for step in 1...2_000 {
            while budget.take(at: start + .milliseconds(Int64(step))) { taken += 1 }
        }
        let expected = RetransmissionBudget.burst + 2 * RetransmissionBudget.perSecond
        #expect((expected - 2...expected).contains(taken))
    }

    @Test func aBudgetOfAnotherSizeTellsWhetherItIsSpent() {
        var budget = RetransmissionBudget(burst: 3, perSecond: 10)
        for _ in 0..<3 {
            let (isThere, isTaken) = (budget.hasToken(at: at(5_000)), budget.take(at: at(5_000)))
            #expect(isThere && isTaken)
        }
        let later = [5_000, 5_099, 5_100].map { budget.hasToken(at: at($0)) }
        #expect(later == [false, false, true])
    }

    @Test func aLongRestFillsItOnlyOnce() {
        var budget = RetransmissionBudget()
        while budget.take(at: at(0)) {}
        var taken = 0
        while budget.take(at: at(1_000_000)) { taken += 1 }
        #expect(taken == RetransmissionBudget.burst)
    }

    @Test func timeThatStandsStillOrGoesBackGivesNothing() {
        var budget = RetransmissionBudget()
        while budget.take(at: at(10_000)) {}
        #expect(budget.take(at: at(10_000)) == false)
        #expect(budget.take(at: at(9_000)) == false)
    }

    @Test func askingOftenCostsNoRefill() {
        var budget = RetransmissionBudget()
        while budget.take(at: at(0)) {}
        // Each nanosecond a question: the fractions must add up.
        var taken = 0
        for step in 0..<100_000 where budget.take(at: MediaInstant(nanoseconds: Int64(step) * 100))
        {
            taken += 1
        }
        #expect((9...11).contains(taken))
    }
}
