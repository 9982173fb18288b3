// Publishing: sources, as what, and how.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import MediaCodecs
import Signaling

extension Room {
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
        if let engine {
            return LocalTrackPublication(
                try await engine.publish(.sound(source, options), as: track), engine)
        }
        let link = try linked()
        let mid = try soundSection(track)
        try options.check()
        let mute = MuteSwitch(options.isMuted)
        let sender = SoundSender(
            source: source, options: options, pacer: link.pacer, mute: mute,
            expectedLossPercent: heldParameters.expectedAudioLossPercent, mid: mid.text,
            driver: link.media)
        return try await publish(track, mid, mute: mute, layers: [], nil, link) {
            try await sender.run()
        }
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
        makeEncoder: @escaping VideoEncoderMaker = Room.softwareEncoder
    ) async throws(MartletError) -> LocalTrackPublication {
        if let engine {
            return LocalTrackPublication(
                try await engine.publish(.pictures(source, options), as: track), engine)
        }
        let link = try linked()
        try options.check()
        let named = MediaSettings.rids(sizes: link.options.sizes(of: track))
        guard named.isEmpty || options.codec != .vp9 else {
            throw MartletError(
                .invalidArgument, "VP9 has one size: join with one size, or take VP8.")
        }
        let mid = try await pictureSection(track, link)
        defer { release(mid.text) }
        let mute = MuteSwitch(options.isMuted)
        let rids: [String?] = named.isEmpty ? [nil] : named
        let layers = rids.enumerated().map { index, rid in
            // Each size has half the sides of the next, and about a third of its bits.
            var bitrate = options.maxBitsPerSecond
            for _ in index..<(rids.count - 1) { bitrate = max(50_000, bitrate / 3) }
            return EncoderSignals(
                mid: mid.text, rid: rid, startBitrate: min(bitrate, 600_000), maxBitrate: bitrate)
        }
        let metadata = MetadataOutbox(layers: layers.count, isPossible: options.codec == .h264)
        let sender = VideoSender(
            source: source, options: options, pacer: link.pacer, mute: mute, layers: layers,
            metadata: metadata, makeEncoder: makeEncoder, driver: link.media)
        return try await publish(track, mid, mute: mute, layers: layers, metadata, link) {
            try await sender.run()
        }
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
        if let engine {
            return LocalTrackPublication(
                try await engine.publish(
                    .encodedPictures(
                        source, maxBitsPerSecond: maxBitsPerSecond, isMuted: isMuted), as: track),
                engine)
        }
        let link = try linked()
        guard link.options.sizes(of: track) == 1 else {
            throw MartletError(
                .invalidArgument, "Encoded pictures have one size: join with one.")
        }
        guard 50_000...50_000_000 ~= maxBitsPerSecond else {
            throw MartletError(
                .invalidArgument, "Encoded pictures take 50,000 to 50,000,000 bits a second.")
        }
        let mid = try await pictureSection(track, link)
        defer { release(mid.text) }
        let mute = MuteSwitch(isMuted)
        let signals = EncoderSignals(
            mid: mid.text, rid: nil, startBitrate: min(maxBitsPerSecond, 600_000),
            maxBitrate: maxBitsPerSecond)
        let metadata = MetadataOutbox(layers: 1, isPossible: source.codec == .h264)
        let sender = EncodedVideoSender(
            source: source, pacer: link.pacer, mute: mute, signals: signals, metadata: metadata,
            driver: link.media)
        return try await publish(track, mid, mute: mute, layers: [signals], metadata, link) {
            try await sender.run()
        }
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
        if let engine {
            return LocalTrackPublication(
                try await engine.publish(.encodedSound(source, options), as: track), engine)
        }
        let link = try linked()
        let mid = try soundSection(track)
        if source.codec == .aac { try options.check() }
        let mute = MuteSwitch(options.isMuted)
        let sender = EncodedAudioSender(
            source: source, options: options, pacer: link.pacer, mute: mute,
            expectedLossPercent: heldParameters.expectedAudioLossPercent, mid: mid.text,
            driver: link.media)
        return try await publish(track, mid, mute: mute, layers: [], nil, link) {
            try await sender.run()
        }
    }

    private func soundSection(_ track: TrackSource) throws(MartletError) -> MediaSectionID {
        guard track.isSound else {
            throw MartletError(.invalidArgument, "Sound is a microphone or screenAudio.")
        }
        return try section(track)
    }

    /// The section of a picture; one of a custom picture has to be released.
    private func pictureSection(
        _ track: TrackSource, _ link: Link
    ) async throws(MartletError) -> MediaSectionID {
        switch track {
        case .camera, .screen: return try section(track)
        case .custom:
            guard let free = await reserveCustomSection(link),
                let mid = try? MediaSectionID(free)
            else {
                throw MartletError(
                    .tooManyTracks,
                    "Join with more `customPictures`, or take one of those back.")
            }
            return mid
        case .microphone, .screenAudio:
            throw MartletError(.invalidArgument, "Pictures are a camera, a screen or custom.")
        }
    }

    private func section(_ track: TrackSource) throws(MartletError) -> MediaSectionID {
        guard let section = MediaSettings.sendingSections.first(where: { $0.source == track }),
            let mid = try? MediaSectionID(section.mid)
        else { throw MartletError(.invalidArgument, "A custom track is a picture.") }
        return mid
    }

    private func publish(
        _ track: TrackSource, _ mid: MediaSectionID, mute: MuteSwitch, layers: [EncoderSignals],
        _ metadata: MetadataOutbox?, _ link: Link,
        _ run: @escaping @Sendable () async throws -> Void
    ) async throws(MartletError) -> LocalTrackPublication {
        do {
            try await link.session.publish(track.signaled, mid: mid, muted: mute.isMuted)
        } catch {
            throw MartletError(error)
        }
        for layer in layers { await link.media.add(layer) }
        let hub = self.hub
        // Owned by the publication, which cancels it.
        let task = Task {
            do {
                try await run()
            } catch is CancellationError {
            } catch {
                hub.tell(.localTrackFailed(track, MartletError(.codecFailed, "\(error)")))
            }
        }
        let publication = LocalTrackPublication(
            source: track, mid: mid, session: link.session, driver: link.media, mute: mute,
            layers: layers, metadata: metadata, task: task)
        keep(publication)
        return publication
    }
}

extension JoinOptions {
    /// In how many sizes a picture is published.
    func sizes(of track: TrackSource) -> Int {
        switch track {
        case .camera: cameraSizes
        case .screen: screenSizes
        default: 1
        }
    }
}
