// That sound keeps its pitch and level through other rates, channels and AAC.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Testing

@Suite struct SoundTests {
    private static let rates = [8_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000]

    /// Half a second of a tone, converted in pieces of 10 ms, with the delay told before the end.
    private func converted(
        from input: SoundFormat, to output: SoundFormat
    ) throws -> (samples: [Int16], delay: Int) {
        var converter = try SoundConverter(from: input, to: output)
        let piece = input.sampleRate / 100
        var all: [Int16] = []
        for index in 0..<50 {
            let sound = tone(
                rate: input.sampleRate, channels: input.channels, from: index * piece, count: piece)
            all += try converter.converted(sound)
        }
        let delay = converter.delaySamples
        return (all + (try converter.rest()), delay)
    }

    @Test(arguments: rates) func ratesGoToOpusAndBack(rate: Int) throws {
        for (from, to) in [(rate, 48_000), (48_000, rate)] {
            let input = SoundFormat(sampleRate: from, channels: 1)
            let output = SoundFormat(sampleRate: to, channels: 1)
            let (samples, delay) = try converted(from: input, to: output)
            // All of it comes out: what waited is what was told.
            #expect(abs(samples.count - to / 2) <= 2)
            #expect(delay < to / 100, "\(from) to \(to)")
            let hearing = Hearing(samples[(to / 10)..<(to * 4 / 10)], rate: to)
            #expect(abs(hearing.frequency - 440) < 5, "\(from) to \(to)")
            #expect(abs(hearing.levelOfTone - (-15.05)) < 0.3, "\(from) to \(to)")
            #expect(abs(hearing.level - hearing.levelOfTone) < 0.1, "\(from) to \(to)")
        }
    }

    @Test func monoAndStereoAreEquallyLoud() throws {
        for (from, to) in [(1, 2), (2, 1), (2, 2)] {
            let (samples, _) = try converted(
                from: SoundFormat(sampleRate: 44_100, channels: from),
                to: SoundFormat(sampleRate: 48_000, channels: to))
            for channel in 0..<to {
                let hearing = Hearing(
                    samples[(4_800 * to)..<(19_200 * to)], channels: to, channel: channel)
                #expect(abs(hearing.levelOfTone - (-15.05)) < 0.3, "\(from) to \(to)")
            }
        }
    }

    /// The delay is what is missing until the end: what came and what waits make up what went in.
    @Test func theDelayIsTold() throws {
        var converter = try SoundConverter(
            from: SoundFormat(sampleRate: 44_100, channels: 1),
            to: SoundFormat(sampleRate: 48_000, channels: 1))
        let count = try converter.converted(tone(rate: 44_100, count: 4_410)).count
        let delay = converter.delaySamples
        #expect(delay > 0)
        #expect(abs(count + delay - 4_800) <= 2)
    }

    @Test func roomIsAskedFor() throws {
        let format = SoundFormat(sampleRate: 48_000, channels: 1)
        #expect(throws: MediaCodecError.self) {
            _ = try SoundConverter(from: format, to: SoundFormat(sampleRate: 4_000, channels: 1))
        }
        #expect(throws: MediaCodecError.self) {
            _ = try SoundConverter(from: SoundFormat(sampleRate: 48_000, channels: 6), to: format)
        }
        var converter = try SoundConverter(
            from: format, to: SoundFormat(sampleRate: 96_000, channels: 1))
        #expect(throws: MediaCodecError.self) {
            let sound = tone(count: 480)
            var few = [Int16](repeating: 0, count: 480)
            var span = few.mutableSpan
            _ = try converter.convert(sound.span, into: &span)
        }
    }

    @Test(arguments: [1, 2], [44_100, 48_000]) func aToneComesBackThroughAAC(
        channels: Int, rate: Int
    ) throws {
        let format = SoundFormat(sampleRate: rate, channels: channels)
        var encoder = try AACEncoder(format: format, bitsPerSecond: 96_000)
        var stream: [UInt8] = []
        var frame = [UInt8](repeating: 0, count: ADTSHeader.frameBytesMax)
        for index in 0..<24 {
            let sound = tone(rate: rate, channels: channels, from: index * 1_024, count: 1_024)
            var span = frame.mutableSpan
            let count = try encoder.encode(sound.span, into: &span)
            stream += frame[..<count]
        }
        while true {
            var span = frame.mutableSpan
            let count = try encoder.finish(into: &span)
            guard count > 0 else { break }
            stream += frame[..<count]
        }
        let delay = encoder.delaySamples
        #expect(delay == 1_024)

        var decoder = try AACDecoder()
        var heard: [Int16] = []
        var position = 0
        while position < stream.count {
            let (decoded, samples) = try decoder.decoded(Array(stream[position...]))
            #expect(decoded.format == format)
            heard += samples
            position += decoded.frameByteCount
        }
        #expect(heard.count / channels >= 24 * 1_024 + delay)
        for channel in 0..<channels {
            let hearing = Hearing(
                heard[(4_096 * channels)..<(20_480 * channels)], rate: rate, channels: channels,
                channel: channel)
            #expect(abs(hearing.frequency - 440) < 5)
            #expect(abs(hearing.levelOfTone - (-15.05)) < 1)
        }
    }

    @Test func headersOfADTSAreReadWithCare() throws {
        // 48 kHz, stereo, 9 bytes.
        let valid: [UInt8] = [0xFF, 0xF1, 0x4C, 0x80, 0x01, 0x3F, 0xFC, 0x21, 0x10]
        let header = try ADTSHeader(reading: valid)
        #expect(header.frameByteCount == 9)
        #expect(header.sampleRate == 48_000)
        #expect(header.channelConfiguration == 2)
        for count in valid.indices {
            #expect(throws: MediaCodecError.damaged) {
                _ = try ADTSHeader(reading: Array(valid[..<count]))
            }
        }
        var wrongRate = valid
        wrongRate[2] |= 0x3C
        #expect(throws: MediaCodecError.damaged) { _ = try ADTSHeader(reading: wrongRate) }
    }
}
