// That pictures wait for their sound, and sound for late pictures.
// SPDX-License-Identifier: Apache-2.0
import RTP
import Testing
import Wire

@testable import ClientMedia

@Suite struct LipSyncTests {
    private let zero = NTPTime(nanosecondsSince1970: 1_700_000_000_000_000_000)
    private func moment(_ milliseconds: Int64) -> MediaInstant {
        .zero + .milliseconds(milliseconds)
    }
    private func wall(_ milliseconds: Int64) -> NTPTime { zero + .milliseconds(milliseconds) }

    /// Sound is played 120 ms after its capture, pictures come as long after theirs as `delay` says.
    private func run(seconds: Int64, delay: Int64, sync: inout LipSync) -> [Int64] {
        var apart: [Int64] = []
        for now in stride(from: 0, to: seconds * 1_000, by: 20) {
            sync.noteSound(
                captured: wall(now - 120 - sync.soundDelay.nanoseconds / 1_000_000),
                playedAt: moment(now))
            guard now % 40 == 0 else { continue }
            let shown = sync.showing(captured: wall(now - delay), at: moment(now))
            let held = (shown - moment(now)).nanoseconds / 1_000_000
            apart.append(delay + held - 120 - sync.soundDelay.nanoseconds / 1_000_000)
        }
        return apart
    }

    @Test func picturesWaitForTheirSound() {
        var sync = LipSync()
        let apart = run(seconds: 3, delay: 40, sync: &sync)
        #expect(apart.allSatisfy { abs($0) <= 1 })
        #expect(sync.soundDelay == .zero)
    }

    @Test func soundWaitsForLatePictures() {
        var sync = LipSync()
        let apart = run(seconds: 10, delay: 300, sync: &sync)
        #expect(apart[0] > 150)
        #expect(apart.suffix(50).allSatisfy { abs($0) < 40 })
    }

    @Test func withoutSoundPicturesAreShownAtOnce() {
        var sync = LipSync()
        #expect(sync.showing(captured: wall(0), at: moment(500)) == moment(500))
        #expect(sync.showing(captured: nil, at: moment(501)) == moment(501))
        sync.noteSound(captured: wall(100_000_000), playedAt: moment(0))
        // Clocks that are days apart are not waited for.
        #expect(sync.showing(captured: wall(300_000_000), at: moment(10)) == moment(10))
    }
}

@Suite struct SoundStretchTests {
    private func tone(_ frequency: Double, channels: Int) -> [Int16] {
        (0..<960).flatMap { index in
            let value = sinValue(frequency * Double(index) / 48_000)
            return [Int16](repeating: Int16(value * 12_000), count: channels)
        }
    }

    /// A sine by its series: no library is needed for a test.
    private func sinValue(_ turns: Double) -> Double {
        let x = (turns - turns.rounded()) * 2 * Double.pi
        var (term, sum) = (x, x)
        for step in 1...10 {
            term *= -x * x / Double((2 * step) * (2 * step + 1))
            sum += term
        }
        return sum
    }

    @Test(arguments: [1, 2], [true, false])
    func aToneStaysWholeAndGetsShorterOrLonger(channels: Int, isShorter: Bool) {
        for frequency in [200.0, 440, 1_000] {
            let samples = tone(frequency, channels: channels)
            let stretched = SoundStretch.stretched(
                samples, channels: channels, isShorter: isShorter)
            let change = (samples.count - stretched.count) / channels
            #expect(isShorter ? (120...480).contains(change) : (-480 ... -120).contains(change))
            // No step between two samples that the tone itself does not have.
            let steepest = frequency * 2 * Double.pi / 48_000 * 12_000 * 1.3 + 2
            for index in stride(from: channels, to: stretched.count, by: channels) {
                let step = Double(stretched[index]) - Double(stretched[index - channels])
                #expect(abs(step) <= steepest)
            }
        }
    }

    @Test func noiseIsLeftAsItIs() {
        var random = SeededRandom(seed: 3)
        let noise = (0..<960).map { _ in Int16.random(in: -9_000...9_000, using: &random) }
        let same = SoundStretch.stretched(noise, channels: 1, isShorter: true)
        #expect(same == noise)
    }

    @Test func silenceGetsShorterToo() {
        let shorter = SoundStretch.stretched(
            [Int16](repeating: 0, count: 960), channels: 1, isShorter: true)
        #expect(shorter.count < 960 && shorter.allSatisfy { $0 == 0 })
        #expect(SoundStretch.stretched([1, 2], channels: 1, isShorter: true) == [1, 2])
        #expect(SoundStretch.stretched([1, 2], channels: 0, isShorter: true) == [1, 2])
    }
}
