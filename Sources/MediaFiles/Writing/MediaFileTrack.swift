// What a container's head says of a track.
// SPDX-License-Identifier: Apache-2.0
import CMediaFiles
import MediaCodecs

/// The codec of a track, its measures, and what decoders must know before the first packet.
struct MediaFileTrack: Equatable {
    var codec: Int
    var width = 0
    var height = 0
    var format: SoundFormat?
    var setup: [UInt8] = []

    /// The track that begins with this keyframe; nil if it cannot be decoded.
    init?(_ codec: VideoCodec, keyframe: Span<UInt8>) {
        // Whoever decodes it knows its size, whatever the codec.
        guard var decoder = try? VideoDecoder(codec: codec, pixelsMax: VideoFrame.pixelsMax),
            let frame = try? decoder.decode(keyframe, timestampMicroseconds: 0)
        else { return nil }
        width = frame.width
        height = frame.height
        switch codec {
        case .h264: self.codec = MARTLET_FILE_H264
        case .vp8: self.codec = MARTLET_FILE_VP8
        case .vp9: self.codec = MARTLET_FILE_VP9
        case .av1: self.codec = MARTLET_FILE_AV1
        }
        guard codec == .h264 || codec == .av1 else { return }
        var setup = [UInt8](repeating: 0, count: 64 << 10)
        let number = Int32(self.codec)
        // The pointers are those of a span and an array that live as long as the call.
        let count = unsafe keyframe.withUnsafeBufferPointer { keyframe in
            unsafe setup.withUnsafeMutableBufferPointer { setup in
                unsafe martlet_file_setup(
                    number, keyframe.baseAddress, Int32(clamping: keyframe.count),
                    setup.baseAddress, Int32(setup.count))
            }
        }
        guard count > 0 else { return nil }
        self.setup = Array(setup.prefix(Int(count)))
    }

    /// A track of sound.
    init?(_ codec: MediaFileSoundCodec?, _ format: SoundFormat) {
        self.format = format
        switch codec {
        case .opus:
            self.codec = MARTLET_FILE_OPUS
            // The head of a stream (RFC 7845 §5.1): version 1, the channels, nothing to be left out at the start, the rate, no
            // gain, one mapping. The first packet of a recording is not the first of its encoder, and what is decoded of it
            // belongs to its time.
            let rate = UInt32(truncatingIfNeeded: format.sampleRate)
            setup =
                Array("OpusHead".utf8) + [1, UInt8(truncatingIfNeeded: format.channels), 0, 0]
                + (0..<4).map { UInt8(truncatingIfNeeded: rate >> (8 * $0)) } + [0, 0, 0]
        case .aac:
            self.codec = MARTLET_FILE_AAC
            // AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1): | LC 5 | rate 4 | channels 4 | 0 3 |
            guard let index = ADTSHeader.sampleRates.firstIndex(of: format.sampleRate) else {
                return nil
            }
            let bits = UInt16(
                truncatingIfNeeded: 2 << 11 | index << 7 | format.channels << 3)
            setup = [UInt8(bits >> 8), UInt8(truncatingIfNeeded: bits)]
        case .samples: self.codec = MARTLET_FILE_PCM
        case nil: return nil
        }
    }

    /// Lends it to C, or no track.
    static func lend<Result>(
        _ track: MediaFileTrack?, _ body: (martlet_file_track) -> Result
    ) -> Result {
        let setup = track?.setup ?? []
        // The pointer is that of an array that lives as long as the call.
        return unsafe setup.withUnsafeBufferPointer { setup in
            unsafe body(
                martlet_file_track(
                    codec: Int32(track?.codec ?? MARTLET_FILE_OTHER),
                    width: Int32(track?.width ?? 0), height: Int32(track?.height ?? 0),
                    rate: Int32(track?.format?.sampleRate ?? 0),
                    channels: Int32(track?.format?.channels ?? 0), setup: setup.baseAddress,
                    setup_count: Int32(setup.count)))
        }
    }
}
