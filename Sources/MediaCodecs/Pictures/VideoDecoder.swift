// Compressed pictures into frames, over libavcodec.
// SPDX-License-Identifier: Apache-2.0
import CMediaCodecs

/// A decoder of one stream of pictures, without delay: each picture comes out of the call that brings its last byte, but for
/// H.264 whose parameter sets say that pictures are reordered; those come late by as many as they say (16 at most), until
/// `reset`. Input may be anything: what cannot be decoded is an error, and the decoder can go on with a keyframe. Sizes may
/// change.
@safe  // The handle is made in `init`, freed in `deinit`, and never leaves this type.
package struct VideoDecoder: ~Copyable {
    /// What it decodes.
    package let codec: VideoCodec
    /// Whether something of the last picture was guessed, because what it builds on was missing or damaged.
    package private(set) var isLastFrameDamaged = false
    private let handle: OpaquePointer

    /// - Parameters:
    ///   - pixelsMax: Larger pictures are refused before memory is taken for them; up to `VideoFrame.pixelsMax`.
    ///   - threads: How many decode slices or tiles of one picture beside each other; 1 to 16.
    /// - Throws: `.notInBuild`, `.refused`, `.outOfMemory`.
    package init(
        codec: VideoCodec, pixelsMax: Int = 4_096 * 2_304, threads: Int = 1
    ) throws(MediaCodecError) {
        guard 1...VideoFrame.pixelsMax ~= pixelsMax, 1...16 ~= threads else {
            throw .refused("a decoder takes 1 to 16 threads and up to 67,108,864 pixels")
        }
        var status: Int32 = 0
        // The pointer is that of a variable that lives as long as the call.
        let made = unsafe martlet_video_decoder_new(
            codec.number, Int64(pixelsMax), Int32(threads), &status)
        guard let made = unsafe made else { throw Self.error(status, codec) }
        unsafe handle = made
        self.codec = codec
    }

    deinit { unsafe martlet_video_decoder_free(handle) }

    /// Decodes all that belongs to one picture.
    /// - Parameters:
    ///   - bytes: An access unit in Annex B (H.264), a frame (VP8), a frame or superframe (VP9), or a temporal unit (AV1).
    ///   - timestampMicroseconds: What the frame will carry.
    /// - Returns: The picture, the topmost layer of several; nil if none is shown.
    /// - Throws: `.damaged`, also for pictures that are too large; `.outOfMemory`.
    package mutating func decode(
        _ bytes: Span<UInt8>, timestampMicroseconds: Int64
    ) throws(MediaCodecError) -> VideoFrame? {
        guard let count = Int32(exactly: bytes.count), count > 0 else { throw .damaged }
        var info = martlet_picture_info(width: 0, height: 0, is_damaged: 0, timestamp: 0)
        // The pointers are those of a span and a variable that live as long as the call, which copies the bytes.
        let status = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe martlet_video_decoder_decode(
                handle, bytes.baseAddress, count, timestampMicroseconds, &info)
        }
        guard status >= 0 else { throw Self.error(status, codec) }
        guard status == 1 else { return nil }
        var frame: VideoFrame
        do {
            frame = try VideoFrame(
                shadeless: Int(info.width), height: Int(info.height),
                timestampMicroseconds: info.timestamp)
        } catch { throw .damaged }
        // The planes are those of the frame, with its size, and C checks that.
        let copied = unsafe frame.withMutablePlanes {
            unsafe martlet_video_decoder_copy(handle, $0)
        }
        guard copied >= 0 else { throw Self.error(copied, codec) }
        isLastFrameDamaged = info.is_damaged != 0
        return frame
    }

    /// Forgets all earlier pictures, as after a change of the source; a keyframe must follow.
    package mutating func reset() {
        unsafe martlet_video_decoder_flush(handle)
        isLastFrameDamaged = false
    }

    private static func error(_ status: Int32, _ codec: VideoCodec) -> MediaCodecError {
        MediaCodecError(
            status: status, what: codec.rawValue, settings: "the decoder refuses the settings")
    }
}

// The handle is owned by one value, and the library ties no decoder to a thread.
extension VideoDecoder: @unchecked Sendable {}
