// What a source says of its pictures and its sound.
// SPDX-License-Identifier: Apache-2.0
import CMediaFiles
package import MediaCodecs

/// The best stream of pictures of a source.
package struct MediaFilePictures: Sendable {
    /// The codec if it is one that is passed on or encoded; nil for any other that FFmpeg knows.
    package let codec: VideoCodec?
    /// FFmpeg's name of the codec, such as `h264`, `hevc` or `mpeg4`.
    package let codecName: String
    /// Samples in a row, before `rotation`.
    package let width: Int
    /// Rows, before `rotation`.
    package let height: Int
    /// Pictures a second on average; nil if unknown.
    package let frameRate: Double?
    /// By how much each picture is to be turned to stand upright.
    package let rotation: PictureRotation
    /// Whether they can be sent as they are.
    package internal(set) var route: MediaRoute
    let parameters: StreamParameters

    init(_ info: martlet_file_stream_info, _ parameters: StreamParameters) {
        codec =
            switch Int(info.codec) {
            case MARTLET_FILE_H264: .h264
            case MARTLET_FILE_VP8: .vp8
            case MARTLET_FILE_VP9: .vp9
            case MARTLET_FILE_AV1: .av1
            default: nil
            }
        codecName = info.name
        width = Int(info.width)
        height = Int(info.height)
        frameRate = info.frame_rate > 0 ? info.frame_rate : nil
        rotation = PictureRotation(rawValue: Int(info.quarter_turns) * 90) ?? .none
        route = .passThrough
        self.parameters = parameters
        route = MediaRoute(
            codec: codec, profile: Int(info.profile), isEightBit420: info.is_8_bit_420 != 0,
            isInterlaced: info.is_interlaced != 0, reorderedCount: Int(info.reordered_count),
            rotation: rotation)
    }
}

/// The best stream of sound of a source.
package struct MediaFileSound: Sendable {
    /// Whether it is Opus.
    package let isOpus: Bool
    /// FFmpeg's name of the codec, such as `opus`, `aac` or `mp3`.
    package let codecName: String
    /// As it is in the source; of more than 2 channels a decoder makes 2.
    package let format: SoundFormat
    /// Whether it can be sent as it is.
    package let route: MediaRoute
    let parameters: StreamParameters

    init(_ info: martlet_file_stream_info, _ parameters: StreamParameters) {
        isOpus = Int(info.codec) == MARTLET_FILE_OPUS
        codecName = info.name
        format = SoundFormat(sampleRate: Int(info.rate), channels: Int(info.channels))
        route = MediaRoute(isOpus: isOpus, channels: format.channels)
        self.parameters = parameters
    }
}

/// What FFmpeg must know to decode a stream.
@safe  // The handle is freed in `deinit` and only read before.
final class StreamParameters: @unchecked Sendable {  // nothing behind the handle changes
    let handle: OpaquePointer

    init(owning handle: OpaquePointer) { unsafe self.handle = handle }

    deinit { unsafe martlet_file_parameters_free(handle) }
}

extension martlet_file_stream_info {
    /// The codec's name up to its zero.
    fileprivate var name: String {
        // The bytes are those of this value.
        unsafe withUnsafeBytes(of: codec_name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
