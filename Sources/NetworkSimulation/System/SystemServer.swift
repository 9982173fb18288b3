// The whole server in virtual time: rooms, signalling connections, tokens and a media worker, without one thread.
// SPDX-License-Identifier: Apache-2.0
import DTLS
import MediaWorker
import Negotiation
import NetworkImpairment
import PeerTransport
import RTP
import RoomService
import Rooms
import Signaling
import Wire

/// One run of the server, from its start until it is killed.
final class SystemServer {
    /// What leaves the server, in the order of leaving.
    enum Output {
        case message(ConnectionID, ServerMessage)
        case close(ConnectionID)
        case datagram(to: NetworkAddress, [UInt8])
    }

    private struct Connection {
        let id: ConnectionID
        var state: SignalingConnection
    }

    /// Something the check of invariants wants to know.
    var onAccepted: (SessionKey, ClientMessage, RoomName) -> Void = { _, _, _ in }
    var onDropped: (SessionKey, DisconnectReason, RoomName) -> Void = { _, _, _ in }
    var onEntered: (SessionKey, SessionID, ParticipantID, RoomName) -> Void = { _, _, _, _ in }
    var onClosed: (RoomName) -> Void = { _ in }
    /// A session was heard, or its connection was lost.
    var onHeard: (SessionKey) -> Void = { _ in }
    var onBroken: (SessionKey) -> Void = { _ in }
    /// The media worker has given a session's media up.
    var onMediaOver: (SessionKey) -> Void = { _ in }

    private(set) var rooms: [HostedRoom] = []
    private(set) var outputs: [Output] = []
    private var worker: MediaWorker
    /// A second media loop, if it has one.
    private var neighbour: MediaWorker?
    /// The loop of whoever speaks over a connection.
    var loop: (ConnectionID) -> Int = { _ in 0 }
    private var connections: [Connection] = []
    private var connectionOf: [SessionKey: ConnectionID] = [:]
    private var table = SessionTable<RoomName>()
    /// What connections brought that rooms have not been told of, and when they were told last.
    private var signs = SignsOfLife()
    private var lookedForSignsAt = MediaInstant.zero
    private var bans = ClosedRoomBans()
    private let configuration: RoomConfiguration
    private let entrance: Entrance
    private let negotiator: Negotiator
    private var random: SeededRandom
    private var nextKey: UInt64 = 1
    private var door = VirtualDoor()

    /// - Parameter loops: 1, or 2 that hand each other what their members show.
    init(
        seed: UInt64, address: NetworkAddress, rooms configuration: RoomConfiguration,
        loops: Int = 1
    ) {
        random = SeededRandom(seed: seed)
        self.configuration = configuration
        entrance = Entrance(keys: SystemTokens.keys, isDevelopment: false)
        worker = MediaWorker(
            configuration: WorkerConfiguration(
                dtls: SystemIdentity.server, ntpAtZero: SystemClock.ntpAtZero, seed: random.next()))
        if loops > 1 {
            neighbour = MediaWorker(
                configuration: WorkerConfiguration(
                    dtls: SystemIdentity.server, ntpAtZero: SystemClock.ntpAtZero,
                    seed: random.next()))
        }
        negotiator = Negotiator(
            configuration: ServerMediaConfiguration(
                fingerprint: VirtualIdentity.fingerprint(VirtualIdentity.server),
                candidates: [HostCandidate(address: address, priority: 2_130_706_431)]))
    }

    // MARK: Looking

    /// How many sessions, connections and rooms there are.
    var counts: (sessions: Int, connections: Int, rooms: Int) {
        (table.count, connections.count, rooms.count)
    }

    /// A room by name.
    func room(_ name: RoomName) -> HostedRoom? { rooms.first { $0.core.name == name } }

    // MARK: Signalling

    func opened(_ id: ConnectionID, at now: MediaInstant) {
        connections.append(
            Connection(id: id, state: SignalingConnection(limits: ConnectionLimits(), at: now)))
    }

