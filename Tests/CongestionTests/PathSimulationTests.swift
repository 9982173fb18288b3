// What the estimate does on paths of many kinds, over seeds: bounds that every run must keep.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import NetworkImpairment
import Testing
import Wire

@testable import Congestion

/// How many times as many seeds as usual are run: `MARTLET_CONGESTION_RUNS=50` gives some thousands.
private let times = max(
    1, ProcessInfo.processInfo.environment["MARTLET_CONGESTION_RUNS"].flatMap { Int($0) } ?? 1)

/// Seeds `0..<count`, or more of them where asked for.
private func seeds(_ count: Int) -> Range<UInt64> { 0..<UInt64(count * times) }

@Suite struct PathSimulationTests {
    /// A path of its own for each seed: up to 60 ms each way, up to 18 ms of jitter.
    private func path(_ bitsPerSecond: Int64, seed: UInt64) -> (SimulatedPath, SimulatedFlow) {
        let path = SimulatedPath(bitsPerSecond: bitsPerSecond, seed: seed)
        path.link.delay = .milliseconds(Int64(seed * 7 % 60))
        path.returnDelay = path.link.delay
        path.link.jitter = .milliseconds(Int64(seed % 7) * 3)
        let flow = path.add(.adaptable, seed: seed &* 7 &+ 1)
        flow.estimator.wanted = 2_500_000
        return (path, flow)
    }

    @Test(arguments: [150_000, 300_000, 500_000, 1_000_000, 2_000_000] as [Int64])
    func convergesAndStaysWithinBounds(capacity: Int64) {
        let rate = Double(capacity)
        for seed in seeds(8) {
            let (path, flow) = path(capacity, seed: seed)
            path.run(seconds: 20)
            let name: Comment = "seed \(seed), \(capacity) bit/s"
            let reached = flow.timeToReach(0.8 * rate, after: 0)
            #expect(reached ?? 99 <= 10, name)
            let mean = flow.meanEstimate(from: 5, to: 20) / rate
            #expect((0.8...1.05).contains(mean), "\(mean), \(name)")
            // In steady state.
            let steady = flow.estimates[80...].map { $0 / rate }
            #expect((steady.min() ?? 0) > 0.5 && (steady.max() ?? 9) < 1.8, name)
            #expect(flow.longestExcess(over: 1.2 * rate, from: 0, to: 20) <= 1, name)
        }
    }

    @Test func followsACapacityThatFallsAndComesBack() {
        for seed in seeds(6) {
            let layers = Offering.layers([150_000, 500_000, 1_500_000])
            for offering in [Offering.adaptable, layers] {
                let path = SimulatedPath(bitsPerSecond: 0, seed: seed)
                path.link.delay = .milliseconds(Int64(10 + seed % 40))
                let flow = path.add(offering, seed: seed &+ 100)
                flow.estimator.wanted = 1_700_000
                path.run(seconds: 6)
                #expect(flow.meanEstimate(from: 4, to: 6) > 1_600_000, "seed \(seed)")
                path.link.bitsPerSecond = 500_000
                path.run(seconds: 8)
                #expect(flow.meanEstimate(from: 8, to: 9) < 600_000, "seed \(seed)")
                #expect(flow.longestExcess(over: 600_000, from: 6, to: 14) <= 1.2, "seed \(seed)")
                path.link.bitsPerSecond = 150_000
                path.run(seconds: 8)
                #expect(flow.meanEstimate(from: 16, to: 17) < 180_000, "seed \(seed)")
                #expect(flow.longestExcess(over: 180_000, from: 14, to: 22) <= 1.2, "seed \(seed)")
                path.link.bitsPerSecond = 0
                path.run(seconds: 10)
                let back = flow.timeToReach(1_550_000, after: 22)
                #expect(back ?? 99 <= 10, "seed \(seed)")
            }
        }
    }

    /// Little is sent while a queue drains, and packets that are few come unevenly: neither says that the path carries
    /// less than it did when it was full.
    @Test func whatIsSentAfterAFallDoesNotBringTheRateDownFurther() {
        for seed in seeds(12) {
            let path = SimulatedPath(bitsPerSecond: 0, seed: seed)
            path.link.delay = .milliseconds(10)
            path.returnDelay = path.link.delay
            path.link.jitter = .milliseconds(Int64(seed % 3))
            let flow = path.add(.layers([55_000, 1_390_000]), seed: seed &+ 100)
            flow.estimator.wanted = 1_500_000
            path.run(seconds: 6)
            path.link.bitsPerSecond = 150_000
            path.run(seconds: 14)
            // From a second after the fall on.
            let least = flow.estimates[70...].min() ?? 0
            #expect(least > 100_000, "seed \(seed)")
        }
    }

