// Dividing a path among tracks: who goes first, who keeps what, and that it never comes to more than there is.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Testing
import Wire

@testable import Forwarding

@Suite struct BandwidthAllocationTests {
    /// Three sizes in kbit/s: what a camera in 640x360 sends.
    private static let camera: [Int64] = [80, 150, 500, 1_500]

    private static func wish(
        _ rank: BandwidthRank, _ kilobits: [Int64] = camera, current: Int = 0, mayRise: Bool = true
    ) -> BandwidthWish {
        var wish = BandwidthWish(slot: 0, rank: rank, mayRise: mayRise)
        for (step, rate) in kilobits.enumerated() {
            wish.append(size(step), bitsPerSecond: rate * 1_000)
        }
        wish.setCurrent(current > 0 ? size(current - 1) : nil)
        return wish
    }

    private static func size(_ step: Int) -> LayerTarget {
        LayerTarget(spatial: UInt8(step), temporal: 7)
    }

    /// What each was granted.
    private static func grants(
        _ wanted: [BandwidthWish], kilobits: Int64, borne: Int64 = 0
    ) -> (steps: [Int], outcome: BandwidthAllocation.Outcome) {
        var wishes = UniqueArray<BandwidthWish>()
        for wish in wanted { wishes.append(wish) }
        let outcome = BandwidthAllocation.allocate(
            &wishes, bitsPerSecond: kilobits * 1_000, borne: borne * 1_000)
        var steps: [Int] = []
        for index in 0..<wishes.count { steps.append(wishes[index].granted) }
        return (steps, outcome)
    }

    @Test func everybodyGetsTheBestWhereThereIsPlenty() {
        let (steps, outcome) = Self.grants(
            [Self.wish(.camera), Self.wish(.screen), Self.wish(.favoured)], kilobits: 10_000)
        #expect(steps == [4, 4, 4])
        #expect(outcome.used == 4_500_000 && outcome.wanted == 4_500_000)
    }

    @Test func whatThePathBearsIsKeptThoughTheEstimateIsLowerForAMoment() {
        let wishes = [Self.wish(.camera, current: 3), Self.wish(.camera, current: 1)]
        #expect(Self.grants(wishes, kilobits: 300).steps == [2, 1])
        #expect(Self.grants(wishes, kilobits: 300, borne: 580).steps == [3, 1])
        // Nobody is given more for it.
        #expect(Self.grants(wishes, kilobits: 300, borne: 5_000).steps == [3, 1])
    }

    @Test func S03_theFavouredGoesFirstAndNobodyIsDarkForItsSharpness() {
        let steep: [Int64] = [80, 1_000]
        let wishes = [Self.wish(.camera, steep), Self.wish(.favoured), Self.wish(.camera, steep)]
        // All of the small ones and the favoured one's best.
        #expect(Self.grants(wishes, kilobits: 1_900).steps == [1, 4, 1])
        // What is left after it goes round.
        #expect(Self.grants(wishes, kilobits: 3_000).steps == [2, 4, 1])
        // Where there is room for one alone it is the favoured.
        #expect(Self.grants(wishes, kilobits: 100).steps == [0, 1, 0])
    }

    @Test func aScreenGoesBeforeCameras() {
        let wishes = [Self.wish(.camera), Self.wish(.screen, [300, 2_000])]
        #expect(Self.grants(wishes, kilobits: 2_300).steps == [2, 2])
        #expect(Self.grants(wishes, kilobits: 380).steps == [0, 1])
        // It does not fit, and the camera does.
        #expect(Self.grants(wishes, kilobits: 200).steps == [2, 0])
    }

    @Test func camerasRiseInTurn() {
        let wishes = [Self.wish(.camera), Self.wish(.camera), Self.wish(.camera)]
        #expect(Self.grants(wishes, kilobits: 1_000).steps == [3, 2, 2])
        #expect(Self.grants(wishes, kilobits: 500).steps == [2, 2, 2])
    }

    @Test func whatOneHasStaysWhileItFitsAndMoreNeedsRoom() {
        #expect(Self.grants([Self.wish(.camera, current: 3)], kilobits: 500).steps == [3])
        #expect(Self.grants([Self.wish(.camera, current: 2)], kilobits: 500).steps == [2])
        #expect(Self.grants([Self.wish(.camera, current: 2)], kilobits: 549).steps == [2])
        #expect(Self.grants([Self.wish(.camera, current: 2)], kilobits: 550).steps == [3])
        #expect(Self.grants([Self.wish(.camera, current: 3)], kilobits: 475).steps == [3])
        #expect(Self.grants([Self.wish(.camera, current: 3)], kilobits: 470).steps == [2])
    }

