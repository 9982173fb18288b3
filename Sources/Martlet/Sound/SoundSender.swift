// Pushed sound on its way out: resampled, cut into packets of 20 ms, encoded, and in time.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import MediaCodecs
import RTP
import Wire

/// Takes sound out of a source's buffer and sends it. It runs in a task of its own.
struct SoundSender: Sendable {
    /// Samples of 48 kHz in a packet: 20 ms.
    static let packetSamples = 960
    private static let packetTime = MediaDuration.milliseconds(20)
    /// Two timestamps that differ by more than this from what was pushed between them are a gap.
    private static let gapMicroseconds: Int64 = 20_000
    let source: AudioSource
    let options: AudioPublishOptions
    let pacer: PublishPacer
    let mute: MuteSwitch
    /// For how much loss packets repeat in-band what the one before said, in percent.
    let expectedLossPercent: Int
    let mid: String
    let driver: MediaDriver

    func run() async throws {
        let channels = options.isStereo ? 2 : 1
        var encoder = try OpusEncoder(
            channels: channels, use: options.isMusic ? .music : .voice,
            bitsPerSecond: options.bitsPerSecond)
        try encoder.setForwardErrorCorrection(
            expectedLossPercent > 0, expectedLossPercent: expectedLossPercent)
        var effort = EncoderEffort(ordinary: options.complexity)
        let format = SoundFormat(sampleRate: 48_000, channels: channels)
        var converter =
            source.format == format ? nil : try SoundConverter(from: source.format, to: format)
        var waiting: [Int16] = []
        // When the first sample that waits was captured, by the application's clock.
        var timestamp: Int64?
        var pacer = pacer.begun()
        while let pushed = await source.queue.next() {
            let frame = pushed.frame
            if pacer.pacing == .byTimestamp {
                let expected = timestamp.map { $0 + Self.microseconds(waiting.count / channels) }
                let gap = expected.map { frame.timestampMicroseconds &- $0 } ?? 0
                if timestamp == nil || gap.magnitude > UInt64(Self.gapMicroseconds) {
                    // A gap: what is left of the sound before it is filled up, and the rest begins anew.
                    if !waiting.isEmpty {
                        waiting += [Int16](
                            repeating: 0,
                            count: Self.packetSamples * channels - waiting.count)
                        try await send(
                            &waiting, channels, &encoder, &effort, &pacer, pushed.at,
                            timestamp: &timestamp)
                    }
                    timestamp = frame.timestampMicroseconds
                }
            }
            waiting += Self.converted(frame.samples, &converter, channels: channels)
            while waiting.count >= Self.packetSamples * channels {
                try await send(
                    &waiting, channels, &encoder, &effort, &pacer, pushed.at,
                    timestamp: &timestamp)
            }
        }
    }

    /// Sends the first 20 ms of what waits when they are due.
    private func send(
        _ waiting: inout [Int16], _ channels: Int, _ encoder: inout OpusEncoder,
        _ effort: inout EncoderEffort, _ pacer: inout PublishPacer, _ pushed: MediaInstant,
        timestamp: inout Int64?
    ) async throws {
        var samples = Array(waiting.prefix(Self.packetSamples * channels))
        waiting.removeFirst(samples.count)
        // Where pacing does not go by timestamps there is none.
        let stamp = timestamp ?? 0
        timestamp = timestamp.map { $0 &+ Self.microseconds(Self.packetSamples) }
        let captured = try await pacer.wait(
            sound: stamp, pushed: pushed, lasting: Self.packetTime)
        guard !mute.isSilent else { return }
        let gain = source.gain
        if gain < 100 {
            for index in samples.indices {
                samples[index] = Int16(Int(samples[index]) * gain / 100)
            }
        }
        let level = Self.level(of: samples)
        try encoder.setComplexity(
            effort.complexity(isSilent: level.attenuation == Self.silence.attenuation))
        var packet = [UInt8](repeating: 0, count: OpusEncoder.packetBytesMax)
        var span = packet.mutableSpan
        let count = try encoder.encode(samples.span, into: &span)
        // What a decoder gives is by so much later than what went in.
        let delay = MediaDuration(
            nanoseconds: Int64(encoder.delaySamples) * 1_000_000_000 / 48_000)
        driver.post(
            OutgoingFrame(
                codec: .opus, bytes: Array(packet.prefix(count)), capturedAt: captured - delay,
                level: level),
            mid: mid)
    }

    private static func converted(
        _ samples: [Int16], _ converter: inout SoundConverter?, channels: Int
    ) -> [Int16] {
        guard let input = converter?.input else { return samples }
        let capacity = (try? converter?.capacity(forSamples: samples.count / input.channels)) ?? 0
        var converted = [Int16](repeating: 0, count: capacity * channels)
        var span = converted.mutableSpan
        let count = (try? converter?.convert(samples.span, into: &span)) ?? 0
        converted.removeLast(converted.count - count * channels)
        return converted
    }

    private static func microseconds(_ samples: Int) -> Int64 { Int64(samples) * 1_000 / 48 }

    /// Nothing but zeros; a single sample of 1 in 20 ms is louder by 7 dB.
    static let silence = RTP.AudioLevel(hasVoiceActivity: false, attenuation: 127)

    /// The mean power in -dBov, and whether it is more than a hum (RFC 6464 §3).
    static func level(of samples: [Int16]) -> RTP.AudioLevel {
        var sum: Int64 = 0
        for sample in samples { sum &+= Int64(Int32(sample) &* Int32(sample)) }
        guard sum > 0 else { return silence }
        let power = Double(sum) / (Double(samples.count) * 32_768 * 32_768)
        // Each halving of the power is 3 dB; no logarithm is needed for whole decibels.
        var attenuation = 0
        var bound = 1.0
        let decibel = 0.794_328_234_724_281_5
        while attenuation < 127, power < bound * decibel {
            bound *= decibel
            attenuation += 1
        }
        return RTP.AudioLevel(
            hasVoiceActivity: attenuation < 60, attenuation: UInt8(attenuation))
    }
}