    @Test(arguments: [0.02, 0.05, 0.1, 0.2])
    func lossByChanceDoesNotBringTheRateDown(loss: Double) {
        var means: [Double] = []
        for seed in seeds(6) {
            let path = SimulatedPath(bitsPerSecond: 2_000_000, seed: seed)
            path.link.loss = loss
            let flow = path.add(.adaptable, seed: seed &+ 9)
            flow.estimator.wanted = 2_500_000
            path.run(seconds: 25)
            means.append(flow.meanEstimate(from: 10, to: 25))
        }
        let mean = means.reduce(0, +) / Double(means.count)
        #expect(mean > (loss > 0.1 ? 900_000 : 1_400_000), "\(means)")
        #expect((means.min() ?? 0) > (loss > 0.1 ? 450_000 : 1_000_000), "\(means)")
    }

    @Test func aShortQueueIsNotOverrunForLong() {
        var excesses: [Double] = []
        for seed in seeds(8) {
            let (path, flow) = path(1_000_000, seed: seed)
            path.link.queueDelayMax = .milliseconds(30)
            path.run(seconds: 20)
            let excess = flow.longestExcess(over: 1_200_000, from: 0, to: 20)
            // Where loss by a short queue was taken for the path's own it takes another trial.
            #expect(excess <= 5, "seed \(seed)")
            excesses.append(excess)
            #expect(flow.meanEstimate(from: 5, to: 20) > 450_000, "seed \(seed)")
        }
        let longer = excesses.count { $0 > 1 }
        #expect(longer <= max(1, excesses.count / 10), "\(excesses)")
    }

    @Test(arguments: [500_000, 1_000_000, 2_000_000] as [Int64])
    func twoFlowsShareFairly(capacity: Int64) {
        var indices: [Double] = []
        for seed in seeds(5) {
            let path = SimulatedPath(bitsPerSecond: capacity, seed: seed)
            let first = path.add(.adaptable, seed: seed &* 7 &+ 1)
            first.estimator.wanted = 2_500_000
            path.run(seconds: 5)
            let second = path.add(.adaptable, seed: seed &* 7 &+ 2)
            second.estimator.wanted = 2_500_000
            path.run(seconds: 45)
            // The second has had 15 s.
            let left = first.mean(first.sent, from: 20, to: 50)
            let right = second.mean(second.sent, from: 15, to: 45)
            indices.append(
                (left + right) * (left + right) / (2 * (left * left + right * right)))
            #expect(left + right > 0.75 * Double(capacity), "seed \(seed)")
        }
        let mean = indices.reduce(0, +) / Double(indices.count)
        #expect(mean >= 0.88, "\(indices)")
        #expect((indices.min() ?? 0) > 0.6, "\(indices)")
    }

    @Test func aBlackoutIsFollowedByNoBurst() {
        for seed in seeds(8) {
            let (path, flow) = path(2_000_000, seed: seed)
            path.run(seconds: 8)
            let before = flow.target
            path.link.blackout = path.now..<(path.now + .seconds(5))
            path.run(seconds: 8)
            let peak = (130..<160).map { Double(flow.sent[($0 - 2)..<$0].reduce(0, +)) * 40 }.max()
            #expect(peak ?? 0 < 2 * before, "seed \(seed)")
            // Two seconds after its end the rate is there again.
            #expect(flow.meanEstimate(from: 15, to: 16) > 0.6 * before, "seed \(seed)")
        }
    }

    @Test func jitterIsNotTakenForAQueue() {
        for seed in seeds(6) {
            let path = SimulatedPath(bitsPerSecond: 3_000_000, seed: seed)
            path.link.delay = .milliseconds(100)
            path.link.jitter = .milliseconds(30)
            let flow = path.add(.fixed(400_000), seed: seed)
            flow.estimator.wanted = 1_500_000
            path.run(seconds: 20)
            #expect(flow.estimates[100...].min() ?? 0 > 700_000, "seed \(seed)")
            let isLimited = flow.estimator.isApplicationLimited(at: path.now)
            #expect(isLimited, "seed \(seed)")
        }
    }

    @Test func oneSeedGivesOneRun() {
        func run() -> [Double] {
            let (path, flow) = path(1_000_000, seed: 3)
            path.run(seconds: 6)
            return flow.estimates
        }
        #expect(run() == run())
    }
}
