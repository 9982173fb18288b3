// One listener: sound in the form that it wants, as a stream.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

/// Pieces of sound in another rate, cut into 10 ms of that rate. It belongs to one event loop.
final class SoundResampler {
    let format: SoundFormat
    private var converter: SoundConverter?
    private var waiting: [Int16] = []

    init(to format: SoundFormat) throws(MediaCodecError) {
        self.format = format
        if format != SoundPiece.format {
            converter = try SoundConverter(from: SoundPiece.format, to: format)
        }
    }

    /// Converts a piece; what comes out fits to what came out before.
    func convert(_ samples: [Int16]) -> [Int16] {
        guard converter != nil else { return samples }
        let frames = samples.count / SoundPiece.format.channels
        let capacity = (try? converter?.capacity(forSamples: frames)) ?? 0
        var converted = [Int16](repeating: 0, count: capacity * format.channels)
        var span = converted.mutableSpan
        let count = (try? converter?.convert(samples.span, into: &span)) ?? 0
        converted.removeLast(converted.count - count * format.channels)
        return converted
    }
}

/// Somebody who listens to one track, or to all together. It belongs to one event loop.
final class SoundTap {
    let number: UInt64
    /// The track; `nil`: all together.
    let key: TrackKey?
    private let sink: Sink

    /// Where samples go.
    enum Sink {
        /// Uncompressed.
        case pcm(PCMSink)
        /// AAC.
        case aac(AACSink)
    }

    init(number: UInt64, key: TrackKey?, sink: Sink) {
        self.number = number
        self.key = key
        self.sink = sink
    }

    func take(_ piece: SoundPiece) {
        switch sink {
        case .pcm(let sink): sink.take(piece)
        case .aac(let sink): sink.take(piece)
        }
    }

    /// Gives the listener what was taken.
    func handOut() {
        if case .pcm(let sink) = sink { sink.handOut() }
    }

    func finish() {
        handOut()
        switch sink {
        case .pcm(let sink): sink.continuation.finish()
        case .aac(let sink): sink.continuation.finish()
        }
    }
}

/// Hands out pieces of 10 ms, once all of a moment are there: waking a reader takes as long as playing.
final class PCMSink {
    let continuation: AsyncStream<AudioFrame>.Continuation
    private let resampler: SoundResampler
    private var waiting: [Int16] = []
    private var made: [AudioFrame] = []
    private var frameSamples: Int { resampler.format.sampleRate / 100 * resampler.format.channels }

    init(
        format: SoundFormat, _ continuation: AsyncStream<AudioFrame>.Continuation
    ) throws(MediaCodecError) {
        resampler = try SoundResampler(to: format)
        self.continuation = continuation
    }

    func take(_ piece: SoundPiece) {
        let converted = resampler.convert(piece.samples)
        if waiting.isEmpty, converted.count == frameSamples { return make(converted, of: piece) }
        waiting += converted
        // A converter holds some samples back at first: a piece comes with the next.
        while waiting.count >= frameSamples {
            make(Array(waiting.prefix(frameSamples)), of: piece)
            waiting.removeFirst(frameSamples)
        }
    }

    private func make(_ samples: [Int16], of piece: SoundPiece) {
        made.append(
            AudioFrame(
                samples: samples, format: resampler.format,
                timestampMicroseconds: piece.microseconds))
    }

    func handOut() {
        guard !made.isEmpty else { return }
        for frame in made { continuation.yield(frame) }
        made.removeAll(keepingCapacity: true)
    }
}

/// Hands out AAC frames with ADTS headers.
final class AACSink {
    let continuation: AsyncStream<EncodedAudioFrame>.Continuation
    private let resampler: SoundResampler
    private var encoder: AACEncoder
    private var waiting: [Int16] = []
    private var nextMicroseconds: Int64?

    init(
        options: AACOptions, _ continuation: AsyncStream<EncodedAudioFrame>.Continuation
    ) throws(MediaCodecError) {
        let format = SoundFormat(
            sampleRate: options.sampleRate ?? SoundPiece.format.sampleRate,
            channels: options.channels)
        resampler = try SoundResampler(to: format)
        encoder = try AACEncoder(format: format, bitsPerSecond: options.bitsPerSecond)
        self.continuation = continuation
    }

    func take(_ piece: SoundPiece) {
        let format = resampler.format
        let ahead = Int64(waiting.count / format.channels * 1_000_000 / format.sampleRate)
        // A frame comes with the samples of the next, and begins with what the encoder held back.
        let delay = Int64(
            (encoder.delaySamples + AACEncoder.frameSamples) * 1_000_000 / format.sampleRate)
        let started = piece.microseconds - ahead
        waiting += resampler.convert(piece.samples)
        let count = AACEncoder.frameSamples * format.channels
        while waiting.count >= count {
            var bytes = [UInt8](repeating: 0, count: ADTSHeader.frameBytesMax)
            var span = bytes.mutableSpan
            let samples = Array(waiting.prefix(count))
            waiting.removeFirst(count)
            guard let written = try? encoder.encode(samples.span, into: &span), written > 0 else {
                continue
            }
            bytes.removeLast(bytes.count - written)
            continuation.yield(
                EncodedAudioFrame(bytes: bytes, timestampMicroseconds: started - delay))
        }
    }
}
