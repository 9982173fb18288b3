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
                playedAt: moment(now), surplus: sync.soundDelay)
            guard now % 40 == 0 else { continue }
            sync.notePicture(
                RTPTimestamp(UInt32(now) * 90), captured: wall(now - delay), completeAt: moment(now)
            )
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
        let apart = run(seconds: 3, delay: 300, sync: &sync)
        #expect(apart.allSatisfy { abs($0) < 10 })
        #expect(sync.soundDelay >= .milliseconds(180) && sync.soundDelay < .milliseconds(190))
    }

    /// One of a hundred pictures may come after its sound, one of twenty not.
    @Test(arguments: [(8, true), (20, true), (200, false)])
    func soundWaitsForAllButFewPictures(one share: Int, isWaitedFor: Bool) {
        var sync = LipSync()
        for number in 0..<Int64(600) {
            let isLate = share == 200 ? number % 200 == 199 : number % Int64(share) == 0
            let at = number * 40 + (isLate ? 250 : 50)
            sync.noteSound(captured: wall(at - 100), playedAt: moment(at), surplus: .zero)
            sync.notePicture(
                RTPTimestamp(UInt32(number) * 3_600), captured: wall(number * 40),
                completeAt: moment(at))
        }
        #expect((sync.soundDelay > .milliseconds(140)) == isWaitedFor)
    }

    @Test func soundThatIsAloneIsNotHeldLonger() {
        var sync = LipSync()
        _ = run(seconds: 3, delay: 300, sync: &sync)
        func hear(at now: Int64) -> MediaDuration {
            sync.noteSound(captured: wall(now - 300), playedAt: moment(now), surplus: .zero)
            return sync.soundDelay
        }
        #expect(hear(at: 12_000) > .milliseconds(150))
        #expect(hear(at: 14_000) == .zero)
    }

    /// Half an hour without sound, the sender's clock 200 ppm faster or slower than ours: 360 ms.
    @Test(arguments: [-1, 1] as [Int64])
    func whoIsSilentForLongIsSeenNoLater(direction: Int64) {
        var sync = LipSync()
        _ = run(seconds: 3, delay: 40, sync: &sync)
        for now in stride(from: Int64(3_000), to: 1_803_000, by: 1_000) {
            let captured = now - 40 + direction * (now - 3_000) / 5_000
            sync.notePicture(
                RTPTimestamp(UInt32((captured + 40) * 90)), captured: wall(captured),
                completeAt: moment(now))
            let held = sync.showing(captured: wall(captured), at: moment(now)) - moment(now)
            #expect((70...90).contains(held.milliseconds))
        }
        #expect(sync.soundDelay == .zero)
    }

    @Test func withoutSoundPicturesAreShownAtOnce() {
        var sync = LipSync()
        #expect(sync.showing(captured: wall(0), at: moment(500)) == moment(500))
        #expect(sync.showing(captured: nil, at: moment(501)) == moment(501))
        sync.noteSound(captured: wall(100_000_000), playedAt: moment(0), surplus: .zero)
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

    @Test(arguments: [1, 2])
    func nearlyAllOfAPauseIsLeftOutOrSaidTwice(channels: Int) {
        var random = SeededRandom(seed: 4)
        let hum = (0..<960 * channels).map { _ in Int16.random(in: -60...60, using: &random) }
        let shorter = SoundStretch.stretched(hum, channels: channels, isShorter: true)
        #expect(shorter.count == 120 * channels)
        #expect(shorter.first == hum.first && shorter.allSatisfy { abs($0) <= 60 })
        let longer = SoundStretch.stretched(hum, channels: channels, isShorter: false)
        #expect(longer.count == 1_800 * channels)
        #expect(longer.last == hum.last && longer.allSatisfy { abs($0) <= 60 })
        #expect(SoundStretch.stretched([1, 2], channels: 1, isShorter: true) == [1, 2])
        #expect(SoundStretch.stretched([1, 2], channels: 0, isShorter: true) == [1, 2])
    }
}
