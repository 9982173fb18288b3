// Frames into H.264, VP8 or VP9, over libx264 and libvpx.
// SPDX-License-Identifier: Apache-2.0
import CMediaCodecs

/// The encoder that is always there: H.264 of the constrained baseline profile (level 3.1 up to 1280 x 720 at 30 pictures a
/// second, which is `42e01f`) by libx264, VP8 and VP9 by libvpx, all set for calls. AV1 it cannot.
@safe  // The handle is made and freed by this type, and never leaves it.
public struct SoftwareVideoEncoder: VideoEncoder, ~Copyable {
    /// What it encodes: H.264, VP8 or VP9.
    public let codec: VideoCodec
    private let threads: Int
    private var bitsPerSecond: Int
    private var frameRate: Int
    /// The encoder for pictures of `size`; none before the first.
    private var handle: OpaquePointer?
    private var size = (width: 0, height: 0)

    /// Nothing is taken before the first picture, which says how large it is.
    /// - Parameters:
    ///   - bitsPerSecond: 10,000 to 100,000,000.
    ///   - frameRate: 1 to 120 pictures a second.
    ///   - threads: How many encode parts of one picture beside each other; 1 to 16.
    /// - Throws: `.refused` for others, `.notInBuild` for AV1.
    public init(
        codec: VideoCodec, bitsPerSecond: Int, frameRate: Int = 30, threads: Int = 1
    ) throws(MediaCodecError) {
        guard codec != .av1 else { throw .notInBuild(codec: "encoder of AV1 for calls") }
        guard 1...16 ~= threads else { throw .refused("an encoder takes 1 to 16 threads") }
        try Self.check(bitsPerSecond, frameRate)
        self.codec = codec
        self.threads = threads
        self.bitsPerSecond = bitsPerSecond
        self.frameRate = frameRate
        unsafe handle = nil
    }

    deinit { if let handle = unsafe handle { unsafe martlet_video_encoder_free(handle) } }

    /// Says what may be spent, from the next picture on, without a keyframe.
    /// - Parameters:
    ///   - bitsPerSecond: 10,000 to 100,000,000.
    ///   - frameRate: 1 to 120.
    /// - Throws: `.refused` for others.
    public mutating func setRate(bitsPerSecond: Int, frameRate: Int) throws(MediaCodecError) {
        try Self.check(bitsPerSecond, frameRate)
        self.bitsPerSecond = bitsPerSecond
        self.frameRate = frameRate
        guard let handle = unsafe handle else { return }
        let status = unsafe martlet_video_encoder_set_rate(
            handle, Int32(bitsPerSecond), Int32(frameRate))
        guard status >= 0 else { throw error(status) }
    }

    /// Encodes a picture; a new size begins with a keyframe.
    /// - Returns: nil if the picture was left out to hold the rate.
    /// - Throws: `.refused` for sizes the codec does not take: H.264 wants even ones. `.outOfMemory`, `.failed`.
    public mutating func encode(
        _ frame: VideoFrame, isKeyframeWanted: Bool
    ) throws(MediaCodecError) -> EncodedPicture? {
        let handle = unsafe try opened(for: frame)
        var encoded = unsafe martlet_encoded(bytes: nil, count: 0, is_keyframe: 0)
        // The planes live as long as the call, and have the size the encoder was opened with.
        let status = unsafe frame.withPlanes { planes in
            unsafe martlet_video_encoder_encode(
                handle, planes, frame.timestampMicroseconds, isKeyframeWanted ? 1 : 0, &encoded)
        }
        guard status >= 0 else { throw error(status) }
        guard status == 1, let start = unsafe encoded.bytes else { return nil }
        // C says how many bytes there are, and keeps them until the next call.
        let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: Int(encoded.count)))
        return EncodedPicture(
            bytes: bytes, isKeyframe: unsafe encoded.is_keyframe != 0, width: frame.width,
            height: frame.height, timestampMicroseconds: frame.timestampMicroseconds)
    }

    /// The encoder for pictures of this size: the one at hand, or a new one.
    private mutating func opened(for frame: VideoFrame) throws(MediaCodecError) -> OpaquePointer {
        if let handle = unsafe handle, size == (frame.width, frame.height) {
            return unsafe handle
        }
        if codec == .h264, frame.width % 2 != 0 || frame.height % 2 != 0 {
            throw .refused("H.264 takes even sizes, not \(frame.width) x \(frame.height): scale")
        }
        if let old = unsafe handle {
            unsafe martlet_video_encoder_free(old)
            unsafe handle = nil
        }
        let settings = martlet_video_settings(
            codec: codec.number, width: Int32(frame.width), height: Int32(frame.height),
            frame_rate: Int32(frameRate), bits_per_second: Int32(bitsPerSecond),
            threads: Int32(threads))
        var status: Int32 = 0
        // The pointer is that of a variable that lives as long as the call.
        guard let made = unsafe martlet_video_encoder_new(settings, &status) else {
            throw error(status)
        }
        unsafe handle = made
        size = (frame.width, frame.height)
        return unsafe made
    }

    private static func check(_ bitsPerSecond: Int, _ frameRate: Int) throws(MediaCodecError) {
        guard 10_000...100_000_000 ~= bitsPerSecond, 1...120 ~= frameRate else {
            throw .refused("a rate is 10,000 to 100,000,000 bits in 1 to 120 pictures a second")
        }
    }

    private func error(_ status: Int32) -> MediaCodecError {
        MediaCodecError(
            status: status, what: "the encoder of \(codec.rawValue)",
            settings: "it refuses pictures of this size or rate")
    }
}

// The handle is owned by one value, and the libraries tie no encoder to a thread.
extension SoftwareVideoEncoder: @unchecked Sendable {}