    @Test func whoMayNotRiseKeepsItsPlace() {
        let wish = Self.wish(.camera, current: 2, mayRise: false)
        let (steps, outcome) = Self.grants([wish], kilobits: 10_000)
        #expect(steps == [2])
        #expect(outcome.wanted == 1_500_000)
        #expect(Self.grants([Self.wish(.camera, mayRise: false)], kilobits: 10_000).steps == [0])
    }

    @Test func nothingToGiveAndNothingToAsk() {
        #expect(Self.grants([Self.wish(.favoured)], kilobits: -5).steps == [0])
        #expect(Self.grants([Self.wish(.camera, [])], kilobits: 5_000).steps == [0])
        #expect(Self.grants([], kilobits: 5_000).outcome == .init())
        var many = Self.wish(.camera, [])
        for rate in 0..<40 { many.append(Self.size(rate), bitsPerSecond: Int64(rate)) }
        #expect(many.stepCount == BandwidthWish.stepsMax)
        // A way that seems cheaper than the one before it is not.
        let odd = Self.wish(.camera, [100, 50, 200])
        #expect(odd.cost(of: 2) == 100_000 && odd.cost(of: 99) == 200_000)
    }

    @Test(arguments: 0..<8)
    func whatIsGrantedNeverComesToMoreThanThereIs(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<2_000 {
            let wishes = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                let rates = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                    Int64.random(in: 1...3_000, using: &random)
                }
                return Self.wish(
                    BandwidthRank(rawValue: UInt8.random(in: 0...2, using: &random)) ?? .camera,
                    rates, current: Int.random(in: 0...6, using: &random),
                    mayRise: Bool.random(using: &random))
            }
            let budget = Int64.random(in: 0...12_000, using: &random)
            let (steps, outcome) = Self.grants(wishes, kilobits: budget)
            #expect(outcome.used <= budget * 1_000 * 17 / 16)
            for (wish, granted) in zip(wishes, steps) {
                #expect(granted <= wish.stepCount)
                if !wish.mayRise { #expect(granted <= wish.current) }
                // Nobody has more than the least while a path that could carry the least of one who
                // goes before it, or with it, stays dark; what one has already is treated better.
                guard granted > 1, granted > wish.current else { continue }
                for (other, theirs) in zip(wishes, steps)
                where theirs == 0 && other.stepCount > 0 && other.mayRise && other.rank <= wish.rank
                {
                    let excess = wish.cost(of: granted) - wish.cost(of: 1)
                    #expect(other.cost(of: 1) + other.cost(of: 1) / 10 > excess)
                }
            }
        }
    }
}

@Suite struct BandwidthMemoryTests {
    private func at(_ seconds: Int64) -> MediaInstant { .zero + .seconds(seconds) }

    @Test func whatDoesNotLastIsTriedAgainLaterEachTime() {
        var memory = BandwidthMemory()
        #expect(memory.mayRise(at: at(0)))
        memory.note(from: 3, to: 2, at: at(10))
        #expect(!memory.mayRise(at: at(11)) && memory.mayRise(at: at(12)))
        memory.note(from: 2, to: 3, at: at(12))
        memory.note(from: 3, to: 2, at: at(14))
        #expect(!memory.mayRise(at: at(17)) && memory.mayRise(at: at(18)))
        memory.note(from: 2, to: 3, at: at(18))
        memory.note(from: 3, to: 2, at: at(19))
        #expect(!memory.mayRise(at: at(26)) && memory.mayRise(at: at(27)))
        for turn in 0..<10 {
            memory.note(from: 2, to: 3, at: at(30 + Int64(turn) * 20))
            memory.note(from: 3, to: 2, at: at(31 + Int64(turn) * 20))
        }
        #expect(!memory.mayRise(at: at(226)) && memory.mayRise(at: at(227)))
        // What lasted is forgiven.
        memory.note(from: 2, to: 3, at: at(230))
        memory.note(from: 3, to: 2, at: at(240))
        #expect(memory.mayRise(at: at(242)))
    }
}
