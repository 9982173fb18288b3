// That who sends more than the path carries loses whole frames and not the call.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import ClientMedia

@Suite struct FrameBudgetTests {
    private let start = MediaInstant.zero + .seconds(1)

    @Test func anEncoderThatObeysIsNeverRefused() {
        var budget = FrameBudget()
        for frame in 0..<1_000 {
            let now = start + .milliseconds(Int64(frame) * 40)
            let isTaken = budget.take(bytes: 4_700, estimate: 1_000_000, at: now)
            #expect(isTaken)
        }
    }

    @Test func tooMuchIsRefusedUntilThereIsRoomForAKeyframe() {
        var budget = FrameBudget()
        var verdicts: [Bool] = []
        for frame in 0..<500 {
            let now = start + .milliseconds(Int64(frame) * 40)
            verdicts.append(budget.take(bytes: 10_000, estimate: 1_000_000, at: now))
        }
        let taken = verdicts.count { $0 }
        // 2 Mbit/s at 1 Mbit/s: half of them, in runs.
        #expect((200...280).contains(taken))
        let changes = zip(verdicts, verdicts.dropFirst()).count { $0 != $1 }
        #expect(changes < 60)
    }

    @Test func aFrameLargerThanAllThatMayWaitGoesAlone() {
        var budget = FrameBudget()
        let first = budget.take(bytes: 900_000, estimate: 300_000, at: start)
        let second = budget.take(bytes: 100, estimate: 300_000, at: start + .milliseconds(40))
        #expect(first && !second)
        let isFree = budget.empty(estimate: 300_000, at: start + .seconds(30))
        #expect(isFree && !budget.isFull)
    }

    @Test func repetitionsHaveTheirShare() {
        var budget = FrameBudget()
        var repeated = 0
        for step in 0..<1_000 {
            let now = start + .milliseconds(Int64(step) * 10)
            if budget.takeRepetition(bytes: 1_200, estimate: 500_000, at: now) {
                repeated += 1_200
            }
        }
        // 40 % of 500 kbit/s over ten seconds, and half a second at once.
        #expect((250_000...270_000).contains(repeated))
    }
}
