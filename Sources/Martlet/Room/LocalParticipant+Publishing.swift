// Publishing: sources, as what, and how.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

extension LocalParticipant {
    /// Publishes sound, and returns when the others can have it (rows P01 and P08).
    /// - Parameters:
    ///   - source: Where the sound is pushed.
    ///   - track: `.microphone` or `.screenAudio`, each once.
    ///   - options: How it is encoded, and whether it begins muted.
    /// - Throws: A ``MartletError``: 1004 for another source, 1005 outside a room, 2009 without the right, 4005 if it is
    ///   published already.
    @discardableResult
    public func publish(
        _ source: AudioSource, as track: TrackSource = .microphone,
        _ options: AudioPublishOptions = AudioPublishOptions()
    ) async throws(MartletError) -> LocalTrackPublication {
        try await room.publish(.sound(source, options), as: track)
    }

    /// Publishes pictures, and returns when the others can have them (rows P01 and P07).
    /// - Parameters:
    ///   - source: Where the pictures are pushed.
    ///   - track: `.camera` or `.screen`, each once and in as many sizes as was joined with (``JoinOptions/cameraSizes``, ``JoinOptions/screenSizes``), or
    ///     `.custom`, as often as ``JoinOptions/customPictures`` says.
    ///   - options: How they are encoded and fitted, and whether they begin muted.
    ///   - makeEncoder: What encodes in place of libvpx and libx264. A room in a process of its own has no use for it: there
    ///     the engine encodes; publish an ``EncodedVideoSource``.
    /// - Throws: As for sound; 1004 also for options that cannot be.
    @discardableResult
    public func publish(
        _ source: VideoSource, as track: TrackSource = .camera,
        _ options: VideoPublishOptions = VideoPublishOptions(),
        makeEncoder: @escaping VideoEncoderMaker = LocalParticipant.softwareEncoder
    ) async throws(MartletError) -> LocalTrackPublication {
        try await room.publish(.pictures(source, options, makeEncoder), as: track)
    }

    /// The encoder that is always there.
    public static let softwareEncoder: VideoEncoderMaker = {
        codec, bitsPerSecond, frameRate throws(MediaCodecError) in
        try SoftwareVideoEncoder(
            codec: codec, bitsPerSecond: bitsPerSecond, frameRate: frameRate)
    }

    /// Publishes pictures that are encoded already, in one size.
    /// - Parameters:
    ///   - source: Where the pictures are pushed.
    ///   - track: `.camera` or `.screen`, each once, or `.custom`.
    ///   - maxBitsPerSecond: The most that comes, about; what is asked of the network.
    ///   - isMuted: Whether it begins muted.
    /// - Throws: As for pictures that are not; 1004 for a camera or screen joined with several sizes.
    @discardableResult
    public func publish(
        _ source: EncodedVideoSource, as track: TrackSource = .camera,
        maxBitsPerSecond: Int = 2_500_000, isMuted: Bool = false
    ) async throws(MartletError) -> LocalTrackPublication {
        try await room.publish(
            .encodedPictures(source, maxBitsPerSecond: maxBitsPerSecond, isMuted: isMuted),
            as: track)
    }

    /// Publishes sound that is encoded already.
    /// - Parameters:
    ///   - source: Where the sound is pushed.
    ///   - track: `.microphone` or `.screenAudio`, each once.
    ///   - options: What AAC is encoded anew with; of Opus only whether it is muted counts.
    /// - Throws: As for sound that is not; 1004 also for a bit rate that AAC cannot be encoded anew with.
    @discardableResult
    public func publish(
        _ source: EncodedAudioSource, as track: TrackSource = .microphone,
        _ options: AudioPublishOptions = AudioPublishOptions()
    ) async throws(MartletError) -> LocalTrackPublication {
        try await room.publish(.encodedSound(source, options), as: track)
    }
}
