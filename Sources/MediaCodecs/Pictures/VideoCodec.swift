// The codecs of pictures.
// SPDX-License-Identifier: Apache-2.0
import CMediaCodecs

/// A codec that pictures are compressed with.
public enum VideoCodec: String, CaseIterable, Codable, Sendable {
    /// H.264, access units in Annex B.
    case h264 = "H.264"
    /// VP8 (RFC 6386).
    case vp8 = "VP8"
    /// VP9.
    case vp9 = "VP9"
    /// AV1, temporal units as low-overhead OBUs.
    case av1 = "AV1"

    /// The number by which the C side knows it.
    var number: Int32 {
        switch self {
        case .h264: Int32(MARTLET_CODEC_H264)
        case .vp8: Int32(MARTLET_CODEC_VP8)
        case .vp9: Int32(MARTLET_CODEC_VP9)
        case .av1: Int32(MARTLET_CODEC_AV1)
        }
    }
}
