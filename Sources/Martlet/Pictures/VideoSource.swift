// Pictures that an application pushes: a bounded buffer in front of an encoder.
// SPDX-License-Identifier: Apache-2.0
public import MediaCodecs
import Wire

/// A picture on its way to the encoder.
struct PushedPicture: Sendable {
    var frame: VideoFrame
    var rotation: PictureRotation
    /// When it was pushed.
    var pushedAt = MediaDriver.now
}

/// Pictures to be published (rows I01 to I03).
///
/// It has a bounded buffer: ``write(_:rotation:)`` suspends while that is full, ``tryWrite(_:rotation:)`` says so.
public final class VideoSource: Sendable {
    let queue: MediaQueue<PushedPicture>

    /// A source of uncompressed pictures.
    /// - Parameter bufferedFrames: How many may wait: 1 to 300; Alibaba's default is 100. Few keep the delay short.
    /// - Throws: A ``MartletError`` 1004 for other numbers.
    public init(bufferedFrames: Int = 4) throws(MartletError) {
        guard 1...300 ~= bufferedFrames else {
            throw MartletError(.invalidArgument, "A buffer of pictures holds 1 to 300.")
        }
        queue = MediaQueue(capacity: bufferedFrames)
    }

    deinit { queue.close() }

    /// Pushes a picture, and waits for room first.
    /// - Parameters:
    ///   - frame: The picture.
    ///   - rotation: By how much it has to be turned to be upright; it is turned before it is encoded.
    /// - Throws: A ``MartletError`` 6010 once the source is closed; `CancellationError`; once the server took it back, or it cannot
    ///   be encoded, an error that says so, until it is published anew.
    public func write(_ frame: VideoFrame, rotation: PictureRotation = .none) async throws {
        try await write(PushedPicture(frame: frame, rotation: rotation))
    }

    func write(_ pushed: PushedPicture) async throws { try await queue.write(pushed, weight: 1) }

    /// Pushes a picture if there is room.
    /// - Returns: Whether there was; `false` also where ``write(_:rotation:)`` throws.
    public func tryWrite(_ frame: VideoFrame, rotation: PictureRotation = .none) -> Bool {
        queue.tryWrite(PushedPicture(frame: frame, rotation: rotation), weight: 1)
    }

    /// Pushes a picture in another layout: I420, NV12, NV21, BGRA, RGB24 or BGR24, with any strides.
    /// - Throws: A ``MartletError`` 6012 if the bytes do not hold such a picture, 6010 once the source is closed;
    ///   `CancellationError`.
    public func write(
        _ bytes: [UInt8], layout: PictureLayout, rotation: PictureRotation = .none,
        timestampMicroseconds: Int64
    ) async throws {
        try await write(
            try Self.frame(
                of: bytes, layout: layout, rotation: rotation,
                timestampMicroseconds: timestampMicroseconds))
    }

    private static func frame(
        of bytes: [UInt8], layout: PictureLayout, rotation: PictureRotation,
        timestampMicroseconds: Int64
    ) throws(MartletError) -> VideoFrame {
        do throws(MediaCodecError) {
            var converter = try PictureConverter()
            return try converter.convert(
                bytes.span, layout: layout, rotation: rotation,
                timestampMicroseconds: timestampMicroseconds)
        } catch {
            throw MartletError(error)
        }
    }

    /// How full the buffer is, now and from now on; each caller has a stream of its own (row E33).
    public var bufferStates: AsyncStream<BufferState> { queue.bufferStates() }

    /// How full the buffer is now.
    public var bufferState: BufferState { queue.bufferState }

    /// How many pictures wait.
    public var bufferedFrames: Int { queue.weight }

    /// Throws away what waits.
    public func clear() { queue.removeAll() }

    /// Ends the source: what waits is still sent.
    public func close() { queue.close() }
}
