// What is published, before it is known what carries it.
// SPDX-License-Identifier: Apache-2.0

/// What all sources have: a queue, which may refuse what is pushed.
protocol QueuedSource: AnyObject, Sendable {
    associatedtype Waiting: Sendable
    var queue: MediaQueue<Waiting> { get }
}

extension QueuedSource {
    /// Throws an error at whoever writes into it, until ``accept()``.
    func refuse(_ error: MartletError) { queue.refuse(error) }

    /// Takes what is pushed: it is published anew.
    func accept() { queue.accept() }
}

extension AudioSource: QueuedSource {}
extension VideoSource: QueuedSource {}
extension EncodedAudioSource: QueuedSource {}
extension EncodedVideoSource: QueuedSource {}

/// What is pushed, and how it is published.
enum PublicationFeed: Sendable {
    case sound(AudioSource, AudioPublishOptions)
    case pictures(VideoSource, VideoPublishOptions, VideoEncoderMaker)
    case encodedSound(EncodedAudioSource, AudioPublishOptions)
    case encodedPictures(EncodedVideoSource, maxBitsPerSecond: Int, isMuted: Bool)

    /// What is pushed into.
    var source: any QueuedSource {
        switch self {
        case .sound(let source, _): source
        case .pictures(let source, _, _): source
        case .encodedSound(let source, _): source
        case .encodedPictures(let source, _, _): source
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
