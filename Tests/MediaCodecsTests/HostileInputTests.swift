// That no decoder can be harmed by what it is given, and that codecs give back what they take.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import MediaCodecs
import Testing

@Suite struct HostileInputTests {
    /// The unit with bytes changed, cut off or added, or nothing but noise.
    private func damaged(_ unit: [UInt8], _ noise: inout SeededNoise) -> [UInt8] {
        var result = unit
        func number(_ bound: Int) -> Int { Int(noise.bits() >> 33) % max(bound, 1) }
        switch number(6) {
        case 0: result = Array(result.prefix(number(result.count)))
        case 1:
            result = (0..<number(200)).map { _ in UInt8(truncatingIfNeeded: noise.bits() >> 40) }
        case 2:
            result += (0..<number(64)).map { _ in UInt8(truncatingIfNeeded: noise.bits() >> 40) }
        default:
            for _ in 0...number(8) where !result.isEmpty {
                // Mostly at the front, where headers are.
                let place = number(noise.bits() & 4096 == 0 ? min(result.count, 40) : result.count)
                result[place] = UInt8(truncatingIfNeeded: noise.bits() >> 40)
            }
        }
        return result
    }

    private func units(_ codec: VideoCodec) throws -> [[UInt8]] {
        guard codec != .av1 else { return SampleUnits.av1 }
        var encoder = try SoftwareVideoEncoder(codec: codec, bitsPerSecond: 300_000)
        var units: [[UInt8]] = []
        for index in 0..<6 {
            let picture = try testPicture(index, width: 48, height: 32)
            if let unit = try encoder.encode(picture, isKeyframeWanted: index == 3) {
                units.append(unit.bytes)
            }
        }
        return units
    }

    @Test(arguments: VideoCodec.allCases) func damagedPictures(codec: VideoCodec) throws {
        let units = try units(codec)
        var decoder = try VideoDecoder(codec: codec, pixelsMax: 200 * 200)
        var noise = SeededNoise()
        var refused = 0
        for round in 0..<1_000 {
            do {
                _ = try decoder.picture(in: damaged(units[round % units.count], &noise))
            } catch {
                #expect(error as? MediaCodecError == .damaged)
                refused += 1
            }
        }
        #expect(refused > 100)
        // It goes on with the next keyframe.
        #expect(try decoder.picture(in: units[0]) != nil)
    }

    @Test func damagedSound() throws {
        var encoder = try OpusEncoder(channels: 2, bitsPerSecond: 48_000)
        try encoder.setForwardErrorCorrection(true, expectedLossPercent: 20)
        var decoder = try OpusDecoder(channels: 2)
        var noise = SeededNoise()
        var refused = 0
        let packets = try (0..<10).map { index in
            try encoder.packet(of: tone(channels: 2, from: index * 960, count: 960))
        }
        for round in 0..<2_000 {
            let packet = damaged(packets[round % packets.count], &noise)
            do {
                if round % 3 == 0 {
                    _ = try decoder.lostSamples(before: packet, count: 960)
                } else {
                    _ = try decoder.samples(of: packet)
                }
            } catch {
                #expect(error as? MediaCodecError == .damaged)
                refused += 1
            }
        }
        #expect(refused > 20)
        #expect(try decoder.samples(of: packets[0]).count == 1_920)
    }

    @Test func damagedAAC() throws {
        var encoder = try AACEncoder(format: SoundFormat(sampleRate: 48_000, channels: 2))
        var frames: [[UInt8]] = []
        for index in 0..<8 {
            let sound = tone(channels: 2, from: index * 1_024, count: 1_024)
            var frame = [UInt8](repeating: 0, count: ADTSHeader.frameBytesMax)
            var span = frame.mutableSpan
            let count = try encoder.encode(sound.span, into: &span)
            if count > 0 { frames.append(Array(frame[..<count])) }
        }
        var decoder = try AACDecoder()
        var noise = SeededNoise()
        var refused = 0
        for round in 0..<2_000 {
            var frame = damaged(frames[round % frames.count], &noise)
            // Half of them with a header that is whole, so that the damage gets through to the decoder.
            if round % 2 == 0, frame.count > 7 {
                frame.replaceSubrange(0..<7, with: frames[0][0..<7])
                frame[3] = frame[3] & 0xFC | UInt8(frame.count >> 11)
                frame[4] = UInt8(truncatingIfNeeded: frame.count >> 3)
                frame[5] = UInt8(frame.count & 7) << 5 | 0x1F
            }
            do {
                _ = try decoder.decoded(frame)
            } catch {
                #expect(error as? MediaCodecError == .damaged)
                refused += 1
            }
        }
        #expect(refused > 100)
        #expect(try decoder.decoded(frames[0]).0.format.sampleRate == 48_000)
    }

