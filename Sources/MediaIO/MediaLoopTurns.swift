// The turns of a media loop: wait, receive, obey, advance, send, tell.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Everything a loop's thread owns alone.
struct MediaLoopTurns<Handler: MediaLoopHandler & ~Copyable>: ~Copyable {
    /// The shortest wait for a deadline that `advance` was already told of: a handler that forgets to move
    /// its deadline costs some CPU, not all of it.
    static var overdueWait: MediaDuration { .microseconds(100) }
    /// The most events handed over in one turn.
    static var eventsPerTurnMax: Int { 4096 }

    private let configuration: MediaLoopConfiguration
    private var sockets: SocketSet
    private var handler: Handler
    private var inbox: DatagramInbox
    private var poller: Poller
    private var relay: RelayExchange?
    private let commands: CommandQueue<Handler.Command>
    private let events: AsyncStream<Handler.Event>.Continuation
    private let published: PublishedStatistics
    private var statistics = MediaLoopStatistics()
    private var hasMoreCommands = false
    private var hasMoreEvents = false
    private var nextSurvey = MediaInstant.zero

    /// - Parameter poller: Watches the sockets under their indices, and the wake-up of `commands`.
    init(
        configuration: MediaLoopConfiguration, sockets: consuming SocketSet,
        inbox: consuming DatagramInbox, poller: consuming Poller, handler: consuming Handler,
        relay: consuming RelayExchange?, commands: CommandQueue<Handler.Command>,
        events: AsyncStream<Handler.Event>.Continuation, published: PublishedStatistics
    ) {
        self.configuration = configuration
        self.sockets = sockets
        self.inbox = inbox
        self.poller = poller
        self.handler = handler
        self.relay = relay
        self.commands = commands
        self.events = events
        self.published = published
    }

    /// Turns until the command queue is closed; the last turn carries out what is left in it.
    mutating func run() {
        var now = MonotonicClock.now()
        var isLast = false
        while !isLast {
            let ready = poller.wait(timeout: timeUntilNextTurn(after: now))
            relay?.awake()
            isLast = takeWakeUp(among: ready)
            now = MonotonicClock.now()
            // Before what has come: the first packet of somebody new may wait behind the command that announces it.
            applyCommands(all: isLast, at: now)
            receive(from: ready)
            now = MonotonicClock.now()
            takeRelayed(at: now)
            handler.advance(to: now)
            sendRelayed(at: now)
            handler.finishTurn(at: now, through: &sockets)
            finishStreams(at: now)
            deliverEvents()
            publish(at: now, isLast: isLast)
        }
        events.finish()
    }

    /// - Parameter advanced: The time the handler was last told.
    private mutating func timeUntilNextTurn(after advanced: MediaInstant) -> MediaDuration? {
        if hasMoreCommands || hasMoreEvents { return .zero }
        if relay?.mayWait() == false { return .zero }
        guard let deadline = earliest(handler.nextDeadline, sockets.streams.nextDeadline) else {
            return nil
        }
        guard deadline > advanced else { return Self.overdueWait }
        return deadline - MonotonicClock.now()
    }

    /// After the commands: what a command announces is not there before it.
    private mutating func takeRelayed(at now: MediaInstant) {
        relay?.take { message, payload, loop in
            handler.receiveRelayed(message, payload: payload, from: loop, at: now)
        }
    }

    /// Before everything is sealed here, so that other loops need not wait for that.
    private mutating func sendRelayed(at now: MediaInstant) {
        guard relay != nil else { return }
        Self.send(from: &handler, through: &relay, at: now)
    }

    private static func send(
        from handler: inout Handler, through relay: inout RelayExchange?, at now: MediaInstant
    ) {
        guard var exchange = relay.take() else { return }
        handler.sendRelayed(at: now, through: &exchange)
        exchange.flush()
        relay = consume exchange
    }

    /// Clears the wake-up if it is among the ready; whether this is the last turn.
    private mutating func takeWakeUp(among ready: Int) -> Bool {
        for index in 0..<ready where poller.source(index) == .wake {
            commands.wake.clear()
            hasMoreCommands = true
            return commands.isClosed
        }
        return false
    }

    private mutating func receive(from ready: Int) {
        inbox.beginTurn()
        guard ready > 0 else { return }
        // Another socket begins each turn, so that a flooded one cannot take every slot of every turn.
        let start = Int(statistics.turns % UInt64(ready))
        for step in 0..<ready {
            switch poller.source((start + step) % ready) {
            case .socket(let socket): receive(from: socket)
            case .listener(let listener):
                sockets.streams.accept(at: listener, with: &poller, at: MonotonicClock.now())
            case .connection(let slot): receive(fromConnection: slot)
            case .wake, nil: break
            }
        }
    }

    private mutating func receive(fromConnection slot: Int) {
        let now = MonotonicClock.now()
        sockets.streams.serve(slot, with: &poller, at: now) { datagram, path in
            handler.receive(&datagram, on: path, at: now)
        }
    }

    /// Lets what found no room wait for it, and silent connections go.
    private mutating func finishStreams(at now: MediaInstant) {
        guard sockets.streams.nextDeadline != nil else { return }
        sockets.streams.watchForRoom(with: &poller)
        sockets.streams.advance(to: now)
    }

    private mutating func receive(from socket: UInt16) {
        var mayHaveMore = true
        while mayHaveMore, !inbox.isFull {
            let filled = inbox.fill(from: Int(socket), of: sockets)
            mayHaveMore = filled.mayHaveMore
            guard !filled.slots.isEmpty else { return }
            let now = MonotonicClock.now()
            for slot in filled.slots {
                inbox.withDatagram(in: slot) { datagram, remote in
                    handler.receive(
                        &datagram, on: TransportPath(socket: socket, remote: remote), at: now)
                }
            }
        }
    }

    private mutating func applyCommands(all: Bool, at now: MediaInstant) {
        guard hasMoreCommands else { return }
        var left = all ? configuration.commandsMax : configuration.commandsPerTurnMax
        while left > 0 {
            guard let command = commands.next() else {
                hasMoreCommands = false
                return
            }
            handler.apply(command, at: now)
            statistics.commands &+= 1
            left -= 1
        }
    }

    private mutating func deliverEvents() {
        var left = Self.eventsPerTurnMax
        hasMoreEvents = false
        while let event = handler.pollEvent() {
            switch events.yield(event) {
            case .enqueued: statistics.events &+= 1
            default: statistics.eventsDropped &+= 1
            }
            left -= 1
            guard left > 0 else {
                hasMoreEvents = true
                return
            }
        }
    }

    private mutating func publish(at now: MediaInstant, isLast: Bool) {
        statistics.turns &+= 1
        statistics.received = inbox.counters
        statistics.sent = sockets.counters
        statistics.streams = sockets.streams.counters
        if now >= nextSurvey || isLast {
            nextSurvey = now + .seconds(1)
            statistics.kernelDrops = sockets.kernelDrops
            statistics.cpuTime = MonotonicClock.threadCPUTime()
        }
        published.publish(statistics, waits: isLast)
    }
}

/// Carries the turns to their thread.
final class MediaLoopBody<Handler: MediaLoopHandler & ~Copyable>: LoopThreadBody {
    private var turns: MediaLoopTurns<Handler>?

    init(_ turns: consuming MediaLoopTurns<Handler>) { self.turns = consume turns }

    override func run() {
        guard var turns = turns.take() else { return }
        turns.run()
    }
}
