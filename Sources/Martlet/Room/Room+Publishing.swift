// How what the local participant publishes is carried.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientSession
import MediaCodecs
import Signaling

extension Room {
    /// What is published now.
    var localPublications: [LocalTrackPublication] {
        get async {
            if let engine {
                let carried = await engine.published()
                return publications.filter { $0.isCarried(by: carried) }
            }
            guard let link = try? linked() else { return [] }
            let sections = await link.session.state.publications.map(\.mid)
            return publications.filter { $0.isCarried(by: sections) }
        }
    }

    /// Publishes, and returns when the others can have it.
    /// - Throws: What ``LocalParticipant`` tells of each.
    func publish(
        _ feed: PublicationFeed, as track: TrackSource
    ) async throws(MartletError) -> LocalTrackPublication {
        if let engine {
            let publication = LocalTrackPublication(
                try await engine.publish(feed, as: track), engine)
            keep(publication)
            return publication
        }
        let link = try linked()
        let mute = MuteSwitch(feed.isMuted, in: link.media.suspension)
        switch feed {
        case .sound(let source, let options):
            let mid = try soundSection(track)
            try options.check()
            let sender = SoundSender(
                source: source, options: options, pacer: link.pacer, mute: mute,
                expectedLossPercent: heldParameters.expectedAudioLossPercent, mid: mid.text,
                driver: link.media)
            return try await publish(feed, as: track, mid, mute: mute, layers: [], nil, link) {
                try await sender.run()
            }
        case .encodedSound(let source, let options):
            let mid = try soundSection(track)
            if source.codec == .aac { try options.check() }
            let sender = EncodedAudioSender(
                source: source, options: options, pacer: link.pacer, mute: mute,
                expectedLossPercent: heldParameters.expectedAudioLossPercent, mid: mid.text,
                driver: link.media)
            return try await publish(feed, as: track, mid, mute: mute, layers: [], nil, link) {
                try await sender.run()
            }
        case .pictures(let source, let options, let makeEncoder):
            return try await publish(
                feed, source, as: track, options, makeEncoder, mute: mute, link)
        case .encodedPictures(let source, let maxBitsPerSecond, _):
            return try await publish(feed, source, as: track, maxBitsPerSecond, mute: mute, link)
        }
    }

    private func publish(
        _ feed: PublicationFeed, _ source: VideoSource, as track: TrackSource,
        _ options: VideoPublishOptions, _ makeEncoder: @escaping VideoEncoderMaker,
        mute: MuteSwitch, _ link: Link
    ) async throws(MartletError) -> LocalTrackPublication {
        try options.check()
        let named = MediaSettings.rids(sizes: link.options.sizes(of: track))
        guard named.isEmpty || options.codec != .vp9 else {
            throw MartletError(
                .invalidArgument, "VP9 has one size: join with one size, or take VP8.")
        }
        let mid = try await pictureSection(track, link)
        defer { release(mid.text) }
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
        return try await publish(
            feed, as: track, mid, mute: mute, layers: layers, metadata, link
        ) {
            try await sender.run()
        }
    }

    private func publish(
        _ feed: PublicationFeed, _ source: EncodedVideoSource, as track: TrackSource,
        _ maxBitsPerSecond: Int, mute: MuteSwitch, _ link: Link
    ) async throws(MartletError) -> LocalTrackPublication {
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
        let signals = EncoderSignals(
            mid: mid.text, rid: nil, startBitrate: min(maxBitsPerSecond, 600_000),
            maxBitrate: maxBitsPerSecond)
        let metadata = MetadataOutbox(layers: 1, isPossible: source.codec == .h264)
        let sender = EncodedVideoSender(
            source: source, pacer: link.pacer, mute: mute, signals: signals, metadata: metadata,
            driver: link.media)
        return try await publish(
            feed, as: track, mid, mute: mute, layers: [signals], metadata, link
        ) {
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
        _ feed: PublicationFeed, as track: TrackSource, _ mid: MediaSectionID, mute: MuteSwitch,
        layers: [EncoderSignals], _ metadata: MetadataOutbox?, _ link: Link,
        _ run: @escaping @Sendable () async throws -> Void
    ) async throws(MartletError) -> LocalTrackPublication {
        let (hub, session) = (self.hub, link.session)
        let life = PublicationLife(track, feed)
        // Before anything can be told of it.
        hub.begin(life, mid: mid.text)
        do {
            try await session.publish(track.signaled, mid: mid, muted: mute.isMuted)
        } catch {
            hub.forget(life)
            throw life.error ?? MartletError(error)
        }
        for layer in layers { await link.media.add(layer) }
        guard isPresent(link), life.end == nil else {
            for layer in layers { await link.media.remove(layer) }
            hub.forget(life)
            throw life.error ?? MartletError(.invalidState, "The room was left.")
        }
        feed.source.accept()
        // Owned by the publication, which cancels it.
        let task = Task {
            do {
                try await run()
            } catch is CancellationError {
            } catch {
                let failure = MartletError(.codecFailed, "\(error)")
                hub.tell(.localTrackFailed(track, failure))
                guard hub.end(life, .failed, failure) else { return }
                for layer in layers { await link.media.remove(layer) }
                // Told the server at least: this task is cancelled by now.
                try? await session.unpublish(mid: mid)
            }
        }
        life.run(task)
        let publication = LocalTrackPublication(
            life, mid: mid, session: session, driver: link.media, mute: mute, layers: layers,
            metadata: metadata, task: task, hub: hub)
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