    /// A frame that leaves its channels open: behind others the fuzzer got sound without a rate out of it, by which time would
    /// be divided.
    @Test func soundHasARateOrIsRefused() throws {
        let text = """
            fff14c00107ffc21456cfffffcdadb232c8cb290f9febffb7f3febf9f9ff9ff6fe3f8fb7fe5ff9ff\
            5ff8fb7fee832eac40007aa50b84c4ac0dc3aa0af3dc9507f4250ba8f9fb14e78a0ab7c170789e72\
            508b24356420e71496327a6c68d1a34f9febffb7f3febf9f9ff9ff6fe3f8fb7fe5ff9ff5ff8fb7fe\
            e832eac400000000000007
            """
        let frame = stride(from: 0, to: text.count, by: 2).compactMap {
            UInt8(text.dropFirst($0).prefix(2), radix: 16)
        }
        try #require(frame.count == 131)
        var decoder = try AACDecoder()
        for _ in 0..<3 {
            guard let decoded = try? decoder.decoded(frame).0 else { continue }
            #expect(decoded.sampleCount == 0 || decoded.format.sampleRate > 0)
        }
    }

    @Test func picturesSaidToBeReorderedAreLateUntilTheDecoderIsReset() throws {
        var encoder = try SoftwareVideoEncoder(codec: .h264, bitsPerSecond: 300_000)
        let picture = try testPicture(0, width: 48, height: 32)
        let unit = try #require(try encoder.encode(picture, isKeyframeWanted: true)).bytes
        // The end of libx264's parameter set, in which one bit says how many pictures may be reordered.
        let place = try #require(
            unit.indices.first { unit[$0...].starts(with: [0x8F, 0x18, 0x32]) })
        var other = unit
        other[place + 1] = 0x19
        var decoder = try VideoDecoder(codec: .h264)
        #expect(try decoder.picture(in: other) == nil)
        #expect(try decoder.picture(in: unit) == nil)
        decoder.reset()
        #expect(try decoder.picture(in: unit) != nil)
    }

    /// In a process of its own, whose memory no other test touches. Encoders of pictures take a megabyte each.
    @Test func nothingIsLeftOf1000Codecs() async {
        await #expect(processExitsWith: .success) {
            for index in 0..<100 { try Lifetimes.makeAndUseEverything(index) }
            let before = try Lifetimes.residentBytes()
            for index in 0..<1_000 { try Lifetimes.makeAndUseEverything(index) }
            let grown = try Lifetimes.residentBytes() - before
            try #require(grown < 4 << 20, "\(grown) bytes more")
        }
    }
}

private enum Lifetimes {
    /// Resident memory in bytes.
    static func residentBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = try #require(text.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return pages * 4_096
    }

    static func makeAndUseEverything(_ index: Int) throws {
        let mono = SoundFormat(sampleRate: 44_100, channels: 1)
        let stereo = SoundFormat(sampleRate: 48_000, channels: 2)
        var opus = try OpusEncoder(channels: 2)
        var opusDecoder = try OpusDecoder(channels: 2)
        _ = try opusDecoder.samples(of: opus.packet(of: [Int16](repeating: 99, count: 240)))
        var sound = try SoundConverter(from: mono, to: stereo)
        _ = try sound.converted([Int16](repeating: 99, count: 441))
        let picture = try testPicture(0, width: 16, height: 16)
        var converter = try PictureConverter()
        let scaled = try converter.convert(picture, rotation: .half, size: (32, 32))
        // The costly ones by turns.
        switch index % 4 {
        case 0:
            var encoder = try SoftwareVideoEncoder(codec: .h264, bitsPerSecond: 100_000)
            var decoder = try VideoDecoder(codec: .h264)
            let unit = try encoder.encode(scaled, isKeyframeWanted: false)
            _ = try decoder.picture(in: unit?.bytes ?? [])
        case 1:
            var encoder = try SoftwareVideoEncoder(codec: .vp8, bitsPerSecond: 100_000)
            var decoder = try VideoDecoder(codec: .vp8)
            let unit = try encoder.encode(scaled, isKeyframeWanted: false)
            _ = try decoder.picture(in: unit?.bytes ?? [])
        case 2:
            var decoder = try VideoDecoder(codec: .av1)
            _ = try decoder.picture(in: SampleUnits.av1[0])
            _ = try? decoder.picture(in: [1, 2, 3])
        default:
            _ = try AACEncoder(format: mono)
            var decoder = try AACDecoder()
            _ = try? decoder.decoded([0xFF, 0xF1, 0x4C, 0x80, 0x01, 0x3F, 0xFC, 0x21, 0x10])
        }
    }
}
