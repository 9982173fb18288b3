// What a room asks of its engine process, and what it hears from it.
// SPDX-License-Identifier: Apache-2.0
import Logging
import NIOCore

extension IsolatedEngine {
    // MARK: Asking

    /// Asks the process that carries the room.
    /// - Throws: A ``MartletError``: what the engine answered, 1005 outside a room, 6011 while a process is gone.
    @discardableResult
    func call(_ request: EngineRequest) async throws(MartletError) -> EngineReply {
        guard let child else {
            guard joined != nil else {
                throw MartletError(.invalidState, "Join a room first.")
            }
            throw MartletError(.engineFailed, "The engine is gone, and another has not joined yet.")
        }
        return try await call(request, on: child)
    }

    func call(_ request: EngineRequest, on child: Child) async throws(MartletError) -> EngineReply {
        child.lastRequest += 1
        let id = child.lastRequest
        let reply = await withCheckedContinuation { continuation in
            child.replies[id] = continuation
            child.connection.send(.request(id: id, request))
        }
        if case .failed(let error) = reply { throw error }
        return reply
    }

    /// Asks for something whose answer nobody waits for.
    func tell(_ request: EngineRequest) {
        child?.connection.send(.request(id: 0, request))
    }

    /// Asks for everybody.
    func participants() async -> [RemoteParticipant] {
        guard case .participants(let found) = try? await call(.participants) else { return [] }
        return found
    }

    var name: String? {
        get async {
            guard case .text(let found) = try? await call(.name) else { return nil }
            return found
        }
    }

    var transportStatistics: TransportStatistics {
        get async {
            guard case .transport(let found) = try? await call(.transportStatistics) else {
                return TransportStatistics()
            }
            return found
        }
    }

    var sessionStatistics: SessionStatistics {
        get async {
            guard case .session(let found) = try? await call(.sessionStatistics) else {
                return SessionStatistics()
            }
            return found
        }
    }

    func statistics(of track: RemoteTrack) async -> RemoteTrackStatistics? {
        guard case .received(let found) = try? await call(.receivingStatistics(track)) else {
            return nil
        }
        return found
    }

    func statistics(of publication: IsolatedPublication) async -> [LocalTrackStatistics] {
        guard case .sent(let found) = try? await call(.sendingStatistics(publication.number))
        else { return [] }
        return found
    }

    nonisolated func networkChanged() {
        eventLoop.execute { self.assumeIsolated { $0.tell(.networkChanged) } }
    }

    /// Hands on what was checked here already; where too much waits in the engine, it is left out.
    nonisolated func sendMetadata(
        _ publication: IsolatedPublication, _ bytes: [UInt8], repeats: Int, after delay: Duration,
        keyFramesOnly: Bool
    ) {
        let request = EngineRequest.sendMetadata(
            publication.number, bytes, repeats: repeats, after: delay,
            keyFramesOnly: keyFramesOnly)
        eventLoop.execute { self.assumeIsolated { $0.tell(request) } }
    }

    // MARK: Talking

    func sendMessage(
        _ content: String, to participants: [String]?, id: String?
    ) async throws(MartletError) -> [String] {
        guard
            case .names(let missing) = try await call(
                .sendMessage(content, to: participants, id: id))
        else { throw Self.misunderstood }
        return missing
    }

    static var misunderstood: MartletError {
        MartletError(.engineFailed, "The engine answered something else.")
    }

    func subscribe(
        _ isWanted: Bool, to participant: String, source: TrackSource?
    ) async throws(MartletError) {
        try await call(.subscribe(isWanted, participant: participant, source: source))
        choices.note(isWanted, participant: participant, source: source)
    }

    func setQuality(
        _ quality: VideoQuality, of participant: String, source: TrackSource
    ) async throws(MartletError) {
        try await call(.quality(quality, participant: participant, source: source))
        choices.note(quality, participant: participant, source: source)
    }

    func setParameters(_ parameters: RoomParameters) async throws(MartletError) {
        if child != nil || joined != nil { try await call(.setParameters(parameters)) }
        self.parameters = parameters
    }

