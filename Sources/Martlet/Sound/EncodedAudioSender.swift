// Encoded sound on its way out: Opus as it is, AAC by way of samples.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

/// Sends what is pushed into a source: the clock of the room's event loop lets it leave.
struct EncodedAudioSender: Sendable {
    let source: EncodedAudioSource
    let options: AudioPublishOptions
    let pacer: PublishPacer
    let mute: MuteSwitch
    let expectedLossPercent: Int
    let mid: String
    let driver: MediaDriver

    func run() async throws {
        switch source.codec {
        case .opus: try await driver.clock.publish(EncodedSoundOutlet(self))
        case .aac: try await encodeAnew()
        }
    }

    /// Decodes into a source of samples, and lets that be sent.
    private func encodeAnew() async throws {
        var decoder = try AACDecoder()
        var samples = [Int16](repeating: 0, count: AACDecoder.frameSamplesMax)
        var inner: (source: AudioSource, task: Task<Void, any Error>)?
        defer { inner?.task.cancel() }
        while let pushed = await source.queue.next() {
            let frame = pushed.frame
            var offset = 0
            var timestamp = frame.timestampMicroseconds
            // Several frames may have been pushed as one piece.
            while offset < frame.bytes.count {
                var span = samples.mutableSpan
                let decoded: AACDecoder.Decoded
                do {
                    decoded = try decoder.decode(
                        frame.bytes.span.extracting(offset..<frame.bytes.count), into: &span)
                } catch {
                    // The rest of the piece is lost, the decoder goes on with the next.
                    break
                }
                offset += decoded.frameByteCount
                guard decoded.sampleCount > 0 else { continue }
                if inner?.source.format != decoded.format {
                    inner?.source.close()
                    try await inner?.task.value
                    inner = try begin(decoded.format)
                }
                try await inner?.source.write(
                    Pushed(
                        frame: AudioFrame(
                            samples: Array(
                                samples.prefix(decoded.sampleCount * decoded.format.channels)),
                            format: decoded.format, timestampMicroseconds: timestamp),
                        at: pushed.at))
                timestamp += Int64(decoded.sampleCount * 1_000_000 / decoded.format.sampleRate)
            }
        }
        inner?.source.close()
        try await inner?.task.value
    }

    private func begin(
        _ format: SoundFormat
    ) throws -> (source: AudioSource, task: Task<Void, any Error>) {
        let samples = try AudioSource(format: format, bufferMilliseconds: 100)
        let sender = SoundSender(
            source: samples, options: options, pacer: pacer, mute: mute,
            expectedLossPercent: expectedLossPercent, mid: mid, driver: driver)
        return (samples, Task { try await sender.run() })
    }
}
