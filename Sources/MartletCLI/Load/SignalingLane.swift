// The signalling of a load's clients on one event loop: their WebSockets, pings and endings.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import LoadGenerator
import MediaIO
import NIOCore
import Negotiation
import Signaling
import Wire

/// How a lane's clients join.
struct SignalingLaneSettings: Sendable {
    let server: WebSocketAddress
    let profile: RoomProfile
    let keys: LoadKeys
    /// How long a client may take until the server has let it in.
    let joinTimeout: MediaDuration
    /// What publishers announce, in the order of their sending sections.
    let sources: [TrackSource]
}

/// How far a lane's clients are.
struct SignalingLaneCounts: Sendable {
    /// Begun to join.
    var started = 0
    /// In their rooms, what they publish announced.
    var live = 0
    /// Not let in, or no longer in.
    var ended = 0
    /// With a WebSocket, open or opening.
    var connected = 0

    static func + (left: SignalingLaneCounts, right: SignalingLaneCounts) -> SignalingLaneCounts {
        SignalingLaneCounts(
            started: left.started + right.started, live: left.live + right.live,
            ended: left.ended + right.ended, connected: left.connected + right.connected)
    }
}

/// Many clients, each with its session and its socket; nothing else touches either.
actor SignalingLane {
    /// Each client pings once a second; in so many parts, lest their pings and answers stand in each other's way.
    private static let ticksPerPing = 50
    private static let tick = TimeAmount.milliseconds(20)

    private struct Seat {
        let part: LoadPart
        var session: LoadSession
        var socket: WebSocketClient?
        var offer: ClientOffer?
    }

    private nonisolated let eventLoop: any EventLoop
    private let executor: any SerialExecutor
    private let settings: SignalingLaneSettings
    private let options: WebSocketOptions
    private let fleet: LoadFleet
    private var seats: [Seat] = []
    private var ticks = 0
    private var ticking: RepeatedTask?
    private var answers = LatencyHistogram()

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    init(_ settings: SignalingLaneSettings, fleet: LoadFleet, on eventLoop: any EventLoop) {
        self.settings = settings
        self.fleet = fleet
        self.eventLoop = eventLoop
        executor = eventLoop.executor
        var options = WebSocketOptions()
        options.connectTimeout = .nanoseconds(settings.joinTimeout.nanoseconds)
        self.options = options
    }

    /// Lets a client begin to join.
    func start(_ part: LoadPart) {
        if ticking == nil {
            ticking = eventLoop.scheduleRepeatedTask(initialDelay: Self.tick, delay: Self.tick) {
                [weak self] _ in self?.assumeIsolated { $0.tick() }
            }
        }
        let index = seats.count
        let role: ParticipantRole? =
            settings.profile == .broadcast ? (part.publishes ? .host : .audience) : nil
        let token = settings.keys.token(for: part.participant, in: part.room, role: role)
        let socket = WebSocketClient(settings.server, options: options, on: eventLoop) {
            [weak self] event in self?.assumeIsolated { $0.heard(event, of: index) }
        }
        seats.append(
            Seat(
                part: part,
                session: LoadSession(
                    part, as: settings.keys.isGiven ? nil : part.participant,
                    token: token.isEmpty ? nil : token, profile: settings.profile,
                    at: MonotonicClock.now()),
                socket: socket))
        socket.connect()
    }

    /// How far the clients are.
    func counts() -> SignalingLaneCounts {
        var counts = SignalingLaneCounts(started: seats.count)
        for seat in seats {
            if seat.session.isLive { counts.live += 1 }
            if seat.session.isOver { counts.ended += 1 }
            if seat.socket != nil { counts.connected += 1 }
        }
        return counts
    }

    /// All sessions by the numbers of their clients.
    func sessions() -> [(number: Int, session: LoadSession)] {
        seats.map { ($0.part.number, $0.session) }
    }

    /// How long the server took to answer pings since the last call.
    func takeAnswers() -> LatencyHistogram {
        defer { answers = LatencyHistogram() }
        return answers
    }

    /// Ends clients that are in their rooms and have no media.
    func end(_ ends: [Int: (LoadEnd, String)]) {
        for index in seats.indices {
            guard let (end, text) = ends[seats[index].part.number] else { continue }
            obey(seats[index].session.fail(end, text), index)
        }
    }

    /// Lets all clients leave that are in rooms; their sockets close when the server has answered.
    func leave() {
        for index in seats.indices {
            guard let socket = seats[index].socket else { continue }
            if let text = seats[index].session.leave() {
                socket.send(text)
                socket.flush()
            } else {
                close(index)
            }
        }
    }

    /// Closes what is still open.
    func stop() {
        ticking?.cancel()
        ticking = nil
        for index in seats.indices { close(index) }
    }

    private func heard(_ event: WebSocketClient.Event, of index: Int) {
        switch event {
        case .opened: opened(index)
        case .received(let text):
            let view = text.readableBytesView
            // Most of what is told is nobody's business here, and is not even copied.
            let tail = LoadMessage.type(inTail: Array(view.suffix(LoadMessage.tailCount)))
            if let tail, LoadMessage.isIgnored(tail) { return }
            let now = MonotonicClock.now()
            let message = LoadMessage(Array(view))
            if case .pong = message, let took = seats[index].session.ponged(at: now) {
                answers.add(took)
            }
            obey(seats[index].session.receive(message, at: now), index)
        case .closed(let error):
            seats[index].socket = nil
            obey(seats[index].session.closed(error.description), index)
        }
    }

    private func opened(_ index: Int) {
        let part = seats[index].part
        let offer = fleet.offer(publishes: part.publishes, pairs: part.pairs)
        seats[index].offer = offer
        let sources =
            part.publishes ? zip(settings.sources, offer.sections).map { ($0, mid: $1.mid) } : []
        let text = seats[index].session.opened(
            offer: offer.text, publishing: sources, at: MonotonicClock.now())
        send([text], index)
    }

    private func obey(_ step: LoadStep, _ index: Int) {
        switch step {
        case .none: break
        case .send(let text): send([text], index)
        case .joined(let answer, let texts):
            guard let offer = seats[index].offer else { return }
            seats[index].offer = nil
            do {
                try fleet.dial(seats[index].part.number, offer: offer, answer: answer)
            } catch {
                return obey(
                    seats[index].session.fail(.answer, "the answer cannot be used: \(error)"), index
                )
            }
            send(texts, index)
        case .published: fleet.begin(seats[index].part.number)
        case .ended, .left: close(index)
        }
    }

    private func send(_ texts: [[UInt8]], _ index: Int) {
        guard let socket = seats[index].socket, !texts.isEmpty else { return }
        for text in texts { socket.send(text) }
        // Sending may have ended it.
        seats[index].socket?.flush()
    }

    private func close(_ index: Int) {
        seats[index].socket?.close()
        seats[index].socket = nil
        seats[index].offer = nil
    }

    /// Some of the clients ping, and those who have waited too long give up.
    private func tick() {
        let now = MonotonicClock.now()
        ticks += 1
        for index in seats.indices {
            if index % Self.ticksPerPing == ticks % Self.ticksPerPing,
                let ping = seats[index].session.ping(at: now)
            {
                send([ping], index)
            }
            if !seats[index].session.isLive, !seats[index].session.isOver,
                now - seats[index].session.startedAt > settings.joinTimeout
            {
                obey(seats[index].session.timedOut(), index)
            }
        }
    }
}