    func currentParameters() async throws(MartletError) -> RoomParameters {
        guard child != nil || joined != nil else { return parameters }
        guard case .parameters(let found) = try await call(.parameters) else {
            throw Self.misunderstood
        }
        return found
    }

    func renewToken(_ token: String) async throws(MartletError) {
        try await call(.renewToken(token))
        joined?.token = token
    }

    func setRole(_ role: Role) async throws(MartletError) {
        try await call(.setRole(role))
        joined?.role = role
    }

    // MARK: Publishing

    func publish(
        _ feed: PublicationFeed, as source: TrackSource
    ) async throws(MartletError) -> IsolatedPublication {
        let publication = IsolatedPublication(number: nextNumber(), source: source, feed: feed)
        arriving[publication.number] = publication
        defer { arriving[publication.number] = nil }
        try await call(publication.request)
        guard let child else { throw MartletError(.engineFailed, "The engine is gone.") }
        if let error = publication.life.error { throw error }
        feed.source.accept()
        publications.append(publication)
        publication.start(over: child.connection)
        return publication
    }

    /// What is published: all of it also while a process is gone whose place another takes.
    func published() async -> [IsolatedPublication] {
        guard restart == nil, case .publications(let numbers) = try? await call(.publications)
        else { return publications }
        return publications.filter { numbers.contains($0.number) }
    }

    func setMuted(
        _ publication: IsolatedPublication, _ isMuted: Bool
    ) async throws(MartletError) {
        publication.mute.isMuted = isMuted
        // A process that comes later is told with the publication.
        guard child != nil || joined == nil else { return }
        try await call(.mute(publication.number, isMuted))
    }

    func unpublish(_ publication: IsolatedPublication) async throws(MartletError) {
        publication.end(.requested)
        publications.removeAll { $0 === publication }
        guard child != nil || joined == nil else {
            hub.tell(.localTrackUnpublished(publication.source, reason: .requested))
            return
        }
        try await call(.unpublish(publication.number))
    }

    func finish(_ publication: IsolatedPublication) async {
        // A process that takes the place of another goes on with what is left.
        while await !publication.drain(), joined != nil,
            publications.contains(where: { $0 === publication })
        {
            guard (try? await Task.sleep(for: .milliseconds(50))) != nil else { return }
        }
        _ = try? await call(.finish(publication.number))
    }

    // MARK: Hearing

    /// What is handed on of a line of an engine's log, in characters.
    private static let logLineMax = 1_000

    func hear(_ message: EngineMessage, from number: Int) {
        if case .hello(let version) = message { answerHello(number, version) }
        guard let child, child.number == number else { return }
        switch message {
        case .reply(let id, let reply):
            child.replies.removeValue(forKey: id)?.resume(returning: reply)
        case .event(let said):
            let event = renumbered(said)
            if restart == nil, case .connectionChanged(let change) = event,
                !change.to.isSomewhere
            {
                for publication in publications { publication.end(.left) }
                publications = []
                closeStreams()
            }
            hub.relay(event)
            // Who was sent away does not come again because a process ends later.
            if restart == nil, !hub.connectionState.isSomewhere { joined = nil }
            noteTracks(event)
        case .oneself(let oneself):
            hub.note(oneself)
            noteIdentity()
        case .permissions(let permissions): hub.note(permissions)
        case .withdrawn(let number, let reason, let error):
            let publication = publications.first { $0.number == number } ?? arriving[number]
            publication?.end(reason, error)
            publications.removeAll { $0.number == number }
        case .tapEnded(let tap):
            taps.removeValue(forKey: tap)?.finish()
        case .keyframeNeeded(let number): encoded(number)?.tellKeyframeNeed()
        case .bitrate(let number, let bitrate): encoded(number)?.tell(bitrate: bitrate)
        case .log(let line):
            options.logger?.info(
                "\(line.prefix(Self.logLineMax))", metadata: ["engine": "\(child.process.id)"])
        case .pong: child.unansweredPings = 0
        case .hello, .request, .ping: break
        }
    }

    private func encoded(_ number: UInt32) -> EncodedVideoSource? {
        let publication = publications.first { $0.number == number }
        guard case .encodedPictures(let source, _, _)? = publication?.feed else { return nil }
        return source
    }
}