    func received(_ message: ClientMessage, over id: ConnectionID, at now: MediaInstant) {
        guard let index = index(of: id) else { return }
        if let key = connections[index].state.session, connectionOf[key] == id {
            onHeard(key)
            if takes(message, over: id, at: now) { return }
        }
        lookForSigns(at: now)
        guard let action = connections[index].state.receive(message, at: now) else { return }
        obey(action, of: id, at: now)
        collect(at: now)
    }

    /// Whether a message needs no room: as the server's event loops do, it is kept until the room does something.
    private func takes(
        _ message: ClientMessage, over id: ConnectionID, at now: MediaInstant
    ) -> Bool {
        guard let brief = BriefMessage(message.encoded().span), let index = index(of: id),
            let key = connections[index].state.receive(brief: brief, at: now),
            signs.note(brief, from: SessionLink(session: key, connection: id), at: now)
        else { return false }
        if brief == .ping { outputs.append(.message(id, .pong(nil))) }
        return true
    }

    private func lookForSigns(at now: MediaInstant) {
        lookedForSignsAt = now
        for sign in signs.take() {
            if let place = place(of: sign.link.session) { rooms[place].hear(sign) }
        }
    }

    func closed(_ id: ConnectionID, at now: MediaInstant) {
        lookForSigns(at: now)
        guard let index = index(of: id) else { return }
        let key = connections[index].state.end()
        connections.remove(at: index)
        guard let key, connectionOf[key] == id, let place = place(of: key) else { return }
        onBroken(key)
        rooms[place].connectionLost(
            SessionLink(session: key, connection: id), closedByClient: false, at: now)
        connectionOf[key] = nil
        collect(at: now)
    }

    private func obey(
        _ action: SignalingConnection.Action, of id: ConnectionID, at now: MediaInstant
    ) {
        switch action {
        case .send(let message): outputs.append(.message(id, message))
        case .join(let request, let join): enter(join, request, over: id, at: now)
        case .resume(let request, let resume):
            attempt(request, over: id, at: now) { () throws(SignalingError) in
                let (key, name) = try table.find(resume.session)
                guard let place = roomIndex(name) else { throw SignalingError(.sessionNotFound) }
                connectionOf[key] = id
                try rooms[place].resume(
                    SessionLink(session: key, connection: id),
                    lastSequence: resume.lastSequence, requestID: request, at: now)
                onHeard(key)
                return key
            }
        case .negotiate(let key, let request, let body):
            guard let place = place(of: key) else { return }
            do throws(SignalingError) {
                let offer = try AnsweredOffer(
                    body, previous: rooms[place].media(of: key), profile: .sdk,
                    negotiator: negotiator, using: &random)
                try rooms[place].update(
                    SessionLink(session: key, connection: id), to: offer, requestID: request,
                    at: now)
            } catch {
                refuse(error.answering(request), of: id, at: now)
            }
        case .renew(let key, let request, let token):
            guard let place = place(of: key) else { return }
            do throws(SignalingError) {
                let admission = try admit(
                    token, to: rooms[place].core.name, wish: nil, name: nil, at: now)
                guard let life = admission.life else { return }
                try rooms[place].renew(
                    RenewedToken(
                        participant: admission.participant, grants: admission.grants, life: life),
                    of: SessionLink(session: key, connection: id), requestID: request, at: now)
            } catch {
                refuse(error.answering(request), of: id, at: now)
            }
        case .perform(let key, let message):
            guard let place = place(of: key) else { return }
            perform(message, of: key, over: id, in: place, at: now)
        case .refuse(let key, let error):
            guard let place = place(of: key) else { return }
            rooms[place].refuse(
                error, to: SessionLink(session: key, connection: id), at: now)
        }
    }

    /// Hands a message to its room, and looks whether it was accepted.
    private func perform(
        _ message: ClientMessage, of key: SessionKey, over id: ConnectionID, in place: Int,
        at now: MediaInstant
    ) {
        let name = rooms[place].core.name
        rooms[place].handle(message, from: SessionLink(session: key, connection: id), at: now)
        let before = outputs.count
        collect(at: now)
        guard let request = message.requestID else { return }
        for output in outputs[before...] {
            guard case .message(id, let answer) = output else { continue }
            switch answer {
            case .ok(request, _), .sent(request, _): onAccepted(key, message, name)
            default: break
            }
        }
    }

