// What an impaired link decides, and that it decides the same for the same seed.
// SPDX-License-Identifier: Apache-2.0
import NetworkImpairment
import Testing
import Wire

@Suite struct ImpairedLinkTests {
    private func at(_ milliseconds: Int64) -> MediaInstant { .zero + .milliseconds(milliseconds) }

    /// The verdicts on `count` datagrams of 1,000 bytes, one each millisecond.
    private func verdicts(
        seed: UInt64, count: Int = 2000, byteCount: Int = 1000,
        _ change: (inout LinkSettings) -> Void = { _ in }
    ) -> [LinkVerdict] {
        var settings = LinkSettings()
        change(&settings)
        var link = ImpairedLink(seed: seed)
        return (0..<count).map {
            link.decide(byteCount: byteCount, settings: settings, at: at(Int64($0)))
        }
    }

    private func lost(_ verdicts: [LinkVerdict]) -> [Int] {
        verdicts.indices.filter {
            if case .lost = verdicts[$0] { return true }
            return false
        }
    }

    private func arrivals(_ verdicts: [LinkVerdict]) -> [MediaInstant] {
        verdicts.compactMap {
            if case .arrives(let instant, _) = $0 { return instant }
            return nil
        }
    }

    @Test func aPerfectLinkChangesNothing() {
        #expect(verdicts(seed: 1) == (0..<2000).map { .arrives(at: at($0), again: nil) })
    }

    @Test func theSameSeedLosesTheSameDatagrams() {
        let everything: (inout LinkSettings) -> Void = {
            $0.loss = 0.1
            $0.burst = BurstLoss(enter: 0.01, leave: 0.3)
            $0.jitter = .milliseconds(30)
            $0.reorder = 0.1
            $0.duplicate = 0.1
            $0.bitsPerSecond = 9_000_000
        }
        #expect(verdicts(seed: 7, everything) == verdicts(seed: 7, everything))
        #expect(verdicts(seed: 7, everything) != verdicts(seed: 8, everything))
    }

    @Test func theFirstLossesOfASeedStayWhatTheyAre() {
        let losses = lost(verdicts(seed: 42, count: 100) { $0.loss = 0.1 })
        #expect(losses == [3, 5, 23, 71, 85])
    }

    @Test func otherSettingsDoNotMoveTheLosses() {
        let plain = lost(verdicts(seed: 3) { $0.loss = 0.1 })
        let more = lost(
            verdicts(seed: 3) {
                $0.loss = 0.1
                $0.delay = .milliseconds(50)
                $0.jitter = .milliseconds(50)
                $0.reorder = 0.5
                $0.duplicate = 0.5
            })
        #expect(plain == more)
        #expect(Set(plain).isSubset(of: lost(verdicts(seed: 3) { $0.loss = 0.2 })))
    }

    @Test(arguments: [0.0, 0.01, 0.1, 0.5, 1.0])
    func lossIsAsFrequentAsAsked(loss: Double) {
        let count = lost(verdicts(seed: 5, count: 20_000) { $0.loss = loss }).count
        #expect(abs(Double(count) / 20_000 - loss) < 0.01)
    }

    @Test func burstsHaveTheirMeanLength() {
        let losses = lost(
            verdicts(seed: 9, count: 50_000) { $0.burst = BurstLoss(enter: 0.01, leave: 0.2) })
        let bursts = losses.indices.filter { $0 == 0 || losses[$0] != losses[$0 - 1] + 1 }.count
        let meanLength = Double(losses.count) / Double(bursts)
        #expect(meanLength > 4.3 && meanLength < 5.7)
        // The share of bad time is enter / (enter + leave).
        #expect(abs(Double(losses.count) / 50_000 - 0.01 / 0.21) < 0.01)
    }

    @Test func jitterDelaysButKeepsTheOrder() {
        let times = arrivals(
            verdicts(seed: 2) {
                $0.delay = .milliseconds(20)
                $0.jitter = .milliseconds(10)
            })
        #expect(times == times.sorted())
        #expect(
            times.indices.allSatisfy {
                let delay = times[$0] - at(Int64($0))
                return delay >= .milliseconds(20) && delay <= .milliseconds(30)
            })
    }

    @Test func anOvertakenDatagramDoesNotHoldTheOthers() {
        let times = arrivals(verdicts(seed: 2) { $0.reorder = 0.1 })
        let late = times.indices.filter { times[$0] == at(Int64($0)) + .milliseconds(20) }
        #expect(late.count > 150 && late.count < 250)
        #expect(
            times.indices.allSatisfy { late.contains($0) || times[$0] == at(Int64($0)) })
    }

    @Test func doublesArriveAfterTheirOriginal() {
        let doubles = verdicts(seed: 2) { $0.duplicate = 0.1 }.filter {
            if case .arrives(let first, let again?) = $0 { return again > first }
            return false
        }
        #expect(doubles.count > 150 && doubles.count < 250)
    }

    @Test func aBottleneckPassesItsRateAndLosesTheRest() {
        // 1,000 + 28 bytes each millisecond are 8.224 Mbit/s.
        let half = verdicts(seed: 1, count: 4000) { $0.bitsPerSecond = 4_112_000 }
        let times = arrivals(half)
        #expect(times.count > 2000 && times.count < 2200)
        #expect(
            zip(times, times.dropFirst()).allSatisfy { $1 - $0 == .milliseconds(2) })
        #expect(Set(lost(half).map { half[$0] == .lost(.queueFull) }) == [true])
        let ample = arrivals(verdicts(seed: 1) { $0.bitsPerSecond = 82_240_000 })
        #expect(ample == (0..<2000).map { at($0) + .microseconds(100) })
    }

    @Test func nothingPassesInABlackout() {
        let verdicts = verdicts(seed: 1) { $0.blackout = at(500)..<at(600) }
        #expect(lost(verdicts) == Array(500..<600))
        #expect(verdicts[500] == .lost(.blackout))
    }

    @Test func onlyVideoTakesTheVideoDelay() {
        var settings = LinkSettings()
        settings.videoDelay = .milliseconds(300)
        var link = ImpairedLink(seed: 1)
        for (isVideo, delay) in [(true, Int64(300)), (false, 0), (true, 300), (false, 0)] {
            #expect(
                link.decide(byteCount: 500, isVideo: isVideo, settings: settings, at: at(0))
                    == .arrives(at: at(delay), again: nil))
        }
    }

    @Test func absurdSettingsDoNotTrap() {
        for seed in 0..<50 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var settings = LinkSettings()
            settings.delay = MediaDuration(nanoseconds: Int64(bitPattern: random.next()))
            settings.jitter = MediaDuration(nanoseconds: Int64(bitPattern: random.next()))
            settings.videoDelay = MediaDuration(nanoseconds: Int64(bitPattern: random.next()))
            settings.bitsPerSecond = Int64(bitPattern: random.next())
            settings.queueDelayMax = MediaDuration(nanoseconds: .max)
            settings.loss = .nan
            var link = ImpairedLink(seed: seed)
            for _ in 0..<100 {
                _ = link.decide(
                    byteCount: 1000, settings: settings,
                    at: MediaInstant(nanoseconds: Int64(bitPattern: random.next())))
            }
        }
    }
}

