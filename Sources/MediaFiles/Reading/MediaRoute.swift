// Whether a stream is sent as it is, or decoded and encoded anew.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

/// The way of a stream from a source to a call.
package enum MediaRoute: Equatable, Sendable {
    /// Its packets are what WebRTC sends.
    case passThrough
    /// It has to be decoded and encoded anew.
    case transcode(Reason)

    /// Why it cannot be sent as it is.
    package enum Reason: Equatable, Sendable {
        /// Browsers have no such codec in a call.
        case codec
        /// Browsers have the codec, but not these colours, depth or this profile.
        case profile
        /// Pictures are decoded in another order than they are shown (B frames), which RTP receivers of calls do not do.
        case reordered
        /// Pictures are of two half pictures each.
        case interlaced
        /// Pictures lie on their side, and receivers would show them so.
        case rotated
        /// There are more than two channels.
        case channels
    }

    /// The profiles of H.264 with 8 bits and 4:2:0 that browsers decode: constrained baseline and baseline, main, high
    /// (ITU-T H.264 Annex A.2). FFmpeg adds flags above the lowest byte: 0x200 is "constrained".
    private static let baseline = 66
    private static let profiles: Set<Int> = [baseline, 77, 100]

    /// The way of pictures.
    /// - Parameter reorderedCount: By how many pictures FFmpeg found them reordered.
    init(
        codec: VideoCodec?, profile: Int, isEightBit420: Bool, isInterlaced: Bool,
        reorderedCount: Int, rotation: PictureRotation
    ) {
        self = .passThrough
        switch codec {
        case .h264:
            if profile >= 0, !Self.profiles.contains(profile & 0xFF) || profile & 0x800 != 0 {
                self = .transcode(.profile)
            }
            // Baseline has no B frames, whatever is guessed.
            if reorderedCount > 0, profile & 0xFF != Self.baseline { self = .transcode(.reordered) }
        case .vp8: break
        case .vp9, .av1: if profile > 0 { self = .transcode(.profile) }
        case nil:
            self = .transcode(.codec)
            return
        }
        if !isEightBit420 { self = .transcode(.profile) }
        if isInterlaced { self = .transcode(.interlaced) }
        if rotation != .none { self = .transcode(.rotated) }
    }

    /// The way of sound.
    init(isOpus: Bool, channels: Int) {
        guard isOpus else {
            self = .transcode(.codec)
            return
        }
        self = 1...2 ~= channels ? .passThrough : .transcode(.channels)
    }
}
