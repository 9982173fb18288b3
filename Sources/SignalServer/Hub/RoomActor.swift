// One room in service: a hosted room's outputs carried out on sockets and media loops.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker
import NIOCore
import NIOWebSocket
import Negotiation
import RoomService
import Rooms
import Signaling
import Wire

/// Owns a `HostedRoom`, gives it what happens, and does what it says.
actor RoomActor {
    /// The most commands kept while the media loop's queue is full; beyond it the room is closed.
    static let backlogMax = 65_536

    nonisolated let name: RoomName
    private let plane: any MediaPlane
    private let sessions: SessionDirectory
    let clock: ServerClock
    /// What its connections brought that it has not looked at.
    nonisolated let signs = RoomSigns()
    private let metrics: ServerMetrics
    private(set) var room: HostedRoom
    /// The WebSockets of those who have one.
    private var connections: [SessionKey: SignalConnection] = [:]
    /// The places of members on media loops.
    private var seats: [SessionKey: LoopSeat] = [:]
    /// In one order for all loops: what one is told may rest on what another was told before.
    private var backlog: [LoopCommand] = []
    /// The sockets that hold something since the last flush.
    private var held: [SignalSocket] = []
    private let flushes: AsyncStream<Void>
    private let flushesIn: AsyncStream<Void>.Continuation

    init(
        name: RoomName, id: RoomID, configuration: RoomConfiguration, bans: BanList,
        plane: any MediaPlane, sessions: SessionDirectory, clock: ServerClock,
        metrics: ServerMetrics
    ) {
        self.name = name
        self.plane = plane
        self.sessions = sessions
        self.clock = clock
        self.metrics = metrics
        (flushes, flushesIn) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        room = HostedRoom(
            name: name, id: id, configuration: configuration, bans: bans, at: clock.now)
    }

    /// Keeps the room going until it has closed, or the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.flushWhenAsked() }
            await letTimePass()
            flush()
            flushesIn.finish()
        }
    }

    private func letTimePass() async {
        while !Task.isCancelled {
            lookForSigns()
            room.advance(to: clock.now)
            carryOut()
            flushBacklog()
            countDropped()
            if room.core.isClosed, backlog.isEmpty { return }
            try? await Task.sleep(for: pause)
        }
    }

    private func countDropped() {
        let dropped = room.takeDroppedQualityReports()
        if dropped > 0 { metrics.update { $0.qualityReportsDropped += dropped } }
    }

    private var pause: Duration {
        if !backlog.isEmpty { return .milliseconds(20) }
        guard let deadline = room.nextDeadline else { return .seconds(1) }
        let wait = Duration.nanoseconds((deadline - clock.now).nanoseconds)
        // A verb may bring the deadline forward while we sleep: never sleep long.
        return min(max(wait, .milliseconds(5)), .seconds(1))
    }

    /// Hears what connections brought before whatever is to be done now: first in everything that is done.
    private func lookForSigns() {
        let signs = signs.take()
        guard !signs.isEmpty else { return }
        for sign in signs { room.hear(sign) }
        carryOut()
    }

    // MARK: Sessions

    /// Lets a session in whose offer was answered.
    /// - Parameter seat: Its place on the media loop that the answer named.
    /// - Throws: What the room says, or `.serverOverloaded`; then nothing has changed.
    func enter(
        _ entry: RoomEntry, media: PeerMedia?, seat: LoopSeat, over connection: SignalConnection?,
        resource: HTTPResource?
    ) throws(SignalingError) {
        lookForSigns()
        guard !room.core.isClosed else { throw SignalingError(.roomClosed) }
        guard backlog.isEmpty, plane.hasSpace(in: seat.loop) else {
            throw SignalingError(.serverOverloaded)
        }
        // What follows from its coming finds it here.
        connections[entry.key] = connection
        seats[entry.key] = seat
        sessions.insert(entry, room: self, resource: resource)
        defer { carryOut() }
        do throws(SignalingError) {
            try room.enter(
                entry, media: media, connection: connection?.id, loop: seat.loop, at: clock.now)
        } catch {
            connections[entry.key] = nil
            seats[entry.key] = nil
            sessions.remove(entry.key, reason: nil)
            throw error
        }
    }

    /// Goes on with a session over another WebSocket; its former one, if there still is one, is closed.
    /// - Throws: What the room says; then nothing has changed.
    func resume(
        _ key: SessionKey, lastSequence: UInt64, requestID: RequestID,
        over connection: SignalConnection
    ) throws(SignalingError) {
        lookForSigns()
        try room.resume(
            SessionLink(session: key, connection: connection.id), lastSequence: lastSequence,
            requestID: requestID, at: clock.now)
        connections[key]?.socket.close(.normalClosure, reason: "resumed elsewhere")
        connections[key] = connection
        carryOut(replayingTo: key)
    }

    /// Does what a client asks over its WebSocket.
    func handle(_ message: ClientMessage, from link: SessionLink) {
        lookForSigns()
        room.handle(message, from: link, at: clock.now)
        carryOut()
    }

    /// Answers what was refused before it came here.
    func refuse(_ error: SignalingError, to link: SessionLink) {
        lookForSigns()
        room.refuse(error, to: link, at: clock.now)
        carryOut()
    }

    /// A session's token was renewed.
    func renew(
        _ token: RenewedToken, of link: SessionLink, requestID: RequestID
    ) throws(SignalingError) {
        lookForSigns()
        try room.renew(token, of: link, requestID: requestID, at: clock.now)
        carryOut()
    }

    /// Tells a session of the relays with credentials that begin now.
    func renewRelays(_ relays: RelayServers, of link: SessionLink) {
        guard let participant = room.core.participant(of: link.session) else { return }
        room.tellRelays(
            [relays.access(for: participant, unixNow: clock.unixSeconds)], to: link)
        carryOut()
    }

    /// What the last offer of a session meant; `nil` if it is gone, or only signals.
    func media(of key: SessionKey) -> PeerMedia? { room.media(of: key) }

    /// The media loop of a session; `nil` if it is gone.
    func loop(of key: SessionKey) -> Int? { room.loop(of: key) }

    /// A session offered anew and was answered.
    func update(
        _ link: SessionLink, to offer: AnsweredOffer, requestID: RequestID
    ) throws(SignalingError) {
        lookForSigns()
        try room.update(link, to: offer, requestID: requestID, at: clock.now)
        carryOut()
    }

    /// A session's WebSocket is gone.
    func connectionLost(_ link: SessionLink, closedByClient: Bool) {
        lookForSigns()
        if connections[link.session]?.id == link.connection { connections[link.session] = nil }
        room.connectionLost(link, closedByClient: closedByClient, at: clock.now)
        carryOut()
    }

    /// Lets a session go.
    func leave(_ key: SessionKey, reason: DisconnectReason) {
        lookForSigns()
        room.leave(key, reason: reason, at: clock.now)
        carryOut()
    }

    /// Closes the room; everybody is told why.
    /// - Parameter rejoin: Whether clients are to come back by themselves.
    func close(reason: DisconnectReason, rejoin: Bool = false) {
        lookForSigns()
        room.close(reason: reason, rejoin: rejoin, at: clock.now)
        carryOut()
    }

    /// Calls verbs of the room's decisions, for instance those of the server's backend, and does what they say.
    func decide<Result: Sendable>(
        _ body: @Sendable (inout RoomCore, MediaInstant) throws(SignalingError) -> Result
    ) throws(SignalingError) -> Result {
        lookForSigns()
        let now = clock.now
        defer { carryOut() }
        return try room.decide { core throws(SignalingError) in try body(&core, now) }
    }

    /// Takes note of what the media loop noticed.
    func handle(_ event: WorkerEvent) {
        lookForSigns()
        room.handle(event, at: clock.now)
        carryOut()
    }

    // MARK: Looking

    /// How many members and tracks there are.
    var counts: (members: Int, tracks: Int) { (room.core.memberCount, room.core.trackCount) }

    /// Who may not come back; when the room has closed, they are for the next of its name.
    var bans: BanList { room.core.bans }

    /// Whether somebody publishes, `participant` or anybody, and the codecs that published sections would use, each
    /// once.
    func published(
        by participant: ParticipantID?
    ) -> (hasPublisher: Bool, codecs: [NegotiatedCodec]) {
        (room.hasPublisher(participant), room.publishedCodecs(of: participant))
    }

    // MARK: Outputs

    /// - Parameter replayed: Who is told what it has missed: that may be more than else may wait for a reader, as
    ///   may the description of a large room, which a connection gets once.
    private func carryOut(replayingTo replayed: SessionKey? = nil) {
        while let output = room.pollOutput() {
            switch output {
            case .send(let key, let message):
                guard let socket = connections[key]?.socket else { continue }
                var isReplay = key == replayed
                if case .joined = message { isReplay = true }
                hold(encoded(message), for: socket, isReplay: isReplay)
            case .broadcast(let keys, let message):
                // Once: the bytes are the same for all.
                let text = encoded(message)
                for key in keys {
                    if let socket = connections[key]?.socket { hold(text, for: socket) }
                }
            case .command(let command): submit(command)
            case .replaced: break  // `resume` has closed it.
            case .dropped(let key, let reason):
                sessions.remove(key, reason: reason)
                seats[key] = nil
                connections.removeValue(forKey: key)?.socket.close(
                    reason == .serverShutdown ? .goingAway : .normalClosure,
                    reason: reason.rawValue)
            case .closed: break
            }
        }
        if !held.isEmpty { flushesIn.yield() }
    }

    private func hold(_ text: ByteBuffer, for socket: SignalSocket, isReplay: Bool = false) {
        if socket.hold(text, isReplay: isReplay) { held.append(socket) }
    }

    /// Writes what is held whenever somebody asked for it.
    ///
    /// It comes behind whatever else already waits for this actor: when a hundred join at once, each member is told
    /// in a few writes, not in a hundred. Where nothing waits it comes at once.
    private func flushWhenAsked() async {
        for await _ in flushes { flush() }
    }

    private func flush() {
        let sockets = held
        held.removeAll(keepingCapacity: sockets.count < 256)
        for socket in sockets { socket.release() }
    }

    private func encoded(_ message: ServerMessage) -> ByteBuffer {
        metrics.update { $0.messagesEncoded += 1 }
        return ByteBuffer(bytes: message.encoded())
    }

    private func submit(_ command: LoopCommand) {
        if backlog.isEmpty, plane.submit(command.command, to: command.loop) { return }
        backlog.append(command)
        // A loop this far behind serves nobody: let the room start anew.
        if backlog.count > Self.backlogMax, !room.core.isClosed {
            room.close(reason: .roomClosed, at: clock.now)
        }
    }

    private func flushBacklog() {
        var sent = 0
        while sent < backlog.count,
            plane.submit(backlog[sent].command, to: backlog[sent].loop)
        {
            sent += 1
        }
        backlog.removeFirst(sent)
    }
}
