// AAC in ADTS frames into sound, over libavcodec.
// SPDX-License-Identifier: Apache-2.0
import CMediaCodecs

/// A decoder of AAC in ADTS frames, mono or stereo. Frames may be anything: what cannot be decoded is an error, and the
/// decoder can go on.
@safe  // The handle is made in `init`, freed in `deinit`, and never leaves this type.
package struct AACDecoder: ~Copyable {
    /// What came out of a frame.
    package struct Decoded: Equatable, Sendable {
        /// Bytes of the frame: where the next one begins.
        package let frameByteCount: Int
        /// Samples of each channel; 0 if the frame gave none yet.
        package let sampleCount: Int
        /// What the samples are; each frame may say something else.
        package let format: SoundFormat
    }

    /// The most samples that come out of a frame, of all channels together.
    package static let frameSamplesMax = 4_096

    private let handle: OpaquePointer

    /// - Throws: `.notInBuild`, `.outOfMemory`.
    package init() throws(MediaCodecError) {
        var status: Int32 = 0
        // The pointer is that of a variable that lives as long as the call.
        guard let made = unsafe martlet_aac_decoder_new(&status) else {
            throw MediaCodecError(status: status, what: "AAC", settings: "libavcodec refuses it")
        }
        unsafe handle = made
    }

    deinit { unsafe martlet_aac_decoder_free(handle) }

    /// Decodes the frame at the start of `bytes`.
    /// - Parameter samples: Where they are written from the start, interleaved; `frameSamplesMax` is enough.
    /// - Throws: `.damaged`, also for more than two channels; `.noRoom`.
    package mutating func decode(
        _ bytes: Span<UInt8>, into samples: inout MutableSpan<Int16>
    ) throws(MediaCodecError) -> Decoded {
        let header = try ADTSHeader(parsing: bytes)
        var info = martlet_sound_info(rate: 0, channels: 0, sample_count: 0)
        // The pointers are those of spans and of a variable that live as long as the call.
        let decoded = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe samples.withUnsafeMutableBufferPointer { samples in
                unsafe martlet_aac_decoder_decode(
                    handle, bytes.baseAddress, Int32(header.frameByteCount), samples.baseAddress,
                    Int32(clamping: samples.count), &info)
            }
        }
        switch Int(decoded) {
        case 0...: break
        case MARTLET_CODEC_NO_ROOM:
            throw .noRoom(needed: Self.frameSamplesMax, have: samples.count)
        default:
            throw MediaCodecError(status: decoded, what: "AAC", settings: "libavcodec refuses it")
        }
        return Decoded(
            frameByteCount: header.frameByteCount, sampleCount: Int(decoded),
            format: SoundFormat(sampleRate: Int(info.rate), channels: Int(info.channels)))
    }
}

// The handle is owned by one value, and the library ties no decoder to a thread.
extension AACDecoder: @unchecked Sendable {}
