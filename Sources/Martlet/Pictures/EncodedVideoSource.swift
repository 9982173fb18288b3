// Pictures that are encoded already: passed through as they are.
// SPDX-License-Identifier: Apache-2.0
public import MediaCodecs
import Synchronization

/// Encoded pictures to be published: H.264 in Annex B, VP8, VP9 of profile 0, or AV1 in the low-overhead form whose keyframes have their
/// sequence header with them; of a file, a camera or an encoder of one's own, in the order they are shown and in one layer.
///
/// Who encodes for the call listens to ``keyframeRequests`` and ``bitrates``. Where the network carries less than is pushed,
/// pictures are left out up to the next keyframe.
public final class EncodedVideoSource: Sendable {
    /// What the pictures are encoded as.
    public let codec: VideoCodec
    let queue: MediaQueue<Pushed<EncodedVideoFrame>>
    private struct Listeners {
        var keyframes: [AsyncStream<Void>.Continuation] = []
        var bitrates: [AsyncStream<Int>.Continuation] = []
        var isClosed = false
    }
    private let listeners = Mutex(Listeners())

    /// A source of encoded pictures.
    /// - Parameters:
    ///   - codec: What they are encoded as.
    ///   - bufferedFrames: How many may wait: 1 to 300.
    /// - Throws: A ``MartletError`` 1004 for other values.
    public init(codec: VideoCodec, bufferedFrames: Int = 8) throws(MartletError) {
        guard 1...300 ~= bufferedFrames else {
            throw MartletError(.invalidArgument, "A buffer of pictures holds 1 to 300.")
        }
        self.codec = codec
        queue = MediaQueue(capacity: bufferedFrames)
    }

    deinit { close() }

    /// Pushes a picture, and waits for room first.
    /// - Throws: A ``MartletError``: 1004 if it is of another codec, 6010 once the source is closed; `CancellationError`;
    ///   once the server took it back, or it cannot be sent, an error that says so, until it is published anew.
    public func write(_ frame: EncodedVideoFrame) async throws {
        try await write(Pushed(frame: frame))
    }

    func write(_ pushed: Pushed<EncodedVideoFrame>) async throws {
        try check(pushed.frame)
        try await queue.write(pushed, weight: 1)
    }

    /// Pushes a picture if there is room.
    /// - Returns: Whether there was. One that is left out makes those behind it useless, up to the next keyframe.
    /// - Throws: As ``write(_:)`` does.
    public func tryWrite(_ frame: EncodedVideoFrame) throws(MartletError) -> Bool {
        try check(frame)
        if let refusal = queue.refusal { throw refusal }
        return queue.tryWrite(Pushed(frame: frame), weight: 1)
    }

    private func check(_ frame: EncodedVideoFrame) throws(MartletError) {
        guard frame.codec == codec else {
            throw MartletError(
                .invalidArgument,
                "The source takes \(codec.rawValue), not \(frame.codec.rawValue).")
        }
    }

    /// When somebody needs a keyframe to begin with, or to go on.
    public var keyframeRequests: AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let isClosed = listeners.withLock { listeners in
            listeners.keyframes.append(continuation)
            return listeners.isClosed
        }
        if isClosed { continuation.finish() }
        return stream
    }

    /// What may be spent from now on, in bits a second, whenever that changes by a tenth.
    public var bitrates: AsyncStream<Int> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Int.self, bufferingPolicy: .bufferingNewest(1))
        let isClosed = listeners.withLock { listeners in
            listeners.bitrates.append(continuation)
            return listeners.isClosed
        }
        if isClosed { continuation.finish() }
        return stream
    }

    /// How full the buffer is, now and from now on; each caller has a stream of its own (row E33).
    public var bufferStates: AsyncStream<BufferState> { queue.bufferStates() }

    /// How full the buffer is now.
    public var bufferState: BufferState { queue.bufferState }

    /// Ends the source: what waits is still sent.
    public func close() {
        queue.close()
        let ended = listeners.withLock { listeners in
            defer { listeners = Listeners(isClosed: true) }
            return listeners
        }
        for listener in ended.keyframes { listener.finish() }
        for listener in ended.bitrates { listener.finish() }
    }

    func tellKeyframeNeed() {
        for listener in listeners.withLock({ $0.keyframes }) { listener.yield() }
    }

    func tell(bitrate: Int) {
        for listener in listeners.withLock({ $0.bitrates }) { listener.yield(bitrate) }
    }
}
