// That the rates of a stream's temporal layers are measured.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Forwarding

@Suite struct LayerRatesTests {
    /// Packets of a thousand bytes each 20 ms, of layers 0, 2, 1, 2 in turn.
    private func fill(_ rates: inout LayerRates, from start: Int64, count: Int64) {
        let pattern: [UInt8] = [0, 2, 1, 2]
        for number in 0..<count {
            rates.add(
                payloadCount: 1_000 - LayerRates.packetOverheadBytes,
                temporal: pattern[Int(number % 4)], at: at(start + number * 20))
        }
    }

    @Test func eachLayerCountsWithThoseBelow() {
        var rates = LayerRates()
        fill(&rates, from: 10_000, count: 150)
        let now = at(13_000)
        #expect(abs(rates.bitRate(upTo: 7, at: now) - 400_000) < 30_000)
        #expect(abs(rates.bitRate(upTo: 1, at: now) - 200_000) < 30_000)
        #expect(abs(rates.bitRate(upTo: 0, at: now) - 100_000) < 20_000)
    }

    @Test func whatRepeatsEarlierSoundCountsAsALayerAbove() {
        var rates = LayerRates()
        for number in 0..<Int64(150) {
            rates.add(
                payloadCount: 160 - LayerRates.packetOverheadBytes, temporal: 0,
                repeatedCount: 40, at: at(10_000 + number * 20))
        }
        let now = at(13_000)
        #expect(abs(rates.bitRate(upTo: 0, at: now) - 48_000) < 3_000)
        #expect(abs(rates.bitRate(upTo: 7, at: now) - 64_000) < 4_000)
    }

    @Test func aStreamThatStopsFallsToNothing() {
        var rates = LayerRates()
        #expect(rates.bitRate(upTo: 7, at: at(0)) == 0)
        fill(&rates, from: 0, count: 100)
        #expect(rates.bitRate(upTo: 7, at: at(2_600)) < 250_000)
        #expect(rates.bitRate(upTo: 7, at: at(3_100)) == 0)
        // And it begins again without what was before.
        fill(&rates, from: 60_000, count: 20)
        #expect(abs(rates.bitRate(upTo: 7, at: at(60_400)) - 400_000) < 60_000)
    }

    @Test func aStreamJustBegunIsNotTakenForASlowOne() {
        var rates = LayerRates()
        fill(&rates, from: 5_000, count: 15)
        #expect(abs(rates.bitRate(upTo: 7, at: at(5_300)) - 400_000) < 100_000)
    }

    @Test func sizesWithinAStreamAreToldApart() {
        var rates = LayerRates()
        for step in Int64(0)..<200 {
            rates.add(
                payloadCount: 1_000 - LayerRates.packetOverheadBytes, spatial: UInt8(step % 4),
                temporal: UInt8(step / 4 % 2), at: at(step * 20))
        }
        let now = at(3_990)
        #expect(abs(rates.bitRate(upTo: 7, at: now) - 400_000) < 30_000)
        #expect(abs(rates.bitRate(upTo: 7, ofSizesUpTo: 1, at: now) - 200_000) < 30_000)
        #expect(abs(rates.bitRate(upTo: 0, ofSizesUpTo: 1, at: now) - 100_000) < 30_000)
    }
}