    private func refuse(_ error: SignalingError, of id: ConnectionID, at now: MediaInstant) {
        guard let index = index(of: id), let action = connections[index].state.refuse(error) else {
            return
        }
        obey(action, of: id, at: now)
    }

    private func admit(
        _ token: String?, to room: RoomName, wish: ParticipantID?, name: DisplayName?,
        at now: MediaInstant
    ) throws(SignalingError) -> Admission {
        try entrance.admit(
            token: token, to: room, wish: wish, name: name, metadata: nil,
            unixNow: SystemClock.unixSeconds(at: now), at: now, using: &random)
    }

    private func enter(
        _ request: JoinRequest, _ requestID: RequestID, over id: ConnectionID,
        at now: MediaInstant
    ) {
        attempt(requestID, over: id, at: now) { () throws(SignalingError) in
            let admission = try admit(
                request.token, to: request.room, wish: request.participant, name: request.name,
                at: now)
            let offer = try AnsweredOffer(
                request.offer, previous: nil, profile: .sdk, negotiator: negotiator,
                using: &random)
            let key = SessionKey(nextKey)
            nextKey += 1
            let session = SessionID.random(using: &random)
            let entry = RoomEntry(
                joining: request, requestID, as: admission, answered: offer, key: key,
                session: session)
            let place = openRoom(request.room, at: now)
            table.insert(key, id: session, at: request.room)
            connectionOf[key] = id
            do throws(SignalingError) {
                try rooms[place].enter(
                    entry, media: offer.media, connection: id, loop: loop(id), at: now)
            } catch {
                table.remove(key, reason: nil)
                connectionOf[key] = nil
                throw error
            }
            onEntered(key, session, admission.participant, request.room)
            return key
        }
    }

    /// Enters, and tells the connection how it went.
    private func attempt(
        _ request: RequestID, over id: ConnectionID, at now: MediaInstant,
        _ work: () throws(SignalingError) -> SessionKey
    ) {
        guard index(of: id) != nil else { return }
        do throws(SignalingError) {
            let key = try work()
            if let index = index(of: id) { _ = connections[index].state.entered(key, at: now) }
        } catch {
            guard let index = index(of: id) else { return }
            if let action = connections[index].state.entryFailed(
                error.answering(request))
            {
                obey(action, of: id, at: now)
            }
        }
    }

    // MARK: The backend

    func kick(
        _ participant: ParticipantID, from name: RoomName, banFor ban: MediaDuration?,
        at now: MediaInstant
    ) {
        lookForSigns(at: now)
        guard let place = roomIndex(name) else { return }
        _ = try? rooms[place].decide { core throws(SignalingError) in
            try core.kick(participant, banFor: ban, at: now)
        }
        collect(at: now)
    }

    func close(_ name: RoomName, at now: MediaInstant) {
        lookForSigns(at: now)
        guard let place = roomIndex(name) else { return }
        rooms[place].close(reason: .roomClosed, at: now)
        collect(at: now)
    }

    // MARK: Media

    func received(
        _ bytes: [UInt8], from address: NetworkAddress, on loop: Int, at now: MediaInstant
    ) {
        var bytes = bytes
        var span = bytes.mutableSpan
        let path = TransportPath(socket: 0, remote: address)
        if loop == 0 {
            worker.receive(&span, on: path, at: now)
        } else {
            neighbour?.receive(&span, on: path, at: now)
        }
    }

    /// How many peers the media workers hold, stand-ins included.
    var peerCount: Int {
        let (near, far) = (worker.statistics, neighbour?.statistics ?? WorkerStatistics())
        return near.peers + near.standIns + far.peers + far.standIns
    }

    /// How many messages the media workers have handed each other.
    var relayedCount: UInt64 {
        worker.statistics.messagesRelayed + (neighbour?.statistics.messagesRelayed ?? 0)
    }

    // MARK: Time

    /// When rooms look for signs of life though nothing else is due.
    private var signsDue: MediaInstant { lookedForSignsAt + .seconds(1) }

