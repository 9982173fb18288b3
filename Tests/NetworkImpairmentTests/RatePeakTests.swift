// The peak of a rate is that of the busiest 200 ms.
// SPDX-License-Identifier: Apache-2.0
import NetworkImpairment
import Testing
import Wire

@Suite("Rate peaks")
struct RatePeakTests {
    private static func at(_ milliseconds: Int64) -> MediaInstant {
        MediaInstant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func anEvenStreamHasItsOwnRate() {
        var peak = RatePeak()
        // 100 datagrams of 1,250 bytes with headers a second: 1 Mbit/s.
        for number in 0..<300 { peak.note(byteCount: 1_222, at: Self.at(Int64(number) * 10)) }
        #expect(peak.take() == 1_000)
    }

    @Test func aBurstCountsOnceAndIsForgottenWhenTaken() {
        var peak = RatePeak()
        for _ in 0..<100 { peak.note(byteCount: 1_222, at: Self.at(500)) }
        #expect(peak.take() == 5_000)
        peak.note(byteCount: 1_222, at: Self.at(5_000))
        // What is still within its 200 ms when a peak is taken counts for the next one too.
        #expect(peak.take() == 5_000)
        peak.note(byteCount: 1_222, at: Self.at(6_000))
        #expect(peak.take() == 50)
    }

    @Test func timesThatGoBackOrStandFarApartDoNoHarm() {
        var peak = RatePeak()
        peak.note(byteCount: 97, at: Self.at(-1_000))
        peak.note(byteCount: 97, at: Self.at(-2_000))
        peak.note(byteCount: 97, at: MediaInstant(nanoseconds: .max))
        #expect(peak.take() == 10)
    }
}
