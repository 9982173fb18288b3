// Which files are written, and what fits into them.
// SPDX-License-Identifier: Apache-2.0
import CMediaFiles
package import MediaCodecs

/// A container, or none, for what is recorded.
package enum MediaFileFormat: CaseIterable, Sendable {
    /// H.264 and AAC, in fragments: a recording that was killed has all but its last two seconds.
    case mp4
    /// H.264, VP8, VP9 or AV1, and Opus.
    case matroska
    /// VP8, VP9 or AV1, and Opus: Matroska as browsers play it.
    case webm
    /// Samples of 16 bits.
    case wav
    /// Opus.
    case ogg
    /// H.264 as a byte stream (ITU-T H.264 Annex B), without times.
    case h264
    /// AAC in ADTS frames, without times.
    case adts

    /// The format that a file of this name has; nil if the ending says none of them.
    package init?(fileName: String) {
        guard let dot = fileName.lastIndex(of: ".") else { return nil }
        switch fileName[fileName.index(after: dot)...].lowercased() {
        case "mp4", "m4v", "m4a": self = .mp4
        case "mkv", "mka": self = .matroska
        case "webm": self = .webm
        case "wav": self = .wav
        case "ogg", "opus", "oga": self = .ogg
        case "h264", "264": self = .h264
        case "aac": self = .adts
        default: return nil
        }
    }

    /// The codecs of pictures that it takes.
    package var pictureCodecs: [VideoCodec] {
        switch self {
        case .mp4, .h264: [.h264]
        case .matroska: [.h264, .vp8, .vp9, .av1]
        case .webm: [.vp8, .vp9, .av1]
        case .wav, .ogg, .adts: []
        }
    }

    /// The codec of sound that it takes; nil for pictures alone.
    package var soundCodec: MediaFileSoundCodec? {
        switch self {
        case .mp4, .adts: .aac
        case .matroska, .webm, .ogg: .opus
        case .wav: .samples
        case .h264: nil
        }
    }

    /// Refuses what does not fit into it.
    func check(
        _ pictureCodec: VideoCodec?, _ soundFormat: SoundFormat?
    ) throws(MediaFileError) {
        guard pictureCodec != nil || soundFormat != nil else {
            throw .refused("a recording has pictures, sound or both")
        }
        if let pictureCodec, !pictureCodecs.contains(pictureCodec) {
            let names = pictureCodecs.map(\.rawValue).joined(separator: ", ")
            let taken = names.isEmpty ? "no pictures" : names
            throw .refused("\(self) takes \(taken), not \(pictureCodec.rawValue)")
        }
        guard let soundFormat else { return }
        let isPossible =
            switch soundCodec {
            case .opus: soundFormat.sampleRate == 48_000
            case .aac: ADTSHeader.sampleRates.contains(soundFormat.sampleRate)
            case .samples: 8_000...192_000 ~= soundFormat.sampleRate
            case nil: false
            }
        guard isPossible, 1...2 ~= soundFormat.channels else {
            throw .refused("\(self) does not take sound of \(soundFormat)")
        }
    }

    var number: Int32 {
        switch self {
        case .mp4: Int32(MARTLET_CONTAINER_MP4)
        case .matroska: Int32(MARTLET_CONTAINER_MATROSKA)
        case .webm: Int32(MARTLET_CONTAINER_WEBM)
        case .wav: Int32(MARTLET_CONTAINER_WAV)
        case .ogg: Int32(MARTLET_CONTAINER_OGG)
        case .h264: Int32(MARTLET_CONTAINER_H264)
        case .adts: Int32(MARTLET_CONTAINER_ADTS)
        }
    }
}

/// What sound is in a file.
package enum MediaFileSoundCodec: Sendable {
    /// Opus packets (RFC 6716).
    case opus
    /// AAC-LC in ADTS frames, as ``MediaCodecs/AACEncoder`` gives them.
    case aac
    /// Samples of 16 bits, not compressed.
    case samples
}
