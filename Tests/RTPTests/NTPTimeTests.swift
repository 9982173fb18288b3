// Wall-clock times to and from the monotonic clock.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import RTP

private func at(_ milliseconds: Int64) -> MediaInstant { .zero + .milliseconds(milliseconds) }

@Test func wallClockTimesConvertBothWays() {
    // 1 January 1970 is 2,208,988,800 s after 1900.
    let epoch: UInt64 = 2_208_988_800 << 32
    #expect(NTPTime(nanosecondsSince1970: 0).rawValue == epoch)
    #expect(NTPTime(nanosecondsSince1970: 500_000_000).rawValue == epoch | 1 << 31)
    let zero = NTPTime(rawValue: 0xFFFF_FFFF_C000_0000)
    for milliseconds: Int64 in [0, 1, 250, 1_000, 86_400_000, -250] {
        let time = NTPTime(at(milliseconds), clockZero: zero)
        let back = time.instant(clockZero: zero).nanoseconds - at(milliseconds).nanoseconds
        #expect(abs(back) <= 1)
    }
    #expect(NTPTime(at(250), clockZero: zero).rawValue == 0)
    #expect(NTPTime(rawValue: 0x0001_0002_0003_0004).middle == 0x0002_0003)
    #expect((zero + .milliseconds(250)) - zero == .milliseconds(250))
    #expect(zero - (zero + .milliseconds(250)) == .milliseconds(-250))
}
