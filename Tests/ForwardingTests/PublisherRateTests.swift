// When a publisher is told to send less of a size, and when it is let go again.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Testing
import Wire

@testable import Forwarding

@Suite struct PublisherRateTests {
    /// The bound after each change that is told, in kbit/s; 0: none; `nil`: nothing is told.
    private func told(
        _ rate: inout PublisherRate, bears kilobits: Int64?, missed: Bool = false,
        sent: Int64 = 1_500, at milliseconds: Int64
    ) -> Int64? {
        let need = kilobits.map { RateNeed(bitsPerSecond: $0 * 1_000, isMissed: missed) }
        guard rate.update(need, rate: sent * 1_000, at: at(milliseconds)) else { return nil }
        return (rate.limit ?? 0) / 1_000
    }

    @Test func lessIsToldOnlyWhereSomebodyDoesWithout() {
        var rate = PublisherRate()
        #expect(told(&rate, bears: 400, at: 0) == nil)
        #expect(told(&rate, bears: nil, at: 10) == nil)
        #expect(told(&rate, bears: 3_000, missed: true, at: 20) == nil)
        #expect(rate.encodedLimit == nil)
        #expect(told(&rate, bears: 400, missed: true, at: 30) == 340)
        // 30 packets' headers a second less, and a part of what is left.
        #expect(rate.encodedLimit == Int64((340_000 - 16_320) * 20 / 21))
        #expect(rate.unlimited == 1_500_000)
    }

    @Test func nothingIsToldOftenerThanEachSecondNorForLittle() {
        var rate = PublisherRate()
        #expect(told(&rate, bears: 400, missed: true, at: 0) == 340)
        #expect(told(&rate, bears: 200, missed: true, sent: 330, at: 1_900) == nil)
        #expect(told(&rate, bears: 200, missed: true, sent: 330, at: 2_000) == 170)
        #expect(told(&rate, bears: 190, missed: true, sent: 165, at: 4_000) == nil)
        #expect(told(&rate, bears: 1, missed: true, at: 5_000) == PublisherRate.least / 1_000)
    }

    @Test func moreIsToldInStepsWhenItLasts() {
        var rate = PublisherRate()
        _ = told(&rate, bears: 400, missed: true, at: 0)
        #expect(told(&rate, bears: 600, sent: 330, at: 2_000) == nil)
        // Not for a moment: it begins anew.
        #expect(told(&rate, bears: 390, sent: 330, at: 3_000) == nil)
        #expect(told(&rate, bears: 600, sent: 330, at: 3_500) == nil)
        #expect(told(&rate, bears: 600, sent: 330, at: 4_900) == nil)
        #expect(told(&rate, bears: 600, sent: 330, at: 5_000) == 408)
        #expect(told(&rate, bears: 1_200, sent: 400, at: 6_500) == nil)
        #expect(told(&rate, bears: 1_200, sent: 400, at: 8_000) == 600)
        // All that it sent before can be had: there is no bound any more.
        #expect(told(&rate, bears: 1_600, sent: 590, at: 9_500) == nil)
        #expect(told(&rate, bears: 1_600, sent: 590, at: 11_000) == 0)
        #expect(rate.unlimited == 0)
    }

    @Test func whoNobodyNeedsBoundIsLetGo() {
        var rate = PublisherRate()
        _ = told(&rate, bears: 400, missed: true, at: 0)
        #expect(told(&rate, bears: nil, sent: 330, at: 2_000) == nil)
        #expect(told(&rate, bears: nil, sent: 330, at: 3_500) == 0)
    }

