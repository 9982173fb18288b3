// The engine's side: a room of this process, carried out for another.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import NIOCore
import NIOPosix

/// Does what the application asks for with a room that is in this process.
actor EngineServer {
    nonisolated let eventLoop: any EventLoop
    private let executor: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    let room: Room
    private(set) var connection: EngineConnection?
    private let outbox: EngineOutbox
    var feeds: [UInt32: EngineFeed] = [:]
    private var taps: [UInt32: Task<Void, Never>] = [:]
    private var streams: [Int: DataStream] = [:]
    private let ended: AsyncStream<Void>.Continuation

    /// - Parameter ended: Told when the application is gone.
    init(ended: AsyncStream<Void>.Continuation) {
        eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        executor = eventLoop.executor
        self.ended = ended
        let outbox = EngineOutbox()
        self.outbox = outbox
        // On the room's own loop, and so before what the event is part of has an answer.
        room = Room { outbox.pass($0) }
    }

    /// Tells the application a line of the log.
    nonisolated func tell(_ line: String) { outbox.send(.log(line)) }

    /// Begins to listen on a socket.
    func serve(
        _ descriptor: Int32, outgoing: SharedMemory, incoming: SharedMemory
    ) async throws(MartletError) {
        let connection = try await EngineConnection.open(
            descriptor, outgoing: outgoing, incoming: incoming, on: eventLoop,
            listener: EngineListener(
                onMessage: { [weak self] message in
                    self?.assumeIsolated { $0.hear(message) }
                    return
                },
                onFrame: { [weak self] notice, bytes in
                    // The bytes are used before this returns.
                    self?.assumeIsolated { $0.take(notice, bytes) } ?? true
                },
                onTaken: { _ in },
                onEnd: { [weak self] _ in self?.ended.finish() }))
        self.connection = connection
        outbox.open(connection)
        connection.send(.hello(version: EngineMessage.version))
    }

    private func hear(_ message: EngineMessage) {
        switch message {
        case .ping: connection?.send(.pong)
        case .request(let id, let request):
            // Ends with its answer; the room ends with the process.
            Task {
                let reply: EngineReply
                do throws(MartletError) {
                    reply = try await self.answer(request)
                } catch {
                    reply = .failed(error)
                }
                self.connection?.send(reply, to: id)
            }
        case .hello, .reply, .event, .oneself, .permissions, .withdrawn, .keyframeNeeded, .bitrate,
            .tapEnded, .log, .pong:
            break
        }
    }

    private func take(_ notice: FrameNotice, _ bytes: LentBytes) -> Bool {
        guard let feed = feeds[notice.stream] else { return true }
        guard feed.publication.unpublishReason == nil else {
            // Of what is over, some may have been under way.
            feeds.removeValue(forKey: notice.stream)?.stop()
            return true
        }
        return feed.take(notice, bytes)
    }

    // MARK: Answering

    private func answer(_ request: EngineRequest) async throws(MartletError) -> EngineReply {
        switch request {
        case .join(let options): try await room.join(options)
        case .leave: await room.leave()
        case .networkChanged: await room.networkChanged()
        case .setParameters(let parameters): try await room.setParameters(parameters)
        case .parameters: return .parameters(try await room.parameters)
        case .publishSound(let number, let source, let format, let options):
            let sound = try AudioSource(
                format: format, bufferMilliseconds: EngineFeed.bufferMilliseconds)
            outbox.name(sound, number)
            let publication = try await room.localParticipant.publish(sound, as: source, options)
            add(EngineFeed(.sound(sound), publication), number)
        case .publishPictures(let number, let source, let options):
            let pictures = try VideoSource(bufferedFrames: EngineFeed.bufferedFrames)
            outbox.name(pictures, number)
            let publication = try await room.localParticipant.publish(pictures, as: source, options)
            add(EngineFeed(.pictures(pictures), publication), number)
        case .publishEncodedSound(let number, let source, let codec, let options):
            let sound = try EncodedAudioSource(
                codec: codec, bufferedFrames: EngineFeed.bufferedFrames)
            outbox.name(sound, number)
            let publication = try await room.localParticipant.publish(sound, as: source, options)
            add(EngineFeed(.encodedSound(sound), publication), number)
        case .publishEncodedPictures(let number, let source, let codec, let bitrate, let isMuted):
            let pictures = try EncodedVideoSource(
                codec: codec, bufferedFrames: EngineFeed.bufferedFrames)
            outbox.name(pictures, number)
            tellEncoder(pictures, number)
            let publication = try await room.localParticipant.publish(
                pictures, as: source, maxBitsPerSecond: bitrate, isMuted: isMuted)
            add(EngineFeed(.encodedPictures(pictures), publication), number)
        case .finish(let number): await feeds[number]?.finish()
        case .mute(let number, let isMuted):
            try await feed(number).publication.setMuted(isMuted)
        case .unpublish(let number):
            let feed = try feed(number)
            feeds[number] = nil
            feed.stop()
            try await feed.publication.unpublish()
        case .stopPublishing(let number):
            let feed = feeds.removeValue(forKey: number)
            feed?.stop()
            await feed?.publication.leave()
        case .publications: return .publications(await publications())
        case .listen(let number, let track, let form): try await listen(number, track, form)
        case .watch(let number, let track, let form): try await watch(number, track, form)
        case .endTap(let number): taps.removeValue(forKey: number)?.cancel()
        case .subscribe(let isWanted, let participant, let source):
            try await room.setSubscribed(isWanted, to: participant, source: source)
        case .quality(let quality, let participant, let source):
            try await room.setQuality(quality, of: participant, source: source)
        case .requestKeyframe(let track): try await room.requestKeyframe(of: track)
        case .participants: return .participants(await room.remoteParticipants)
        case .name: return .text(await room.name)
        case .sendMetadata(let number, let bytes, let repeats, let delay, let keyFramesOnly):
            try feed(number).publication.sendMetadata(
                bytes, repeats: repeats, after: delay, keyFramesOnly: keyFramesOnly)
        case .sessionStatistics: return .session(await room.sessionStatistics)
        case .transportStatistics: return .transport(await room.transportStatistics)
        case .sendingStatistics(let number):
            return .sent(await feeds[number]?.publication.statistics ?? [])
        case .receivingStatistics(let track): return .received(await room.statistics(of: track))
        case .openDataStream:
            let stream = try await room.localParticipant.openDataStream()
            streams[stream.number] = stream
            return .number(stream.number)
        case .sendData(let number, let bytes, let userTimestamp):
            guard let stream = streams[number] else {
                throw MartletError(code: 7001, "The data stream is closed.")
            }
            try await stream.send(bytes, userTimestamp: userTimestamp)
            try await stream.settle()
        case .closeDataStream(let number): await streams.removeValue(forKey: number)?.close()
        case .sendMessage(let content, let participants, let id):
            return .names(
                try await room.localParticipant.sendMessage(content, to: participants, id: id))
        case .renewToken(let token): try await room.renewToken(token)
        case .setRole(let role): try await room.localParticipant.setRole(role)
        case .update(let name, let metadata, let attributes):
            try await room.localParticipant.update(
                name: name, metadata: metadata, attributes: attributes)
        case .remove(let participant, let seconds):
            try await room.remove(participant, banSeconds: seconds)
        }
        return .done
    }

    private func feed(_ number: UInt32) throws(MartletError) -> EngineFeed {
        guard let feed = feeds[number] else {
            throw MartletError(.invalidState, "That is not published any more.")
        }
        return feed
    }

    private func publications() async -> [UInt32] {
        let present = await room.localParticipant.publications
        return feeds.filter { feed in present.contains { $0 === feed.value.publication } }
            .keys.sorted()
    }

    private func add(_ feed: EngineFeed, _ number: UInt32) {
        feeds[number]?.stop()
        feeds[number] = feed
        guard let connection else { return }
        feed.start { connection.sendTaken(number) }
    }

    /// Hands on what the network says to whoever encodes, until the source is closed.
    private func tellEncoder(_ pictures: EncodedVideoSource, _ number: UInt32) {
        guard let connection else { return }
        let (requests, bitrates) = (pictures.keyframeRequests, pictures.bitrates)
        Task {
            for await _ in requests { connection.send(.keyframeNeeded(number)) }
        }
        Task {
            for await bitrate in bitrates { connection.send(.bitrate(number, bitrate)) }
        }
    }

    // MARK: Streams

    private func listen(
        _ number: UInt32, _ track: RemoteTrack?, _ form: SoundForm
    ) async throws(MartletError) {
        switch (form, track) {
        case (.pcm(let format), let track?):
            carry(try await room.audio(of: track, format: format), number) { PackedFrame($0) }
        case (.pcm(let format), nil):
            carry(try await room.mixedAudio(format: format), number) { PackedFrame($0) }
        case (.aac(let options), let track?):
            carry(try await room.aac(of: track, options), number) { PackedFrame($0) }
        case (.aac(let options), nil):
            carry(try await room.mixedAAC(options), number) { PackedFrame($0) }
        case (.opus, let track?):
            carry(try await room.encodedAudio(of: track), number) { PackedFrame($0) }
        case (.opus, nil):
            throw MartletError(.invalidArgument, "There are no packets of all together.")
        }
    }

    private func watch(
        _ number: UInt32, _ track: RemoteTrack, _ form: PictureForm
    ) async throws(MartletError) {
        switch form {
        case .decoded: carry(try await room.video(of: track), number) { PackedFrame($0) }
        case .encoded: carry(try await room.encodedVideo(of: track), number) { PackedFrame($0) }
        }
    }

    /// Hands a stream on until it ends.
    private func carry<Element: Sendable>(
        _ stream: AsyncStream<Element>, _ number: UInt32,
        _ pack: @escaping @Sendable (Element) -> PackedFrame
    ) {
        taps.removeValue(forKey: number)?.cancel()
        guard let connection else { return }
        // Ends with the stream, which ends with the room.
        taps[number] = Task { await Self.carry(stream, number, over: connection, pack) }
    }

    /// Does so away from the event loop: frames are copied.
    private static func carry<Element: Sendable>(
        _ stream: AsyncStream<Element>, _ number: UInt32, over connection: EngineConnection,
        _ pack: @Sendable (Element) -> PackedFrame
    ) async {
        for await element in stream {
            guard await connection.deliver(pack(element), stream: number) else { return }
        }
        if !Task.isCancelled { connection.send(.tapEnded(number)) }
    }
}
