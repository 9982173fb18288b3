// Waiting for so much of a stream, and what it holds.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Synchronization

@testable import Martlet

/// So much of a stream, once it has come.
enum Gathering {
    static func samples(
        _ stream: AsyncStream<AudioFrame>, seconds: Int
    ) async throws -> [Int16] {
        let gathered = Mutex<[Int16]>([])
        return try await first(of: stream, within: 10 + seconds) { frame in
            gathered.withLock { samples in
                samples += frame.samples
                let wanted = seconds * frame.format.sampleRate * frame.format.channels
                return samples.count >= wanted ? Array(samples.prefix(wanted)) : nil
            }
        }
    }

    static func gathered<Element: Sendable>(
        _ stream: AsyncStream<Element>, count: Int
    ) async throws -> [Element] {
        let found = Mutex<[Element]>([])
        return try await first(of: stream) { element in
            found.withLock { found in
                found.append(element)
                return found.count >= count ? found : nil
            }
        }
    }

    static func decoded(
        _ stream: AsyncStream<EncodedAudioFrame>, frames: Int
    ) async throws -> (samples: [Int16], format: SoundFormat) {
        let pieces = try await gathered(stream, count: frames)
        var decoder = try AACDecoder()
        var result: [Int16] = []
        var format = SoundFormat(sampleRate: 0, channels: 0)
        for piece in pieces {
            var samples = [Int16](repeating: 0, count: AACDecoder.frameSamplesMax)
            var span = samples.mutableSpan
            let decoded = try decoder.decode(piece.bytes.span, into: &span)
            format = decoded.format
            result += samples.prefix(decoded.sampleCount * decoded.format.channels)
        }
        return (result, format)
    }
}
