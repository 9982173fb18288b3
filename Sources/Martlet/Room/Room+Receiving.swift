// Receiving: what of whom, in which form.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
public import MediaCodecs
import NIOCore
import Signaling

/// Which of the sizes that somebody's picture is sent in (row S02).
public enum VideoQuality: String, Sendable, Equatable, Codable {
    /// The smallest.
    case low
    /// The one in the middle; of two the larger.
    case medium
    /// The largest.
    case high
}

extension Room {
    /// The most pieces of 10 ms that wait for a listener: two seconds. Of one that is slower the oldest go.
    private static let piecesMax = 200

    // MARK: Choosing

    /// Wants somebody's tracks, of one source or of all, or wants them no longer: now and after every break (rows P03, P04, P12
    /// and P13).
    /// - Throws: A ``MartletError``: 1005 outside a room, 3003 if they are not there.
    public func setSubscribed(
        _ isWanted: Bool, to participant: String, source: TrackSource? = nil
    ) async throws(MartletError) {
        if let engine {
            return try await engine.subscribe(isWanted, to: participant, source: source)
        }
        let link = try linked()
        do {
            try await link.session.setSubscribed(
                isWanted, to: try Self.id(participant), source: source?.signaled)
        } catch { throw MartletError(error) }
    }

    /// Wants more or less of somebody's picture: now and after every break (rows S01 and S02).
    /// - Throws: A ``MartletError``: 1005 outside a room, 3003 if they are not there.
    public func setQuality(
        _ quality: VideoQuality, of participant: String, source: TrackSource = .camera
    ) async throws(MartletError) {
        if let engine {
            return try await engine.setQuality(quality, of: participant, source: source)
        }
        let link = try linked()
        var choice = VideoChoice()
        choice.quality =
            switch quality {
            case .low: .low
            case .medium: .medium
            case .high: .high
            }
        do {
            try await link.session.setQuality(
                choice, of: try Self.id(participant), source: source.signaled)
        } catch { throw MartletError(error) }
    }

    static func id(_ text: String) throws(SessionFailure) -> ParticipantID {
        do { return try ParticipantID(text) } catch { throw .refused(error) }
    }

    // MARK: Sound

    /// Everybody's sound together, 10 ms at a time, from now until the room is left: silence where nobody is heard (rows O01, O02
    /// and O04).
    /// - Parameter format: 8,000 to 192,000 samples a second, 1 or 2 channels.
    /// - Throws: A ``MartletError``: 1005 outside a room, 6012 for another format.
    public func mixedAudio(
        format: SoundFormat = SoundFormat(sampleRate: 48_000, channels: 2)
    ) async throws(MartletError) -> AsyncStream<AudioFrame> {
        if let engine {
            return try await engine.open(nil, waitingMax: Self.piecesMax) { .samples(format, $0) }
        }
        return try await sound(nil) { continuation throws(MediaCodecError) in
            .pcm(try PCMSink(format: format, continuation))
        }
    }

    /// One track's sound, 10 ms at a time, while there is any (rows O03, O04 and O13). It goes on when the track's slot changes,
    /// and ends when the room is left.
    /// - Throws: A ``MartletError``: 1004 for a picture, 1005 outside a room, 6012 for another format.
    public func audio(
        of track: RemoteTrack, format: SoundFormat = SoundFormat(sampleRate: 48_000, channels: 1)
    ) async throws(MartletError) -> AsyncStream<AudioFrame> {
        if let engine {
            return try await engine.open(track, waitingMax: Self.piecesMax) { .samples(format, $0) }
        }
        return try await sound(try Self.soundKey(track)) { continuation throws(MediaCodecError) in
            .pcm(try PCMSink(format: format, continuation))
        }
    }

    /// Everybody's sound together as AAC in ADTS frames (rows O09 to O12).
    /// - Throws: As ``mixedAudio(format:)`` does.
    public func mixedAAC(
        _ options: AACOptions = AACOptions()
    ) async throws(MartletError) -> AsyncStream<EncodedAudioFrame> {
        if let engine {
            return try await engine.open(nil, waitingMax: Self.piecesMax) {
                .encodedSound(options, $0)
            }
        }
        return try await sound(nil) { continuation throws(MediaCodecError) in
            .aac(try AACSink(options: options, continuation))
        }
    }

    /// One track's sound as AAC in ADTS frames (rows O09 to O13).
    /// - Throws: As ``audio(of:format:)`` does.
    public func aac(
        of track: RemoteTrack, _ options: AACOptions = AACOptions()
    ) async throws(MartletError) -> AsyncStream<EncodedAudioFrame> {
        if let engine {
            return try await engine.open(track, waitingMax: Self.piecesMax) {
                .encodedSound(options, $0)
            }
        }
        return try await sound(try Self.soundKey(track)) { continuation throws(MediaCodecError) in
            .aac(try AACSink(options: options, continuation))
        }
    }

