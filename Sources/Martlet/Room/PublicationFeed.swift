// What is published, before it is known what carries it.
// SPDX-License-Identifier: Apache-2.0

/// What is pushed, and how it is published.
enum PublicationFeed: Sendable {
    case sound(AudioSource, AudioPublishOptions)
    case pictures(VideoSource, VideoPublishOptions, VideoEncoderMaker)
    case encodedSound(EncodedAudioSource, AudioPublishOptions)
    case encodedPictures(EncodedVideoSource, maxBitsPerSecond: Int, isMuted: Bool)

    /// The source, as something to find it by.
    var id: ObjectIdentifier {
        switch self {
        case .sound(let source, _): ObjectIdentifier(source)
        case .pictures(let source, _, _): ObjectIdentifier(source)
        case .encodedSound(let source, _): ObjectIdentifier(source)
        case .encodedPictures(let source, _, _): ObjectIdentifier(source)
        }
    }

    /// Throws an error at whoever writes into the source, until ``accept()``.
    func refuse(_ error: MartletError) {
        switch self {
        case .sound(let source, _): source.queue.refuse(error)
        case .pictures(let source, _, _): source.queue.refuse(error)
        case .encodedSound(let source, _): source.queue.refuse(error)
        case .encodedPictures(let source, _, _): source.queue.refuse(error)
        }
    }

    /// Takes what is pushed: it is published anew.
    func accept() {
        switch self {
        case .sound(let source, _): source.queue.accept()
        case .pictures(let source, _, _): source.queue.accept()
        case .encodedSound(let source, _): source.queue.accept()
        case .encodedPictures(let source, _, _): source.queue.accept()
        }
    }

    /// Whether it begins muted.
    var isMuted: Bool {
        switch self {
        case .sound(_, let options), .encodedSound(_, let options): options.isMuted
        case .pictures(_, let options, _): options.isMuted
        case .encodedPictures(_, _, let isMuted): isMuted
        }
    }
}
