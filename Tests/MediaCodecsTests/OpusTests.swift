// That Opus gives back what was said, also what was lost on the way.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Testing

@Suite struct OpusTests {
    private static let tick = 960

    /// One packet of a tone for each entry.
    private func packets(
        _ encoder: inout OpusEncoder, count: Int, amplitude: Double = 0.25
    ) throws -> [[UInt8]] {
        var result: [[UInt8]] = []
        for index in 0..<count {
            let sound = tone(
                channels: encoder.channels, amplitude: amplitude, from: index * Self.tick,
                count: Self.tick)
            result.append(try encoder.packet(of: sound))
        }
        return result
    }

    /// What a decoder makes of them; the closure says how each is decoded.
    private func sound(
        of packets: [[UInt8]], channels: Int,
        _ decode: (inout OpusDecoder, Int) throws -> [Int16]
    ) throws -> [Int16] {
        var decoder = try OpusDecoder(channels: channels)
        var all: [Int16] = []
        for index in packets.indices {
            all += try decode(&decoder, index)
        }
        return all
    }

    @Test(arguments: [1, 2], [OpusEncoder.Use.voice, .music])
    func aToneComesBack(channels: Int, use: OpusEncoder.Use) throws {
        var encoder = try OpusEncoder(channels: channels, use: use, bitsPerSecond: 64_000)
        let packets = try packets(&encoder, count: 25)
        let heard = try sound(of: packets, channels: channels) { decoder, index in
            try decoder.samples(of: packets[index])
        }
        #expect(heard.count == 25 * Self.tick * channels)
        for channel in 0..<channels {
            let hearing = Hearing(
                heard[(5 * Self.tick * channels)...], channels: channels, channel: channel)
            #expect(abs(hearing.frequency - 440) < 5)
            #expect(abs(hearing.level - (-15.05)) < 1)
            #expect(abs(hearing.levelOfTone - hearing.level) < 0.5)
        }
    }

    @Test func aLossIsConcealed() throws {
        var encoder = try OpusEncoder(channels: 1, bitsPerSecond: 32_000)
        let packets = try packets(&encoder, count: 20)
        let lost = 12
        let heard = try sound(of: packets, channels: 1) { decoder, index in
            index == lost
                ? try decoder.concealed(count: Self.tick)
                : try decoder.samples(of: packets[index])
        }
        let gap = Hearing(heard[(lost * Self.tick)..<((lost + 1) * Self.tick)])
        #expect(gap.level > -15.05 - 6)
        #expect(gap.levelOfTone > gap.level - 3)
    }

    /// It begins to sound with the lost packet, so that nothing but the repetition can know it.
    @Test func aLossIsRepairedFromThePacketBehind() throws {
        var encoder = try OpusEncoder(channels: 1, bitsPerSecond: 32_000)
        try encoder.setForwardErrorCorrection(true, expectedLossPercent: 30)
        let lost = 12
        let packets =
            try packets(&encoder, count: lost, amplitude: 0.002)
            + packets(&encoder, count: 3, amplitude: 0.25)
        func gap(isRepaired: Bool) throws -> Hearing {
            let heard = try sound(of: packets, channels: 1) { decoder, index in
                guard index == lost else { return try decoder.samples(of: packets[index]) }
                return isRepaired
                    ? try decoder.lostSamples(before: packets[index + 1], count: Self.tick)
                    : try decoder.concealed(count: Self.tick)
            }
            return Hearing(heard[(lost * Self.tick)..<((lost + 1) * Self.tick)])
        }
        // The encoder's delay of 6.5 ms belongs to the time before.
        #expect(try gap(isRepaired: true).levelOfTone > -15.05 - 8)
        #expect(try gap(isRepaired: false).levelOfTone < -15.05 - 30)
    }

    @Test func theRateIsHeldAndChanges() throws {
        var encoder = try OpusEncoder(channels: 2, use: .music, bitsPerSecond: 96_000)
        var noise = SeededNoise()
        func rate() throws -> Double {
            var bytes = 0
            for _ in 0..<50 {
                let sound = (0..<Self.tick * 2).map { _ in noise.next() }
                bytes += try encoder.packet(of: sound).count
            }
            return Double(bytes) * 8
        }
        _ = try rate()
        #expect(abs(try rate() / 96_000 - 1) < 0.3)
        try encoder.setBitRate(24_000)
        _ = try rate()
        #expect(abs(try rate() / 24_000 - 1) < 0.3)
    }

    @Test func silenceNeedsNotBeSent() throws {
        func unsent(isOn: Bool) throws -> Int {
            var encoder = try OpusEncoder(channels: 1)
            try encoder.setDiscontinuousTransmission(isOn)
            var count = 0
            for _ in 0..<50 {
                let silence = [Int16](repeating: 0, count: Self.tick)
                if try encoder.packet(of: silence).count <= 2 { count += 1 }
            }
            return count
        }
        #expect(try unsent(isOn: true) > 25)
        #expect(try unsent(isOn: false) == 0)
    }

    @Test func whatIsImpossibleIsRefused() throws {
        #expect(throws: MediaCodecError.self) { _ = try OpusEncoder(channels: 3) }
        #expect(throws: MediaCodecError.self) { _ = try OpusEncoder(channels: 1, bitsPerSecond: 1) }
        #expect(throws: MediaCodecError.self) { _ = try OpusDecoder(channels: 0) }
        var encoder = try OpusEncoder(channels: 2)
        #expect(throws: MediaCodecError.self) { try encoder.setBitRate(600_000) }
        #expect(throws: MediaCodecError.self) { try encoder.setComplexity(11) }
        #expect(throws: MediaCodecError.self) {
            _ = try encoder.packet(of: [Int16](repeating: 0, count: 961))
        }
        var decoder = try OpusDecoder(channels: 2)
        #expect(throws: MediaCodecError.self) { _ = try decoder.concealed(count: 7) }
        #expect(throws: MediaCodecError.damaged) { _ = try decoder.samples(of: []) }
        #expect(throws: MediaCodecError.noRoom(needed: 1_920, have: 100)) {
            var few = [Int16](repeating: 0, count: 100)
            var room = few.mutableSpan
            _ = try decoder.conceal(sampleCount: 960, into: &room)
        }
    }
}

/// Noise from a seed.
struct SeededNoise {
    private var state: UInt64 = 88_172_645_463_325_252

    mutating func bits() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func next() -> Int16 { Int16(truncatingIfNeeded: bits() >> 40) / 4 }
}
