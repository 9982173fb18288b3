// That a packet is repeated once a round trip, whoever asks how often.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Forwarding

@Suite struct RepetitionMemoryTests {
    private func takes(
        _ times: [Int64], number: UInt64 = 7, roundTrip: Int64
    ) -> [Bool] {
        var memory = RepetitionMemory()
        return times.map {
            memory.take(
                ExtendedSequenceNumber(number), roundTrip: .milliseconds(roundTrip), at: at($0))
        }
    }

    @Test func aPacketIsRepeatedOnceARoundTrip() {
        #expect(
            takes([0, 20, 59, 60, 100, 120], roundTrip: 80)
                == [true, false, false, true, false, true])
    }

    @Test func theIntervalHasBounds() {
        #expect(takes([0, 4, 5, 9, 10], roundTrip: 0) == [true, false, true, false, true])
        #expect(takes([0, 149, 150], roundTrip: 60_000) == [true, false, true])
    }

    @Test func packetsDoNotHinderEachOther() {
        var memory = RepetitionMemory()
        for number: UInt64 in [0, 1, 70_000, 128, .max - 1] {
            let isTaken = memory.take(
                ExtendedSequenceNumber(number), roundTrip: .milliseconds(100), at: at(10))
            #expect(isTaken)
        }
        // 128 took the place of 0.
        let again = memory.take(
            ExtendedSequenceNumber(0), roundTrip: .milliseconds(100), at: at(11))
        #expect(again)
        let one = memory.take(
            ExtendedSequenceNumber(1), roundTrip: .milliseconds(100), at: at(11))
        #expect(!one)
    }
}
