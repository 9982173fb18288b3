// That a publisher is told of more at once, and of less when it lasts.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Forwarding

@Suite struct LayerDemandTests {
    private func told(
        _ wanted: UInt8, sent: UInt8 = 3, at milliseconds: Int64, _ demand: inout LayerDemand
    ) -> UInt8? {
        demand.update(wanted: wanted, of: 3, sent: sent, at: at(milliseconds))
    }

    @Test func lessIsToldWhenItLasts() {
        var demand = LayerDemand()
        #expect(told(3, at: 0, &demand) == nil)
        #expect(told(1, at: 10_000, &demand) == nil)
        #expect(told(1, at: 12_900, &demand) == nil)
        // Back before the time is up: it begins anew.
        #expect(told(3, at: 12_950, &demand) == nil)
        #expect(told(1, at: 13_000, &demand) == nil)
        #expect(told(0, at: 15_900, &demand) == nil)
        #expect(told(0, at: 18_800, &demand) == nil)
        #expect(told(0, at: 18_900, &demand) == 0)
        #expect(told(0, sent: 0, at: 19_000, &demand) == nil)
    }

    @Test func moreIsToldAtOnce() {
        var demand = LayerDemand()
        _ = told(0, at: 0, &demand)
        #expect(told(0, at: 3_000, &demand) == 0)
        #expect(told(1, at: 3_001, &demand) == 1)
        #expect(told(3, at: 3_002, &demand) == 3)
        #expect(told(3, at: 60_000, &demand) == nil)
    }

    @Test func whoSendsMoreAllTheSameIsToldAgain() {
        var demand = LayerDemand()
        _ = told(1, at: 0, &demand)
        #expect(told(1, at: 3_000, &demand) == 1)
        #expect(told(1, at: 7_900, &demand) == nil)
        #expect(told(1, at: 8_000, &demand) == 1)
        #expect(told(1, sent: 1, at: 60_000, &demand) == nil)
    }
}
