// That a queue which grows too slowly to be noticed by its sender is seen, shortened and kept short.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Congestion

/// A sender whose rate grows by 2 % a second whatever happens, but obeys limits, through a bottleneck.
private struct CreepingUplink {
    var capacity = 500_000.0
    var delay = MediaDuration.milliseconds(20)
    var jitter: MediaDuration
    var obeys = true
    /// A queue of somebody else's, on top.
    var foreign = MediaDuration.zero
    var rate = 450_000.0
    var growth: Double

    var now = MediaInstant.zero
    var queue = StandingQueue()
    var limit = UplinkLimit()
    var random = SeededRandom(seed: 3)
    private var waiting = 0.0

    init(jitter: MediaDuration = .zero, growth: Double = 1.02) {
        self.jitter = jitter
        self.growth = growth
    }

    private(set) var queues: [Double] = []
    private(set) var rates: [Double] = []
    private(set) var limited = 0

    /// Lets so many seconds pass, in packets of sound each 20 ms.
    mutating func run(seconds: Int) {
        for step in 0..<(seconds * 50) {
            if step % 50 == 0 { rate *= growth }
            let sending = obeys ? min(rate, limit.bitsPerSecond ?? .infinity) : rate
            waiting = max(0, waiting + sending / 50 - capacity / 50)
            let milliseconds = waiting / capacity * 1_000
            let spread = Int64.random(in: 0...max(0, jitter.nanoseconds), using: &random)
            let transit =
                delay + foreign
                + MediaDuration(nanoseconds: Int64(milliseconds * 1e6) + spread)
            queue.note(sentAt: now - .zero, at: now + transit)
            if step % 10 == 0 {
                let arriving = min(sending + waiting, capacity)
                let advice = limit.update(
                    queue: queue.delay(at: now + transit), arriving: arriving, at: now + transit)
                if advice == .rebase { queue.rebase() }
            }
            queues.append(milliseconds)
            rates.append(sending)
            if limit.bitsPerSecond != nil { limited += 1 }
            now = now + .milliseconds(20)
        }
    }
}

@Suite struct UplinkLimitTests {
    @Test func aCreepingQueueIsKeptShortAndThePathUsed() {
        var uplink = CreepingUplink()
        uplink.run(seconds: 10)
        uplink.rate = 500_000
        uplink.run(seconds: 120)
        let settled = uplink.queues.suffix(100 * 50)
        #expect(settled.max() ?? .infinity < 150)
        let mean = uplink.rates.suffix(100 * 50).reduce(0, +) / 5_000
        #expect(mean > 0.85 * uplink.capacity)
    }

    @Test func whoSendsLessThanThePathCarriesIsNeverLimited() {
        var uplink = CreepingUplink(jitter: .milliseconds(60), growth: 1)
        uplink.run(seconds: 120)
        #expect(uplink.limited == 0)
    }

    /// A route that is suddenly longer is no queue.
    @Test func aLongerWayIsTakenForOneAfterTheFirstCut() {
        var uplink = CreepingUplink(growth: 1)
        uplink.run(seconds: 20)
        uplink.delay = .milliseconds(200)
        uplink.run(seconds: 60)
        #expect(uplink.limited > 0)
        #expect(uplink.limited < 3 * 50)
        #expect(uplink.limit.bitsPerSecond == nil)
    }

    /// Somebody else fills the queue: sending less does not help, and is not asked for again at once.
    @Test func aQueueOfOthersIsNotPaidFor() {
        var uplink = CreepingUplink(growth: 1)
        uplink.run(seconds: 20)
        uplink.foreign = .milliseconds(150)
        uplink.run(seconds: 10)
        uplink.foreign = .milliseconds(300)
        uplink.run(seconds: 10)
        #expect(uplink.limited < 6 * 50)
    }

    @Test func theLimitGoesWhenThePathIsFree() {
        var uplink = CreepingUplink()
        uplink.run(seconds: 10)
        uplink.rate = 600_000
        uplink.growth = 1
        uplink.run(seconds: 10)
        #expect(uplink.limit.bitsPerSecond != nil)
        uplink.capacity = 5_000_000
        uplink.rate = 300_000
        uplink.run(seconds: 40)
        #expect(uplink.limit.bitsPerSecond == nil)
    }

    @Test func silenceSaysNothing() {
        var queue = StandingQueue()
        #expect(queue.delay(at: .zero) == nil)
        queue.note(sentAt: .zero, at: .zero + .milliseconds(50))
        #expect(queue.delay(at: .zero + .milliseconds(60)) == .zero)
        #expect(queue.delay(at: .zero + .seconds(2)) == nil)
        var limit = UplinkLimit()
        #expect(limit.update(queue: nil, arriving: 0, at: .zero) == .none)
        #expect(limit.bitsPerSecond == nil)
    }
}
