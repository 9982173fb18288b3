// Random verbs of many seeds keep what must always hold.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

@Suite struct RandomisedTests {
    @Test(arguments: [0..<125, 125..<250, 250..<375, 375..<500] as [Range<UInt64>])
    func randomVerbsOfManySeedsKeepWhatMustHold(_ seeds: Range<UInt64>) {
        for seed in seeds {
            var run = RandomisedRun(seed: seed)
            for _ in 0..<240 where !run.room.isClosed && run.world.problems.isEmpty {
                run.step()
                run.check()
            }
            // Let everybody fall silent: the room empties, closes and leaves nothing behind.
            for _ in 0..<3 {
                for session in run.room.sessions { run.room.mediaLost(session, at: run.now) }
                run.now = run.now + .seconds(31)
                run.room.advance(to: run.now)
                while let effect = run.room.pollEffect() { run.world.apply(effect) }
            }
            #expect(run.world.problems == [], "seed \(seed)")
            #expect(run.world.closed, "seed \(seed)")
            #expect(run.world.alive == [], "seed \(seed)")
            #expect(run.room.nextDeadline == nil, "seed \(seed)")
        }
    }

    @Test func oneSeedGivesOneLog() {
        for seed in 0..<20 as Range<UInt64> {
            var logs: [[[UInt8]]] = []
            for _ in 0..<2 {
                var run = RandomisedRun(seed: seed)
                for _ in 0..<120 where !run.room.isClosed { run.step() }
                logs.append(run.log.map { Array("\($0)".utf8) })
            }
            #expect(logs[0] == logs[1], "seed \(seed)")
        }
    }
}
