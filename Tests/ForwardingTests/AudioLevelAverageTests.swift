// That loudness is averaged as power.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import Testing

@Suite struct AudioLevelAverageTests {
    @Test func steadyLevelsComeBackAsTheyWere() {
        for level in UInt8(0)...127 {
            var average = AudioLevelAverage()
            for _ in 0..<25 { average.add(level) }
            #expect(average.take() == level)
            #expect(average.take() == nil)
        }
    }

    @Test func aShortWordIsHeardThroughSilence() {
        var average = AudioLevelAverage()
        for _ in 0..<20 { average.add(127) }
        for _ in 0..<5 { average.add(0x80 | 20) }
        // A fifth of the power is 7 dB less.
        #expect(average.take() == 27)
    }
}
