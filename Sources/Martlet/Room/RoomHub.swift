// Where what happens in a room is told to all who listen, and where the connection stands.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientSession
import Signaling
import Synchronization

/// What is said of a room, in order.
enum RoomNews: Sendable {
    /// What the application is told.
    case event(RoomEvent)
    /// Oneself as the others see one from now on: said before the event that tells of it.
    case oneself(RemoteParticipant)
    /// What oneself may do from now on: said before the event that tells of it.
    case permissions(Permissions)
    /// What was pushed into a source is published no more, against the application's will: said before the event that tells it.
    case withdrawn(source: ObjectIdentifier, UnpublishReason, MartletError)
}

/// Hears everything on the event loop of the room, hands on to its media what that has to know, and tells the application.
final class RoomHub: Sendable {
    /// The most events that wait for a listener; of one that leaves more unread the oldest go.
    static let eventsMax = 8_192
    /// Quieter than this nobody speaks, in -dBov.
    private static let speakingMax = 50

    private struct State {
        var connection = ConnectionState.disconnected(.notJoined)
        var listeners: [(number: UInt64, continuation: AsyncStream<RoomEvent>.Continuation)] = []
        var lastListener: UInt64 = 0
        var levels: [String: Int] = [:]
        var speaker: String?
        var oneself: RemoteParticipant?
        var permissions: Permissions?
        /// What is published, by section, or is about to be: of those of one section the first is.
        var lives: [(mid: String, life: PublicationLife)] = []

        /// What is so outside a room.
        mutating func end() {
            levels = [:]
            speaker = nil
            oneself = nil
            permissions = nil
        }
    }

    private let state = Mutex(State())
    /// Hears of everything before the listeners do, wherever it happens.
    private let observer: (@Sendable (RoomNews) -> Void)?

    init(observer: (@Sendable (RoomNews) -> Void)? = nil) { self.observer = observer }

    /// Where the connection stands.
    var connectionState: ConnectionState { state.withLock { $0.connection } }

    /// Who is the loudest; `nil`: nobody speaks.
    var activeSpeaker: String? { state.withLock { $0.speaker } }

    /// Oneself, as the others see one; `nil` outside a room.
    var oneself: RemoteParticipant? { state.withLock { $0.oneself } }

    /// What oneself may do; `nil` outside a room.
    var permissions: Permissions? { state.withLock { $0.permissions } }

