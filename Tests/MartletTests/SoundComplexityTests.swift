// That sound is encoded with as much work as was asked for, and silence with the least.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import RTP
import Testing

@testable import Martlet

private let tonePackets = 20
private let silentPackets = 25

/// A tone, then silence.
private let sound =
    tone(440, samples: tonePackets * SoundSender.packetSamples)
    + [Int16](repeating: 0, count: silentPackets * SoundSender.packetSamples)

/// What an encoder makes of it, packet by packet.
private func packets(complexity: Int) throws -> [[UInt8]] {
    var encoder = try OpusEncoder(channels: 1)
    try encoder.setForwardErrorCorrection(true, expectedLossPercent: 10)
    try encoder.setComplexity(complexity)
    return try stride(from: 0, to: sound.count, by: SoundSender.packetSamples).map { start in
        var packet = [UInt8](repeating: 0, count: OpusEncoder.packetBytesMax)
        var span = packet.mutableSpan
        let piece = Array(sound[start..<(start + SoundSender.packetSamples)])
        let count = try encoder.encode(piece.span, into: &span)
        return Array(packet.prefix(count))
    }
}

@Suite(.timeLimit(.minutes(1))) struct SoundComplexityTests {
    @Test func I04_soundIsEncodedWithTheComplexityOfItsOptions() async throws {
        try await withServer { server in
            let speaker = try await joined(server, "ada")
            let listener = try await joined(server, "bob")
            let events = listener.events
            let source = try AudioSource(bufferMilliseconds: 2_000)
            var options = AudioPublishOptions()
            #expect(options.complexity == 9)
            options.complexity = 11
            do throws(MartletError) {
                try await speaker.localParticipant.publish(source, options)
                Issue.record("a complexity of 11 was taken")
            } catch { #expect(error.code == 1004 && error.message.contains("11")) }
            options.complexity = 2
            try await speaker.localParticipant.publish(source, options)
            let track = try await first(of: events) { event in
                if case .trackPublished(let track) = event { track } else { nil }
            }
            let received = try await listener.encodedAudio(of: track)
            for start in stride(from: 0, to: sound.count, by: 480) {
                try await source.write(
                    AudioFrame(samples: Array(sound[start..<start + 480]), format: source.format))
            }
            let expected = try packets(complexity: 2)
            let ordinary = try packets(complexity: 9)
            var found = 0
            for await packet in received {
                if let place = expected.firstIndex(of: packet.bytes) {
                    #expect(place < tonePackets + EncoderEffort.fadingPackets)
                    if place < tonePackets { found += 1 }
                } else {
                    // Silence that has lasted: the least work makes the shortest packets.
                    #expect(packet.bytes.count < expected[expected.count - 1].count / 2)
                    break
                }
                #expect(!ordinary.contains(packet.bytes))
            }
            #expect(found > tonePackets / 2)
            await listener.leave()
            await speaker.leave()
        }
    }

    @Test func silenceIsEncodedWithTheLeastOnceTheSoundBeforeItHasFaded() {
        var effort = EncoderEffort(ordinary: 7)
        func complexities(_ count: Int, isSilent: Bool) -> Set<Int> {
            Set((0..<count).map { _ in effort.complexity(isSilent: isSilent) })
        }
        #expect(complexities(3, isSilent: false) == [7])
        #expect(complexities(EncoderEffort.fadingPackets, isSilent: true) == [7])
        #expect(complexities(100, isSilent: true) == [0])
        #expect(complexities(3, isSilent: false) == [7])
        #expect(complexities(EncoderEffort.fadingPackets, isSilent: true) == [7])
    }

    @Test func onlyZerosAreSilence() {
        func level(_ samples: [Int16]) -> RTP.AudioLevel { SoundSender.level(of: samples.span) }
        var samples = [Int16](repeating: 0, count: SoundSender.packetSamples * 2)
        #expect(level(samples) == SoundSender.silence)
        #expect(level([]) == SoundSender.silence)
        samples[7] = -1
        #expect(level(samples).attenuation == 123)
        samples = samples.map { _ in .min }
        #expect(level(samples).attenuation == 0)
    }
}
