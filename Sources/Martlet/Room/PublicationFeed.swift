// What is published, before it is known what carries it.
// SPDX-License-Identifier: Apache-2.0

/// What is pushed, and how it is published.
enum PublicationFeed: Sendable {
    case sound(AudioSource, AudioPublishOptions)
    case pictures(VideoSource, VideoPublishOptions, VideoEncoderMaker)
    case encodedSound(EncodedAudioSource, AudioPublishOptions)
    case encodedPictures(EncodedVideoSource, maxBitsPerSecond: Int, isMuted: Bool)

    /// Whether it begins muted.
    var isMuted: Bool {
        switch self {
        case .sound(_, let options), .encodedSound(_, let options): options.isMuted
        case .pictures(_, let options, _): options.isMuted
        case .encodedPictures(_, _, let isMuted): isMuted
        }
    }
}