    /// All that happens from now on.
    func events() -> AsyncStream<RoomEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: RoomEvent.self, bufferingPolicy: .bufferingNewest(Self.eventsMax))
        let number = state.withLock { state in
            state.lastListener += 1
            state.listeners.append((state.lastListener, continuation))
            return state.lastListener
        }
        continuation.onTermination = { [weak self] _ in self?.remove(number) }
        return stream
    }

    private func remove(_ number: UInt64) {
        // Let go of outside the lock.
        let removed = state.withLock { state in
            let removed = state.listeners.filter { $0.number == number }
            state.listeners.removeAll { $0.number == number }
            return removed
        }
        _ = consume removed
    }

    func finish() {
        let listeners = state.withLock { state in
            defer { state.listeners = [] }
            return state.listeners
        }
        for listener in listeners { listener.continuation.finish() }
    }

    func tell(_ event: RoomEvent) {
        observer?(.event(event))
        let listeners = state.withLock { $0.listeners }
        for listener in listeners { listener.continuation.yield(event) }
    }

    /// Takes and tells what happened in a room that is carried out elsewhere.
    func relay(_ event: RoomEvent) {
        state.withLock { state in
            switch event {
            case .connectionChanged(let change):
                state.connection = change.to
                if case .disconnected = change.to { state.end() }
            case .activeSpeakerChanged(let speaker): state.speaker = speaker
            default: break
            }
        }
        tell(event)
    }

    /// Takes what one may do from now on.
    /// - Returns: Whether that is something else than one might before.
    @discardableResult
    func note(_ permissions: Permissions) -> Bool {
        let before = state.withLock { state in
            defer { state.permissions = permissions }
            return state.permissions
        }
        guard before != permissions else { return false }
        observer?(.permissions(permissions))
        return before != nil
    }

    /// Notes what is about to be published in a section.
    func begin(_ life: PublicationLife, mid: String) {
        state.withLock { $0.lives.append((mid, life)) }
    }

    /// Knows a publication no more.
    func forget(_ life: PublicationLife) {
        state.withLock { $0.lives.removeAll { $0.life === life } }
    }

    /// What is published in a section.
    func publication(in mid: String) -> PublicationLife? {
        state.withLock { $0.lives.first { $0.mid == mid }?.life }
    }

    /// Says something to the observer alone.
    func observe(_ news: RoomNews) { observer?(news) }

    /// Takes who one is from now on.
    func note(_ oneself: RemoteParticipant) {
        let isNew = state.withLock { state in
            defer { state.oneself = oneself }
            return state.oneself != oneself
        }
        if isNew { observer?(.oneself(oneself)) }
    }

    // MARK: Hearing

    /// Takes an event, on the event loop of session and media.
    func hear(_ event: SessionEvent, session: SessionDriver, media: MediaDriver) {
        switch event {
        case .changed(let change): move(change, session: session, media: media)
        case .told(let message): hear(message, session: session, media: media)
        case .answered: break
        case .packetLost(let handle): tell(.dataLost(stream: handle.number))
        case .withdrawn(_, let mid, let error):
            withdraw(mid.text, MartletError(error), media)
        case .publishing(let source, let from, let to):
            tell(
                .publishStateChanged(
                    TrackSource(source), from: PublishState(from), to: PublishState(to)))
        case .subscribing(let participant, let info, let from, let to):
            tell(
                .subscribeStateChanged(
                    RemoteTrack(info, state: to, of: participant), from: SubscribeState(from),
                    to: SubscribeState(to)))
        }
    }

    private func move(
        _ change: Signaling.ConnectionChange, session: SessionDriver, media: MediaDriver
    ) {
        let now = session.assumeIsolated { $0.state }
        let reason = ChangeReason(change.reason)
        let next: ConnectionState =
            switch change.to {
            case .disconnected: .disconnected(reason)
            case .connecting: .connecting
            case .connected: .connected
            case .reconnecting:
                .reconnecting(
                    lost: now.lostLink.map { LostLink($0) } ?? .signal,
                    attempt: max(1, now.attempt))
            case .leaving: .leaving
            }
        let error = reason.isFailure ? now.failure.map { MartletError($0) } : nil
        var areOthers = false
        if next.isSomewhere { note(now.participant) }
        if change.to == .connected { areOthers = note(Permissions(now.grants)) }
        let (before, over) = state.withLock { state in
            defer {
                state.connection = next
                if !next.isSomewhere {
                    state.end()
                    state.lives = []
                }
            }
            return (state.connection, next.isSomewhere ? [] : state.lives)
        }
        for (_, life) in over { life.end(.left) }
        media.suspension.isMuted = !now.isPublisher
        media.assumeIsolated { media in
            if change.to == .connected {
                media.assign(now.roster.slots)
                media.startPlaying()
            }
            if change.to == .disconnected {
                media.stopPlaying()
                media.endTaps()
                media.removeEncoders()
            }
        }
        tell(
            .connectionChanged(
                ConnectionChange(from: before, to: next, reason: reason, error: error)))
        if areOthers { tell(.permissionsChanged) }
    }

    private func note(_ participant: ParticipantInfo?) {
        if let participant { note(RemoteParticipant(participant, tracks: [])) }
    }

    private func hear(_ message: ServerMessage, session: SessionDriver, media: MediaDriver) {
        switch message {
        case .slots(let slots): media.assumeIsolated { $0.assign(slots) }
        case .layersWanted(let track, _, _, _):
            let publication = session.assumeIsolated { session in
                session.state.publications.first { $0.track == track }
            }
            guard let publication else { return }
            media.assumeIsolated {
                $0.setWanted(publication.wanted, mid: publication.mid.text)
            }
        case .participantJoined(let info):
            tell(
                .participantJoined(
                    RemoteParticipant(
                        info,
                        tracks: info.tracks.map {
                            RemoteTrack($0, state: .idle, of: info.id)
                        })))
        case .participantLeft(let id, let reason):
            tell(.participantLeft(id.text, reason: reason.rawValue))
        case .participantInterrupted(let id): tell(.participantInterrupted(id.text))
        case .participantResumed(let id): tell(.participantResumed(id.text))
        case .participantUpdated(let info):
            let now = session.assumeIsolated { $0.state }
            if info.id == now.participant?.id {
                note(now.participant)
                tell(.localParticipantUpdated)
            } else if let found = now.roster.participant(info.id) {
                tell(.participantUpdated(RemoteParticipant(found)))
            }
        case .trackPublished(let id, let info):
            tell(.trackPublished(RemoteTrack(info, state: .idle, of: id)))
        case .trackUnpublished(let id, let track):
            tell(.trackUnpublished(participant: id.text, track: track.text))
        case .trackMuted(let id, let track, let isMuted):
            tell(.trackMuted(participant: id.text, track: track.text, isMuted: isMuted))
        case .trackQuality(let id, let track, let quality):
            tell(
                .trackQualityChanged(
                    participant: id.text, track: track.text, quality: quality.rawValue))
        case .audioLevels(let levels): hear(levels)
        case .networkQuality(let qualities):
            for found in qualities {
                tell(
                    .networkQuality(
                        participant: found.participant.text, up: NetworkGrade(found.quality.up),
                        down: NetworkGrade(found.quality.down)))
            }
        case .dataReceived(let data):
            tell(
                .dataReceived(
                    from: data.participant.text, stream: Int(data.stream.number),
                    bytes: data.bytes, userTimestamp: data.userTimestamp))
        case .messageReceived(let message):
            tell(
                .messageReceived(
                    from: message.participant?.text, id: message.message?.text,
                    content: message.content))
        case .tokenWillExpire(let warning):
            tell(.tokenWillExpire(secondsLeft: Int(clamping: warning.secondsLeft)))
        case .roleChanged(let role):
            let now = session.assumeIsolated { $0.state }
            note(now.participant)
            media.suspension.isMuted = !now.isPublisher
            tell(.roleChanged(isAudience: role == .audience))
        case .permissionsChanged:
            let now = session.assumeIsolated { $0.state }
            note(Permissions(now.grants))
            media.suspension.isMuted = !now.isPublisher
            tell(.permissionsChanged)
        case .joined, .answer, .ok, .streamOpened, .sent, .resumed, .error, .needSlots, .ping,
            .pong, .disconnected, .iceServersChanged:
            break
        }
    }

    private func hear(_ levels: [Signaling.AudioLevel]) {
        var told: [String: Int] = [:]
        for level in levels { told[level.participant.text] = Int(level.level) }
        tell(.audioLevels(told))
        let change: String?? = state.withLock { state in
            state.levels.merge(told) { $1 }
            let loudest = state.levels.filter { $0.value <= Self.speakingMax }
                .min { ($0.value, $0.key) < ($1.value, $1.key) }?.key
            guard loudest != state.speaker else { return nil }
            state.speaker = loudest
            return .some(loudest)
        }
        if let change { tell(.activeSpeakerChanged(change)) }
    }
}

extension NetworkGrade {
    init(_ grade: Signaling.NetworkGrade) {
        self = NetworkGrade(rawValue: grade.rawValue) ?? .unknown
    }
}
