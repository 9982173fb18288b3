// One client of the signalling WebSocket: a connection's decisions carried out on its socket and its room.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import NIOCore
import NIOWebSocket
import Negotiation
import RoomService
import Rooms
import Signaling
import Synchronization
import Wire

/// A WebSocket and the handle by which rooms know it.
struct SignalConnection: Sendable {
    let id: ConnectionID
    let socket: SignalSocket
}

/// Reads a client's messages and hands them to its room. Its socket's reader waits for each, so they never overlap.
///
/// What needs neither room nor answer to wait for is done where it comes in, on the connection's event loop.
actor SignalClient: SignalListener {
    private static let ping = ByteBuffer(bytes: ServerMessage.ping.encoded())
    private static let pong = ByteBuffer(bytes: ServerMessage.pong(nil).encoded())

    /// What event loop and actor both look at.
    private struct Shared: Sendable {
        var rules: SignalingConnection
        /// Of the room that was entered.
        var signs: RoomSigns?
    }

    private nonisolated let connection: SignalConnection
    private nonisolated let hub: RoomHub
    private nonisolated let idle: IdleConnections
    /// Until it has joined it is one of those who may have to make room.
    private nonisolated let place: IdleConnections.Place
    private nonisolated let shared: Mutex<Shared>
    private var room: RoomActor?

    init(socket: SignalSocket, hub: RoomHub, idle: IdleConnections) {
        connection = SignalConnection(id: hub.sessions.makeConnectionID(), socket: socket)
        self.hub = hub
        self.idle = idle
        place = idle.enter(socket.channel)
        var limits = hub.configuration.limits.connection
        limits.relayRenewal = hub.configuration.relays?.renewalInterval
        shared = Mutex(Shared(rules: SignalingConnection(limits: limits, at: hub.clock.now)))
    }

    /// Serves the client until its connection is gone.
    nonisolated func run() async {
        let ending = await connection.socket.run { await self.receive($0) }
        idle.leave(place)
        await end(ending)
    }

    /// Asks the connection's rules, which an event loop may do as well.
    private nonisolated func decide<Result: Sendable>(
        _ body: (inout SignalingConnection) -> Result
    ) -> Result {
        shared.withLock { body(&$0.rules) }
    }

    // MARK: Messages

    /// Does what one text message asks.
    private func receive(_ text: WebSocketMessage) async {
        hub.metrics.update { $0.messagesReceived += 1 }
        do throws(SignalingError) {
            let message = try await decode(text)
            let now = hub.clock.now
            await act(decide { $0.receive(message, at: now) })
        } catch {
            let now = hub.clock.now
            await act(decide { $0.receive(unreadable: error, at: now) })
        }
    }

    private func decode(_ text: WebSocketMessage) async throws(SignalingError) -> ClientMessage {
        guard text.byteCount > Workbench.smallMessageBytesMax else {
            return try ClientMessage.decode(text.bytes)
        }
        return try await hub.workbench.run { () throws(SignalingError) in
            try ClientMessage.decode(text.bytes)
        }
    }

    private func act(_ action: SignalingConnection.Action?) async {
        switch action {
        case nil: break
        case .send(let message):
            if case .error(let error) = message {
                hub.metrics.countRefusal(code: error.code.rawValue)
            }
            connection.socket.send(ByteBuffer(bytes: message.encoded()))
        case .join(let id, let request):
            do throws(SignalingError) {
                try await join(id, request)
            } catch {
                await act(decide { $0.entryFailed(error.answering(id)) })
            }
        case .resume(let id, let request):
            do throws(SignalingError) {
                let (key, room) = try await hub.resume(request, id, over: connection)
                await entered(key, room)
            } catch {
                await act(decide { $0.entryFailed(error.answering(id)) })
            }
        case .negotiate(let key, let id, let body):
            do throws(SignalingError) {
                try await negotiate(id, body, key)
            } catch {
                await act(decide { $0.refuse(error.answering(id)) })
            }
        case .renew(let key, let id, let token):
            do throws(SignalingError) {
                try await renew(id, token, key)
            } catch {
                await act(decide { $0.refuse(error.answering(id)) })
            }
        case .perform(let key, let message): await room?.handle(message, from: link(key))
        case .refuse(let key, let error):
            hub.metrics.countRefusal(code: error.code.rawValue)
            await room?.refuse(error, to: link(key))
        }
    }

    private nonisolated func link(_ key: SessionKey) -> SessionLink {
        SessionLink(session: key, connection: connection.id)
    }

    // MARK: What takes longer

    private func join(_ id: RequestID, _ request: JoinRequest) async throws(SignalingError) {
        let admission = try hub.gatekeeper.admit(
            token: request.token, to: request.room, wish: request.participant,
            name: request.name, metadata: request.metadata)
        let seat = hub.seat(in: request.room)
        let offer = try await hub.answer(to: request.offer, as: .sdk, on: seat.loop)
        let key = hub.sessions.makeKey()
        var random = SecureRandom()
        let entry = RoomEntry(
            joining: request, id, as: admission, answered: offer, key: key,
            session: .random(using: &random),
            iceServers: hub.iceServers(for: admission.participant))
        let room = try await hub.enter(
            request.room, entry, media: offer.media, seat: seat, over: connection)
        await entered(key, room)
    }

    private func entered(_ key: SessionKey, _ room: RoomActor) async {
        self.room = room
        let now = hub.clock.now
        let isThere = shared.withLock { shared in
            shared.signs = room.signs
            return shared.rules.entered(key, at: now)
        }
        guard isThere else {
            // The connection ended meanwhile, and nobody has told the room.
            await room.connectionLost(link(key), closedByClient: false)
            return
        }
        idle.leave(place)
        // Who resumes is told at once what has changed meanwhile.
        _ = letTimePass()
    }

    private func negotiate(
        _ id: RequestID, _ body: SDPBody, _ key: SessionKey
    ) async throws(SignalingError) {
        guard let room, let loop = await room.loop(of: key) else {
            throw SignalingError(.invalidState)
        }
        let offer = try await hub.answer(
            to: body, previous: await room.media(of: key), as: .sdk, on: loop)
        try await room.update(link(key), to: offer, requestID: id)
    }

    private func renew(
        _ id: RequestID, _ token: String, _ key: SessionKey
    ) async throws(SignalingError) {
        guard let room else { throw SignalingError(.invalidState) }
        let admission = try hub.gatekeeper.admit(
            token: token, to: room.name, wish: nil, name: nil, metadata: nil)
        guard let life = admission.life else { throw SignalingError(.internalError) }
        try await room.renew(
            RenewedToken(
                participant: admission.participant, grants: admission.grants, life: life),
            of: link(key), requestID: id)
    }

    // MARK: On the event loop

    /// Answers a ping and keeps both for the room, which looks before anything else happens in it.
    nonisolated func hear(_ message: BriefMessage) -> Bool {
        let now = hub.clock.now
        let isTaken = shared.withLock { shared in
            guard let signs = shared.signs,
                let session = shared.rules.receive(brief: message, at: now)
            else { return false }
            return signs.note(message, from: link(session), at: now)
        }
        guard isTaken else { return false }
        hub.metrics.update { $0.messagesReceived += 1 }
        if message == .ping { connection.socket.send(Self.pong) }
        return true
    }

    nonisolated func answer(ping data: ByteBuffer) { connection.socket.sendPong(data) }

    /// Pings the client each second, watches for its silence, and closes if it never joins.
    nonisolated func letTimePass() -> Duration {
        let now = hub.clock.now
        while let action = decide({ $0.advance(to: now) }) {
            switch action {
            case .ping: connection.socket.send(Self.ping)
            case .linkLost: hub.metrics.update { $0.linksLost += 1 }
            case .renewRelays(let key): Task { await self.renewRelays(of: key) }
            case .closeUnjoined: connection.socket.close(.policyViolation, reason: "no join")
            }
        }
        let interval = hub.configuration.limits.pingInterval
        let wait = decide { $0.nextDeadline }.map { max($0 - now, .milliseconds(1)) }
        // Entering brings the deadline forward meanwhile: never wait longer than a ping may.
        return Duration(min(wait ?? interval, interval))
    }

    private func renewRelays(of key: SessionKey) async {
        guard let relays = hub.configuration.relays else { return }
        await room?.renewRelays(relays, of: link(key))
    }

    /// The connection is gone.
    private func end(_ ending: SignalSocket.Ending) async {
        guard let key = decide({ $0.end() }) else { return }
        await room?.connectionLost(link(key), closedByClient: ending == .closedByClient)
    }
}