    var nextDeadline: MediaInstant? {
        var next: MediaInstant? = connections.isEmpty ? nil : signsDue
        next = worker.nextDeadline.map { min($0, next ?? $0) } ?? next
        func consider(_ other: MediaInstant?) {
            if let other { next = next.map { min($0, other) } ?? other }
        }
        consider(neighbour?.nextDeadline ?? nil)
        for room in rooms { consider(room.nextDeadline) }
        for connection in connections { consider(connection.state.nextDeadline) }
        return next
    }

    func advance(to now: MediaInstant) {
        worker.advance(to: now)
        neighbour?.advance(to: now)
        if signsDue <= now || rooms.contains(where: { $0.nextDeadline.map { $0 <= now } ?? false })
        {
            lookForSigns(at: now)
        }
        for index in rooms.indices { rooms[index].advance(to: now) }
        for id in connections.map(\.id) {
            while let index = index(of: id), let action = connections[index].state.advance(to: now)
            {
                switch action {
                case .ping: outputs.append(.message(id, .ping))
                case .linkLost, .renewRelays: break
                case .closeUnjoined: outputs.append(.close(id))
                }
            }
        }
        collect(at: now)
    }

    /// What has left since this was last asked.
    func takeOutputs() -> [Output] {
        defer { outputs.removeAll(keepingCapacity: true) }
        return outputs
    }

    // MARK: Inside

    private func index(of id: ConnectionID) -> Int? { connections.firstIndex { $0.id == id } }

    private func roomIndex(_ name: RoomName) -> Int? {
        rooms.firstIndex { $0.core.name == name }
    }

    private func place(of key: SessionKey) -> Int? { table.place(of: key).flatMap(roomIndex) }

    private func openRoom(_ name: RoomName, at now: MediaInstant) -> Int {
        if let index = roomIndex(name) { return index }
        rooms.append(
            HostedRoom(
                name: name, id: .random(using: &random), configuration: configuration,
                bans: bans.take(of: name, at: now), at: now))
        return rooms.count - 1
    }

    /// Carries out what rooms and worker ask for, until neither asks for more.
    private func collect(at now: MediaInstant) {
        var isDone = false
        while !isDone {
            isDone = true
            for index in rooms.indices {
                while let output = rooms[index].pollOutput() {
                    isDone = false
                    carryOut(output, of: index, at: now)
                }
            }
            exchangeRelayed(at: now)
            worker.finishTurn(at: now, through: &door)
            neighbour?.finishTurn(at: now, through: &door)
            for (path, bytes) in door.takeDatagrams() {
                outputs.append(.datagram(to: path.remote, bytes))
            }
            while let event = worker.pollEvent() ?? neighbour?.pollEvent() ?? nil {
                isDone = false
                lookForSigns(at: now)
                if case .peerTimedOut(let peer) = event { onMediaOver(SessionKey(peer)) }
                for index in rooms.indices { rooms[index].handle(event, at: now) }
            }
        }
        rooms.removeAll { room in
            guard room.core.isClosed else { return false }
            bans.keep(room.core.bans, of: room.core.name)
            return true
        }
    }

    /// Hands over what both loops have for each other.
    private func exchangeRelayed(at now: MediaInstant) {
        guard neighbour != nil else { return }
        var relay = VirtualRelay()
        relay.exchange(&worker, &neighbour, at: now)
    }

    private func carryOut(_ output: RoomOutput, of room: Int, at now: MediaInstant) {
        switch output {
        case .send(let key, let message):
            if let id = connectionOf[key] { outputs.append(.message(id, message)) }
        case .broadcast(let keys, let message):
            for key in keys {
                if let id = connectionOf[key] { outputs.append(.message(id, message)) }
            }
        case .command(let command):
            if command.loop == 0 {
                worker.apply(command.command, at: now)
            } else {
                neighbour?.apply(command.command, at: now)
            }
        case .replaced(let id): outputs.append(.close(id))
        case .dropped(let key, let reason):
            onDropped(key, reason, rooms[room].core.name)
            table.remove(key, reason: reason)
            if let id = connectionOf.removeValue(forKey: key) { outputs.append(.close(id)) }
        case .closed: onClosed(rooms[room].core.name)
        }
    }
}