    /// One track's sound as it was sent: packets of Opus, in order and each once, whichever way they came (a packet of its own, a
    /// repetition, redundancy in another). They come when it is their turn, without waiting for their time to be heard; what is
    /// missing is waited for up to 250 ms, and told by ``EncodedAudioFrame/missingMicroseconds``.
    ///
    /// Who reads too slowly, with 200 packets unread, misses those that follow until there is room. The stream goes on when the
    /// track's slot changes, and ends when the room is left.
    /// - Throws: A ``MartletError``: 1004 for a picture, 1005 outside a room.
    public func encodedAudio(
        of track: RemoteTrack
    ) async throws(MartletError) -> AsyncStream<EncodedAudioFrame> {
        let key = try Self.soundKey(track)
        if let engine {
            return try await engine.open(
                track, waitingMax: PacketTap.waitingMax, dropsOldest: false
            ) { .packets($0) }
        }
        let media = try linked().media
        let (stream, continuation) = AsyncStream.makeStream(
            of: EncodedAudioFrame.self, bufferingPolicy: .bufferingOldest(PacketTap.waitingMax))
        let number = await media.takePackets(of: key, continuation)
        continuation.onTermination = { [weak media] _ in
            guard let media else { return }
            media.eventLoop.execute { media.assumeIsolated { $0.removeTap(number) } }
        }
        return stream
    }

    private static func soundKey(_ track: RemoteTrack) throws(MartletError) -> TrackKey {
        guard track.isSound else {
            throw MartletError(.invalidArgument, "That track is seen, not heard.")
        }
        do { return try TrackKey(track) } catch { throw MartletError(error) }
    }

    private func sound<Element: Sendable>(
        _ key: TrackKey?,
        _ make:
            @escaping @Sendable (AsyncStream<Element>.Continuation) throws(MediaCodecError) ->
            SoundTap.Sink
    ) async throws(MartletError) -> AsyncStream<Element> {
        let media = try linked().media
        let (stream, continuation) = AsyncStream.makeStream(
            of: Element.self, bufferingPolicy: .bufferingNewest(Self.piecesMax))
        do {
            let number = try await media.listen(key) { () throws(MediaCodecError) in
                try make(continuation)
            }
            continuation.onTermination = { [weak media] _ in
                guard let media else { return }
                media.eventLoop.execute { media.assumeIsolated { $0.removeTap(number) } }
            }
        } catch {
            throw MartletError(error)
        }
        return stream
    }

    // MARK: Pictures

    /// One track's pictures as they were sent, from a keyframe on (rows O05, O07 and O08): H.264 in Annex B, VP8, VP9, AV1. They
    /// come when they are whole, without waiting for their sound.
    ///
    /// Who reads too slowly misses pictures up to the next keyframe. The stream ends when the room is left.
    /// - Throws: A ``MartletError``: 1004 for sound, 1005 outside a room.
    public func encodedVideo(
        of track: RemoteTrack
    ) async throws(MartletError) -> AsyncStream<EncodedVideoFrame> {
        if let engine {
            return try await engine.open(
                track, waitingMax: ReceivedPicture.waitingMax, dropsOldest: false
            ) { .encodedPictures($0) }
        }
        return try await pictures(track) { .encoded($0) }
    }

    /// One track's pictures decoded and upright, in step with their sound (rows O06 and P16).
    ///
    /// Who reads too slowly misses the oldest. The stream ends when the room is left.
    /// - Throws: As ``encodedVideo(of:)`` does.
    public func video(
        of track: RemoteTrack
    ) async throws(MartletError) -> AsyncStream<VideoFrame> {
        if let engine {
            return try await engine.open(track, waitingMax: PictureDecoding.waitingMax) {
                .pictures($0)
            }
        }
        let input = try await pictures(track) { .received($0) }
        let (stream, continuation) = AsyncStream.makeStream(
            of: VideoFrame.self, bufferingPolicy: .bufferingNewest(PictureDecoding.waitingMax))
        let decoding = PictureDecoding(
            input: input, output: continuation, key: try Self.pictureKey(track),
            driver: try linked().media)
        // Owned by the stream: it ends with it.
        let task = Task { await decoding.run() }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    /// Asks whoever publishes a track for a keyframe, which comes to everybody who watches it: for whoever hands the frames of
    /// ``encodedVideo(of:)`` on to somebody who has just come.
    ///
    /// It is asked for again until it comes. The server asks a publisher for a keyframe at most so often as it can bear. A track
    /// that is not received now begins with a keyframe anyway.
    /// - Throws: As ``encodedVideo(of:)`` does.
    public func requestKeyframe(of track: RemoteTrack) async throws(MartletError) {
        if let engine {
            try await engine.call(.requestKeyframe(track))
            return
        }
        let media = try linked().media
        await media.wantKeyframe(try Self.pictureKey(track))
    }

    private static func pictureKey(_ track: RemoteTrack) throws(MartletError) -> TrackKey {
        guard !track.isSound else {
            throw MartletError(.invalidArgument, "That track is heard, not seen.")
        }
        do { return try TrackKey(track) } catch { throw MartletError(error) }
    }

    private func pictures<Element: Sendable>(
        _ track: RemoteTrack,
        _ sink: @Sendable (AsyncStream<Element>.Continuation) -> PictureTap.Sink
    ) async throws(MartletError) -> AsyncStream<Element> {
        let media = try linked().media
        let key = try Self.pictureKey(track)
        let (stream, continuation) = AsyncStream.makeStream(
            of: Element.self, bufferingPolicy: .bufferingOldest(ReceivedPicture.waitingMax))
        let number = await media.watch(key, sink(continuation))
        continuation.onTermination = { [weak media] _ in
            guard let media else { return }
            media.eventLoop.execute { media.assumeIsolated { $0.removeTap(number) } }
        }
        return stream
    }
}
