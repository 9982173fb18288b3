// Sound that an application pushes: a bounded buffer in front of an encoder.
// SPDX-License-Identifier: Apache-2.0
public import MediaCodecs
import Synchronization

/// Sound to be published: PCM in pieces of any length (rows I04 to I07).
///
/// It has a bounded buffer, from which sound leaves in the rhythm it is heard in: ``write(_:)`` suspends while that is full,
/// ``tryWrite(_:)`` says so.
public final class AudioSource: Sendable {
    /// Sample rates that are taken.
    public static let sampleRates = 8_000...96_000
    /// The longest piece, in milliseconds.
    public static let pieceMillisecondsMax = 1_000

    /// How pushed samples are counted and laid out.
    public let format: SoundFormat
    let queue: MediaQueue<Pushed<AudioFrame>>
    private let loudness = Mutex(100)

    /// A source of uncompressed sound.
    /// - Parameters:
    ///   - format: 8,000 to 96,000 samples a second, 1 or 2 channels.
    ///   - bufferMilliseconds: How much may wait: 20 to 10,000. Alibaba's default of 300 pieces of 10 ms is 3,000.
    /// - Throws: A ``MartletError`` 1004 for other values.
    public init(
        format: SoundFormat = SoundFormat(sampleRate: 48_000, channels: 1),
        bufferMilliseconds: Int = 100
    ) throws(MartletError) {
        guard Self.sampleRates ~= format.sampleRate, 1...2 ~= format.channels else {
            throw MartletError(
                .invalidArgument,
                "Sound has 8,000 to 96,000 samples a second in 1 or 2 channels, not \(format.sampleRate) in \(format.channels)."
            )
        }
        guard 20...10_000 ~= bufferMilliseconds else {
            throw MartletError(.invalidArgument, "A buffer of sound holds 20 to 10,000 ms.")
        }
        self.format = format
        queue = MediaQueue(capacity: bufferMilliseconds)
    }

    deinit { queue.close() }

    /// How loud it is published, in percent of how it was pushed: 0 to 100 (row I06). Values beyond are cut.
    public var gain: Int {
        get { loudness.withLock { $0 } }
        set { loudness.withLock { $0 = min(max(newValue, 0), 100) } }
    }

    /// Pushes a piece, and waits for room first.
    /// - Throws: A ``MartletError``: 1004 if it is of another format or too long, 6010 once the source is closed;
    ///   `CancellationError`; once the server took it back, or it cannot be encoded, an error that says so, until it is published
    ///   anew.
    public func write(_ frame: AudioFrame) async throws {
        try await write(Pushed(frame: frame))
    }

    func write(_ pushed: Pushed<AudioFrame>) async throws {
        try await queue.write(pushed, weight: try milliseconds(pushed.frame))
    }

    /// Pushes a piece if there is room (row I05).
    /// - Returns: Whether there was: if not, try again when the sound that waits has been heard.
    /// - Throws: As ``write(_:)`` does.
    public func tryWrite(_ frame: AudioFrame) throws(MartletError) -> Bool {
        let weight = try milliseconds(frame)
        if let refusal = queue.refusal { throw refusal }
        return queue.tryWrite(Pushed(frame: frame), weight: weight)
    }

    /// How full the buffer is, now and from now on; each caller has a stream of its own (row E33).
    public var bufferStates: AsyncStream<BufferState> { queue.bufferStates() }

    /// How full the buffer is now.
    public var bufferState: BufferState { queue.bufferState }

    /// How much sound waits in the buffer.
    public var bufferedDuration: Duration { .milliseconds(queue.weight) }

    /// Throws away what waits.
    public func clear() { queue.removeAll() }

    /// Ends the source: what waits is still sent.
    public func close() { queue.close() }

    private func milliseconds(_ frame: AudioFrame) throws(MartletError) -> Int {
        guard frame.format == format else {
            throw MartletError(
                .invalidArgument,
                "The source takes \(format.sampleRate) samples a second in \(format.channels) channels, not \(frame.format.sampleRate) in \(frame.format.channels)."
            )
        }
        guard frame.samples.count % format.channels == 0 else {
            throw MartletError(
                .invalidArgument, "Stereo has as many samples on the right as on the left.")
        }
        let milliseconds = frame.sampleCount * 1_000 / format.sampleRate
        guard milliseconds <= Self.pieceMillisecondsMax else {
            throw MartletError(.invalidArgument, "Push sound in pieces of at most a second.")
        }
        return milliseconds
    }
}