    @Test func moreThatDoesNotLastIsTriedAgainLater() {
        var rate = PublisherRate()
        _ = told(&rate, bears: 400, missed: true, at: 0)
        _ = told(&rate, bears: 800, sent: 330, at: 2_000)
        #expect(told(&rate, bears: 800, sent: 330, at: 3_500) == 408)
        #expect(told(&rate, bears: 400, missed: true, sent: 400, at: 6_000) == 340)
        // What failed is not tried again for half a minute, unless there is far more.
        for second: Int64 in 8...35 {
            #expect(told(&rate, bears: 800, sent: 330, at: second * 1_000) == nil)
        }
        var other = rate
        #expect(told(&other, bears: 900, sent: 330, at: 35_100) == 450)
        #expect(told(&rate, bears: 800, sent: 330, at: 36_000) == 408)
        #expect(told(&rate, bears: 400, missed: true, sent: 400, at: 39_000) == 340)
        // The wait before more is tried has doubled, and doubles again.
        _ = told(&rate, bears: 1_000, sent: 330, at: 41_000)
        #expect(told(&rate, bears: 1_000, sent: 330, at: 46_900) == nil)
        #expect(told(&rate, bears: 1_000, sent: 330, at: 47_000) == 500)
    }

    @Test func anEncoderThatTakesMoreIsAllowedLess() {
        var rate = PublisherRate()
        _ = told(&rate, bears: 400, missed: true, sent: 1_500, at: 0)
        #expect(told(&rate, bears: 400, missed: true, sent: 450, at: 1_500) == nil)
        #expect(told(&rate, bears: 400, missed: true, sent: 450, at: 2_000) == 255)
    }

    @Test func whoSendsMuchMoreAllTheSameIsToldAgain() {
        var rate = PublisherRate()
        _ = told(&rate, bears: 400, missed: true, at: 0)
        #expect(told(&rate, bears: 400, sent: 1_500, at: 4_900) == nil)
        #expect(told(&rate, bears: 400, sent: 1_500, at: 5_000) == 340)
        #expect(told(&rate, bears: 400, sent: 1_500, at: 9_900) == nil)
    }

    @Test func needsOfReceiversBecomeOne() {
        let narrow = RateNeed(bitsPerSecond: 90_000, isMissed: true)
        let middle = RateNeed(bitsPerSecond: 200_000)
        #expect(RateNeed.joined(narrow, middle, by: .least) == narrow)
        #expect(RateNeed.joined(middle, narrow, by: .least) == narrow)
        #expect(RateNeed.joined(narrow, middle, by: .most) == middle)
        #expect(RateNeed.joined(middle, narrow, by: .most) == middle)
        #expect(RateNeed.joined(nil, narrow, by: .most) == narrow)
        #expect(RateNeed.joined(narrow, nil, by: .least) == narrow)
        #expect(RateNeed.joined(nil, nil, by: .least) == nil)
    }

    @Test func whatHasBecomeCheaperIsNotWaitedFor() {
        var memory = BandwidthMemory()
        memory.note(from: 1, to: 1, at: at(0))
        memory.note(from: 1, to: 0, smallestCost: 150_000, at: at(10_000))
        #expect(!memory.mayRise(to: 120_000, at: at(10_100)))
        #expect(memory.mayRise(to: 112_500, at: at(10_100)))
        #expect(!memory.mayRise(at: at(10_100)))
        #expect(memory.mayRise(at: at(12_000)))
        // Once it is there again that is forgotten.
        #expect(memory.hasBecomeCheaper(100_000))
        memory.note(from: 0, to: 1, at: at(12_000))
        #expect(!memory.hasBecomeCheaper(100_000))
    }

    @Test func whatWasMadeToFitBeginsWhateverIsKnownOfThePath() {
        var wishes = UniqueArray<BandwidthWish>()
        var wish = BandwidthWish(slot: 0, rank: .camera, mayRise: false)
        wish.append(.all, bitsPerSecond: 300_000)
        wish.endSmallest()
        wish.beginAgain()
        wishes.append(wish)
        _ = BandwidthAllocation.allocate(&wishes, bitsPerSecond: 100_000)
        #expect(wishes[0].granted == 1)
        #expect(wishes[0].current == 0)
        #expect(!wishes[0].isMissed)
    }
}
