// Sound that is encoded already: Opus passed through, AAC encoded anew.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Payloads

/// What pushed sound is encoded as.
public enum AudioCodec: String, Sendable, Equatable, Codable {
    /// Opus packets of up to 120 ms (RFC 6716); passed through.
    case opus = "Opus"
    /// AAC in ADTS frames, mono or stereo, 8 to 96 kHz; browsers take none, so it is encoded anew.
    case aac = "AAC"
}

/// Encoded sound to be published.
public final class EncodedAudioSource: Sendable {
    /// What the pieces are encoded as.
    public let codec: AudioCodec
    let queue: MediaQueue<Pushed<EncodedAudioFrame>>

    /// A source of encoded sound.
    /// - Parameters:
    ///   - codec: Opus or AAC.
    ///   - bufferedFrames: How many pieces may wait: 1 to 1,000. Alibaba's default is 300.
    /// - Throws: A ``MartletError`` 1004 for other values.
    public init(codec: AudioCodec, bufferedFrames: Int = 10) throws(MartletError) {
        guard 1...1_000 ~= bufferedFrames else {
            throw MartletError(.invalidArgument, "A buffer of encoded sound holds 1 to 1,000.")
        }
        self.codec = codec
        queue = MediaQueue(capacity: bufferedFrames)
    }

    deinit { queue.close() }

    /// Pushes a piece, and waits for room first.
    /// - Throws: A ``MartletError``: 1004 if it begins with nothing of the source's codec, 6010 once the source is closed;
    ///   `CancellationError`; once the server took it back, or it cannot be encoded, an error that says so, until it is published
    ///   anew.
    public func write(_ frame: EncodedAudioFrame) async throws {
        try await write(Pushed(frame: frame))
    }

    func write(_ pushed: Pushed<EncodedAudioFrame>) async throws {
        try check(pushed.frame)
        try await queue.write(pushed, weight: 1)
    }

    /// Pushes a piece if there is room.
    /// - Returns: Whether there was.
    /// - Throws: As ``write(_:)`` does.
    public func tryWrite(_ frame: EncodedAudioFrame) throws(MartletError) -> Bool {
        try check(frame)
        if let refusal = queue.refusal { throw refusal }
        return queue.tryWrite(Pushed(frame: frame), weight: 1)
    }

    private func check(_ frame: EncodedAudioFrame) throws(MartletError) {
        switch codec {
        case .opus:
            guard OpusPacket.parse(frame.bytes.span) != nil else {
                throw MartletError(
                    .invalidArgument, "A piece of Opus is one packet (RFC 6716), and this is none.")
            }
        case .aac:
            guard let header = try? ADTSHeader(parsing: frame.bytes.span) else {
                throw MartletError(
                    .invalidArgument,
                    "A piece of AAC is whole frames with ADTS headers; AAC out of MP4 has none.")
            }
            guard header.channelConfiguration <= 2, AudioSource.sampleRates ~= header.sampleRate
            else {
                throw MartletError(
                    .invalidArgument,
                    "AAC has 8,000 to 96,000 samples a second in 1 or 2 channels, not \(header.sampleRate) in configuration \(header.channelConfiguration)."
                )
            }
        }
    }

    /// How full the buffer is, now and from now on; each caller has a stream of its own (row E33).
    public var bufferStates: AsyncStream<BufferState> { queue.bufferStates() }

    /// How full the buffer is now.
    public var bufferState: BufferState { queue.bufferState }

    /// Ends the source: what waits is still sent.
    public func close() { queue.close() }
}