@Suite struct ArrivalQueueTests {
    @Test func whatIsDueLeavesInOrder() {
        var queue = ArrivalQueue<Int>(capacity: 1000)
        var random = SeededRandom(seed: 4)
        var expected: [(at: Int64, value: Int)] = []
        for value in 0..<1000 {
            let instant = Int64(random.next() % 50)
            expected.append((instant, value))
            let isTaken = queue.insert(value, at: MediaInstant(nanoseconds: instant))
            #expect(isTaken)
        }
        // Equal times leave in the order they came: a stable sort.
        expected.sort { ($0.at, $0.value) < ($1.at, $1.value) }
        var popped: [Int] = []
        for now in 0..<50 as Range<Int64> {
            while let value = queue.popDue(at: MediaInstant(nanoseconds: now)) {
                popped.append(value)
            }
            #expect((queue.nextArrival?.nanoseconds ?? .max) > now)
        }
        #expect(popped == expected.map(\.value))
    }

    @Test func aFullQueueTakesNoMore() {
        var queue = ArrivalQueue<Int>(capacity: 2)
        let taken = (1...3).map { queue.insert($0, at: .zero) }
        #expect(taken == [true, true, false])
        let first = queue.popDue(at: .zero)
        #expect(first == 1)
        let isTakenNow = queue.insert(3, at: .zero)
        #expect(isTakenNow)
        #expect(queue.count == 2)
    }
}

@Suite struct ImpairmentPlanTests {
    @Test func namesReachOneDirectionOrBoth() throws {
        var plan = ImpairmentPlan()
        try plan.set("loss", to: "0.1", at: .zero)
        try plan.set("down-loss", to: "0.2", at: .zero)
        try plan.set("up-delay-ms", to: "12.5", at: .zero)
        try plan.set("burst-enter", to: "0.01", at: .zero)
        try plan.set("up-burst-enter", to: "0", at: .zero)
        #expect(plan.up.loss == 0.1)
        #expect(plan.down.loss == 0.2)
        #expect(plan.up.delay == .microseconds(12_500))
        #expect(plan.down.delay == .zero)
        #expect(plan.up.burst == nil)
        #expect(plan.down.burst == BurstLoss(enter: 0.01, leave: 0.25))
    }

    @Test func aBlackoutBeginsWhenItIsPlannedOrNow() throws {
        let now = MediaInstant.zero + .seconds(100)
        var plan = ImpairmentPlan()
        try plan.set("blackout-for-s", to: "5", at: now)
        #expect(plan.up.blackout == now..<(now + .seconds(5)))
        var planned = ImpairmentPlan()
        try planned.set("blackout-at-s", to: "10", at: now)
        try planned.set("blackout-for-s", to: "5", at: now)
        #expect(planned.down.blackout == (now + .seconds(10))..<(now + .seconds(15)))
        // Long past: the next one begins at once.
        try planned.set("blackout-for-s", to: "1", at: now + .seconds(60))
        #expect(planned.down.blackout == (now + .seconds(60))..<(now + .seconds(61)))
    }

    @Test func wrongValuesChangeNothing() {
        for (name, value) in [
            ("loss", "1.1"), ("loss", "-0.1"), ("loss", "nan"), ("loss", ""), ("loss", "x"),
            ("rate-kbps", "1e300"), ("delay-ms", "inf"), ("up-reorder", "2"),
        ] {
            var plan = ImpairmentPlan()
            #expect(throws: ImpairmentSettingError.invalid(name: name, value: value)) {
                try plan.set(name, to: value, at: .zero)
            }
            #expect(plan == ImpairmentPlan())
        }
        var plan = ImpairmentPlan()
        #expect(throws: ImpairmentSettingError.unknown("up-up-loss")) {
            try plan.set("up-up-loss", to: "0", at: .zero)
        }
    }

    @Test func everyListedNameIsTaken() throws {
        for (name, _) in ImpairmentPlan.names {
            for prefix in ["", "up-", "down-"] {
                var plan = ImpairmentPlan()
                #expect(ImpairmentPlan.knows(prefix + name))
                try plan.set(prefix + name, to: "1", at: .zero)
                try plan.set(prefix + name, to: "0", at: .zero)
            }
        }
    }
}
