// One client of the signalling WebSocket: from its first message to its last.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import NIOCore
import NIOWebSocket
import Negotiation
import Rooms
import Signaling

/// Reads a client's messages and hands them to its room. Its socket's reader waits for each, so they never overlap.
actor SignalClient {
    private enum State {
        case waitingForJoin
        case joining
        case joined(SessionKey, RoomActor)
        case ended
    }

    private static let ping = ByteBuffer(bytes: ServerMessage.ping.encoded())

    private let socket: SignalSocket
    private let hub: RoomHub
    private let onJoined: @Sendable () -> Void
    private let openedAt = ContinuousClock.now
    private var heardAt = ContinuousClock.now
    private var isLinkLost = false
    private var offerWindow = ContinuousClock.now
    private var offersInWindow = 0
    private var state = State.waitingForJoin

    /// - Parameter onJoined: Called when the client has entered a room.
    init(socket: SignalSocket, hub: RoomHub, onJoined: @escaping @Sendable () -> Void) {
        self.socket = socket
        self.hub = hub
        self.onJoined = onJoined
    }

    // MARK: Messages

    /// Does what one text message asks.
    func receive(_ text: WebSocketMessage) async {
        heardAt = .now
        isLinkLost = false
        hub.metrics.update { $0.messagesReceived += 1 }
        var requestID: RequestID?
        do throws(SignalingError) {
            let message = try await decode(text)
            requestID = message.requestID
            switch (message, state) {
            case (.join(let id, let request), .waitingForJoin):
                try await join(id, request)
            case (.ping(let id), .waitingForJoin):
                send(.pong(id))
            case (.pong, .waitingForJoin): break
            case (.resume, .waitingForJoin):
                // Sessions end with their socket here, so none is there to go on with.
                throw SignalingError(.sessionNotFound)
            case (.offer(let id, let body), .joined(let key, let room)):
                try await offer(id, body, key, room)
            case (.renewToken(let id, let token), .joined(let key, let room)):
                try await renew(id, token, key, room)
            case (_, .joined(let key, let room)):
                await room.handle(message, from: key)
            case (_, .ended): break
            default: throw SignalingError(.invalidState)
            }
        } catch {
            hub.metrics.countRefusal(code: error.code.rawValue)
            send(.error(error.answering(requestID)))
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

    /// Counts an offer against what a client may have answered.
    private func takeOffer() throws(SignalingError) {
        if ContinuousClock.now - offerWindow >= .seconds(60) {
            offerWindow = .now
            offersInWindow = 0
        }
        offersInWindow += 1
        guard offersInWindow <= hub.configuration.limits.offersPerMinuteMax else {
            throw SignalingError(.tooManyRequests)
        }
    }

    private func join(_ id: RequestID, _ request: JoinRequest) async throws(SignalingError) {
        let admission = try hub.gatekeeper.admit(
            token: request.token, to: request.room, wish: request.participant,
            name: request.name, metadata: request.metadata)
        try takeOffer()
        state = .joining
        do throws(SignalingError) {
            try await enter(id, request, admission)
        } catch {
            // Unless the connection has ended meanwhile it may try again.
            if case .joining = state { state = .waitingForJoin }
            throw error
        }
    }

    private func enter(
        _ id: RequestID, _ request: JoinRequest, _ admission: Admission
    ) async throws(SignalingError) {
        let offer = try await hub.answer(to: request.offer, as: .sdk, in: request.room)
        let key = hub.sessions.makeKey()
        var random = SecureRandom()
        let entry = RoomEntry(
            key: key,
            kind: .signaling(
                JoinReplyParts(
                    requestID: id, session: .random(using: &random), answer: .plain(offer.answer))),
            participant: admission.participant, name: admission.name, metadata: admission.metadata,
            attributes: request.attributes, grants: admission.grants, token: admission.life,
            sections: offer.roomSections, options: request.options)
        let room = try await hub.enter(request.room, entry, media: offer.media, socket: socket)
        if case .ended = state {
            await room.leave(key, reason: .networkLost)
        } else {
            state = .joined(key, room)
            onJoined()
        }
    }

    private func offer(
        _ id: RequestID, _ body: SDPBody, _ key: SessionKey, _ room: RoomActor
    ) async throws(SignalingError) {
        try takeOffer()
        guard let previous = await room.media(of: key) else { throw SignalingError(.invalidState) }
        let offer = try await hub.answer(
            to: body, previous: previous, as: .sdk, in: room.name)
        try await room.update(key, to: offer, requestID: id)
    }

    private func renew(
        _ id: RequestID, _ token: String, _ key: SessionKey, _ room: RoomActor
    ) async throws(SignalingError) {
        let admission = try hub.gatekeeper.admit(
            token: token, to: room.name, wish: nil, name: nil, metadata: nil)
        guard let life = admission.life else { throw SignalingError(.internalError) }
        try await room.renew(
            key,
            RenewedToken(
                participant: admission.participant, grants: admission.grants, life: life),
            requestID: id)
    }

    private func send(_ message: ServerMessage) {
        socket.send(ByteBuffer(bytes: message.encoded()))
    }

    // MARK: Time and end

    /// Pings the client each second, watches for its silence, and closes if it never joins.
    func watch() async {
        let limits = hub.configuration.limits
        while !Task.isCancelled {
            switch state {
            case .waitingForJoin, .joining:
                if ContinuousClock.now - openedAt >= limits.joinTimeout {
                    socket.close(.policyViolation, reason: "no join")
                    return
                }
            case .joined:
                socket.send(Self.ping)
                if !isLinkLost, ContinuousClock.now - heardAt >= limits.linkLostTimeout {
                    isLinkLost = true
                    hub.metrics.update { $0.linksLost += 1 }
                }
            case .ended: return
            }
            try? await Task.sleep(for: limits.pingInterval)
        }
    }

    /// The connection is gone; so is the participant, until sessions can be resumed.
    func end(_ ending: SignalSocket.Ending) async {
        let last = state
        state = .ended
        if case .joined(let key, let room) = last {
            await room.leave(key, reason: ending == .closedByClient ? .left : .networkLost)
        }
    }
}
