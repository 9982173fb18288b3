// That what is put into the wheel comes out once, in time and in order.
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import SignalServer

@Suite struct TickWheelTests {
    @Test func eachComesOutAtItsTick() {
        var wheel = TickWheel<Int>(at: 1_000)
        for due in [1_050, 1_001, 1_020, 1_001, 1_049] { wheel.insert(due, at: UInt64(due)) }
        #expect(wheel.count == 5)
        #expect(wheel.advance(to: 1_000) == [])
        #expect(wheel.advance(to: 1_001) == [1_001, 1_001])
        #expect(wheel.advance(to: 1_019) == [])
        #expect(wheel.advance(to: 1_049) == [1_020, 1_049])
        #expect(wheel.advance(to: 1_050) == [1_050])
        #expect(wheel.count == 0)
    }

    @Test func whatIsDueAlreadyComesNextAndWhatIsFarComesEarly() {
        var wheel = TickWheel<String>(at: 10)
        wheel.insert("late", at: 3)
        wheel.insert("far", at: .max - 100)
        #expect(wheel.advance(to: 11) == ["late"])
        #expect(wheel.advance(to: 10 + TickWheel<String>.span - 1) == [])
        #expect(wheel.advance(to: 10 + TickWheel<String>.span) == ["far"])
    }

    @Test func aLongPauseLosesNothing() {
        var wheel = TickWheel<Int>(at: 0)
        for round in 0..<50 {
            let start = UInt64(round) * 1_000_000
            for due in 1...60 { wheel.insert(due, at: start + UInt64(due)) }
            #expect(wheel.advance(to: start + 1_000_000) == Array(1...60))
        }
    }
}
