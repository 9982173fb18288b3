// That the beginning of a voice is noticed once, and noise is not.
// SPDX-License-Identifier: Apache-2.0
import Forwarding
import Testing
import Wire

@Suite struct VoiceOnsetTests {
    private var now = MediaInstant.zero
    private var onset = VoiceOnset()

    /// The packets, of 20 ms each, at which a voice began.
    private mutating func beginnings(_ levels: [UInt8]) -> [Int] {
        var found: [Int] = []
        for (place, level) in levels.enumerated() {
            now = now + .milliseconds(20)
            if onset.note(level, at: now) != nil { found.append(place) }
        }
        return found
    }

    @Test mutating func K01_aVoiceBeginsWithItsThirdPacketWhateverTheSenderSaysOfIt() {
        #expect(beginnings([127, 127, 30, 30, 30, 30]) == [4])
        #expect(onset.note(0x80 | 20, at: now + .seconds(1)) == nil)
        #expect(onset.note(0x80 | 20, at: now + .seconds(1)) == nil)
        #expect(onset.note(0x80 | 20, at: now + .seconds(1)) == 20)
    }

    @Test mutating func aKnockAndTheHumOfARoomAreNoVoice() {
        #expect(beginnings([127, 10, 10, 127, 10, 127]) == [])
        #expect(beginnings(Array(repeating: 51, count: 500)) == [])
    }

    @Test mutating func aPauseForBreathIsNoEnd() {
        let words = Array(repeating: UInt8(30), count: 25) + Array(repeating: 127, count: 23)
        #expect(beginnings(words + words + words) == [2])
        let sentence = words + Array(repeating: UInt8(127), count: 2)
        #expect(beginnings([127, 127] + sentence + sentence) == [4, 54])
    }
}
