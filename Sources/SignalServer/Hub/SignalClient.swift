// One client of the signalling WebSocket: a connection's decisions carried out on its socket and its room.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import NIOCore
import NIOWebSocket
import Negotiation
import RoomService
import Rooms
import Signaling
import Wire

/// A WebSocket and the handle by which rooms know it.
struct SignalConnection: Sendable {
    let id: ConnectionID
    let socket: SignalSocket
}

/// Reads a client's messages and hands them to its room. Its socket's reader waits for each, so they never overlap.
actor SignalClient {
    private static let ping = ByteBuffer(bytes: ServerMessage.ping.encoded())

    private let connection: SignalConnection
    private let hub: RoomHub
    private let onEntered: @Sendable () -> Void
    private var rules: SignalingConnection
    private var room: RoomActor?

    /// - Parameter onEntered: Called when the client has entered a room.
    init(socket: SignalSocket, hub: RoomHub, onEntered: @escaping @Sendable () -> Void) {
        connection = SignalConnection(id: hub.sessions.makeConnectionID(), socket: socket)
        self.hub = hub
        self.onEntered = onEntered
        var limits = hub.configuration.limits.connection
        limits.relayRenewal = hub.configuration.relays?.renewalInterval
        rules = SignalingConnection(limits: limits, at: hub.clock.now)
    }

    // MARK: Messages

    /// Does what one text message asks.
    func receive(_ text: WebSocketMessage) async {
        hub.metrics.update { $0.messagesReceived += 1 }
        do throws(SignalingError) {
            let message = try await decode(text)
            await act(rules.receive(message, at: hub.clock.now))
        } catch {
            await act(rules.receive(unreadable: error, at: hub.clock.now))
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
                await act(rules.entryFailed(error.answering(id)))
            }
        case .resume(let id, let request):
            do throws(SignalingError) {
                let (key, room) = try await hub.resume(request, id, over: connection)
                await entered(key, room)
            } catch {
                await act(rules.entryFailed(error.answering(id)))
            }
        case .negotiate(let key, let id, let body):
            do throws(SignalingError) {
                try await negotiate(id, body, key)
            } catch {
                await act(rules.refuse(error.answering(id)))
            }
        case .renew(let key, let id, let token):
            do throws(SignalingError) {
                try await renew(id, token, key)
            } catch {
                await act(rules.refuse(error.answering(id)))
            }
        case .perform(let key, let message): await room?.handle(message, from: link(key))
        case .refuse(let key, let error):
            hub.metrics.countRefusal(code: error.code.rawValue)
            await room?.refuse(error, to: link(key))
        }
    }

    private func link(_ key: SessionKey) -> SessionLink {
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
        guard rules.entered(key, at: hub.clock.now) else {
            // The connection ended meanwhile, and nobody has told the room.
            await room.connectionLost(link(key), closedByClient: false)
            return
        }
        onEntered()
        await serveTime()
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

    // MARK: Time and end

    /// Pings the client each second, watches for its silence, and closes if it never joins.
    func watch() async {
        while !Task.isCancelled {
            await serveTime()
            let interval = Duration(hub.configuration.limits.pingInterval)
            let wait = rules.nextDeadline.map {
                max(Duration($0 - hub.clock.now), .milliseconds(1))
            }
            // Entering brings the deadline forward while we sleep: never sleep longer than a ping may wait.
            try? await Task.sleep(for: min(wait ?? interval, interval))
        }
    }

    /// Does what is due.
    private func serveTime() async {
        while let action = rules.advance(to: hub.clock.now) {
            switch action {
            case .ping: connection.socket.send(Self.ping)
            case .linkLost: hub.metrics.update { $0.linksLost += 1 }
            case .renewRelays(let key):
                guard let relays = hub.configuration.relays else { break }
                await room?.renewRelays(relays, of: link(key))
            case .closeUnjoined: connection.socket.close(.policyViolation, reason: "no join")
            }
        }
    }

    /// The connection is gone.
    func end(_ ending: SignalSocket.Ending) async {
        guard let key = rules.end() else { return }
        await room?.connectionLost(link(key), closedByClient: ending == .closedByClient)
    }
}
