// A whole system in virtual time from one seed: a server, clients, the network between, faults, and what must hold.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import Negotiation
import NetworkImpairment
import RoomService
import Rooms
import Signaling
import Wire

/// What a run of a system came to.
package struct SystemReport: Sendable {
    /// The seed.
    package let seed: UInt64
    /// What did not hold; empty if all did.
    package let violations: [String]
    /// What happened, a line each; the same for the same seed, byte for byte.
    package let log: [String]
    /// How often things happened, by name, in a fixed order.
    package let figures: [(name: String, count: Int)]
}

/// One server and its clients. Everything is decided by the seed.
package final class SystemWorld {
    static let serverAddress = NetworkAddress(ipv4: 0xCB00_7101, port: 4_000)

    struct Datagram: Sendable {
        var isUp: Bool
        var address: NetworkAddress
        var client: Int
        var bytes: [UInt8]
    }

    let seed: UInt64
    let plan: SystemPlan
    var random: SeededRandom
    private(set) var now = MediaInstant.zero + .seconds(10)
    let start: MediaInstant
    var server: SystemServer?
    var serverRun = 0
    var startsServerAt: MediaInstant?
    var clients: [SystemClient] = []
    var streams: [VirtualStream] = []
    var oracle = SystemOracle()
    var log: [String] = []
    var figures = SystemFigures()
    var isOrderedToClose = false
    private var datagrams = ArrivalQueue<Datagram>(capacity: 1 << 14)
    private var signals = ArrivalQueue<(stream: Int, signal: StreamSignal)>(capacity: 1 << 14)
    private var faultsDone = 0

    /// Makes the system of a seed; nothing has happened yet.
    package init(seed: UInt64) {
        self.seed = seed
        start = now
        plan = SystemPlan(seed: seed)
        random = SeededRandom(seed: seed ^ 0x5157_EAD5_0BAD_CAFE)
    }

    /// Runs the seed's story to its end.
    package static func run(seed: UInt64) -> SystemReport {
        let world = SystemWorld(seed: seed)
        do throws(SignalingError) { try world.tell() } catch {
            world.oracle.violate("refused: \(error.code)")
        }
        return SystemReport(
            seed: seed, violations: world.oracle.violations, log: world.log,
            figures: world.figures.all)
    }

    private func tell() throws(SignalingError) {
        startServer()
        for index in 0..<plan.clients {
            var timing = SessionTiming()
            timing.window = plan.windows[index]
            let isApart = plan.isLastApart && index == plan.clients - 1
            let client = try SystemClient(
                index: index, room: RoomName(isApart ? "apart" : "room"), timing: timing,
                address: NetworkAddress(ipv4: 0x0A00_0001 + UInt32(index), port: 10_000),
                server: Self.serverAddress, seed: random.next())
            client.network = plan.networks[index]
            clients.append(client)
            join(client)
        }
        run(until: start + SystemPlan.stormTime)
        calm()
        // Longer than any window, and then some.
        run(until: now + .seconds(75))
        checkQuiet()
        for client in clients { client.leave(at: now) }
        settle()
        run(until: now + .seconds(45))
        checkEmpty()
    }

    // MARK: Time

    private func run(until end: MediaInstant) {
        settle()
        while let next = nextMoment, next <= end {
            now = max(now, next)
            step()
        }
        now = end
    }

    private var nextMoment: MediaInstant? {
        var next = datagrams.nextArrival
        func consider(_ other: MediaInstant?) {
            if let other { next = next.map { min($0, other) } ?? other }
        }
        consider(signals.nextArrival)
        consider(server?.nextDeadline)
        consider(startsServerAt)
        if faultsDone < plan.faults.count { consider(start + plan.faults[faultsDone].at) }
        for client in clients { consider(client.nextDeadline) }
        return next
    }

    private func step() {
        figures.steps += 1
        if let due = startsServerAt, due <= now { startServer() }
        while faultsDone < plan.faults.count, start + plan.faults[faultsDone].at <= now {
            happen(plan.faults[faultsDone].fault)
            faultsDone += 1
        }
        while let arrival = signals.popDue(at: now) { arrive(arrival.signal, over: arrival.stream) }
        while let datagram = datagrams.popDue(at: now) { arrive(datagram) }
        server?.advance(to: now)
        for client in clients {
            client.advance(to: now)
            if let due = client.rejoinsAt, due <= now { join(client) }
        }
        settle()
    }

    /// Carries out what server and clients ask for, until none asks for more.
    func settle() {
        var isDone = false
        while !isDone {
            isDone = true
            for client in clients where obey(client) { isDone = false }
            for output in server?.takeOutputs() ?? [] {
                isDone = false
                leave(output)
            }
        }
        for client in clients {
            client.runSources(at: now)
            while let bytes = client.media?.takeDatagram() {
                launch(
                    Datagram(
                        isUp: true, address: client.address, client: client.index, bytes: bytes))
            }
        }
    }

    // MARK: Datagrams

    private func launch(_ datagram: Datagram) {
        let client = clients[datagram.client]
        if let dark = client.mediaIsDarkUntil, now < dark { return }
        // Handshakes differ by a byte or two from run to run, in signatures; the network must not.
        let isHandshake = (20...63).contains(datagram.bytes.first ?? 0)
        let count = isHandshake ? 1_200 : datagram.bytes.count
        let verdict =
            datagram.isUp
            ? client.links.up.decide(byteCount: count, settings: client.network.up, at: now)
            : client.links.down.decide(byteCount: count, settings: client.network.down, at: now)
        guard case .arrives(let at, let again) = verdict else { return }
        _ = datagrams.insert(datagram, at: at)
        if let again { _ = datagrams.insert(datagram, at: again) }
    }

    private func arrive(_ datagram: Datagram) {
        figures.datagrams += 1
        if datagram.isUp {
            server?.received(
                datagram.bytes, from: datagram.address, on: loop(of: datagram.client), at: now)
        } else if clients[datagram.client].address == datagram.address {
            clients[datagram.client].receive(datagram.bytes, at: now)
        }
    }

    private func leave(_ output: SystemServer.Output) {
        switch output {
        case .message(let id, let message):
            send(.fromServer(message), over: Int(id.rawValue), isUp: false)
        case .close(let id):
            let stream = Int(id.rawValue)
            send(.closed(byServer: true), over: stream, isUp: false)
            streams[stream].isOpenAtServer = false
            server?.closed(id, at: now)
        case .datagram(let address, let bytes):
            guard let client = clients.first(where: { $0.address == address }) else { return }
            launch(Datagram(isUp: false, address: address, client: client.index, bytes: bytes))
        }
    }

    // MARK: Streams

    /// Opens a stream for a client.
    func openStream(for client: SystemClient) {
        closeStream(of: client)
        streams.append(VirtualStream(client: client.index, serverRun: serverRun))
        client.stream = streams.count - 1
        send(.knock, over: streams.count - 1, isUp: true)
    }

    /// Closes a client's stream from its side.
    func closeStream(of client: SystemClient) {
        guard let stream = client.stream else { return }
        client.stream = nil
        streams[stream].isOpenAtClient = false
        send(.closed(byServer: false), over: stream, isUp: true)
    }

    /// Sends over a stream: late where the network loses, and never out of order.
    func send(_ signal: StreamSignal, over index: Int, isUp: Bool) {
        guard !streams[index].isSevered else { return }
        let client = clients[streams[index].client]
        var isKnock = false
        if case .knock = signal { isKnock = true }
        let arrival = StreamTiming.arrival(
            at: now, firstPause: isKnock ? StreamTiming.knock : StreamTiming.segment,
            settings: isUp ? client.network.up : client.network.down, using: &random)
        guard let arrival else { return }
        let last = isUp ? streams[index].lastArrival.up : streams[index].lastArrival.down
        let at = max(arrival, last)
        if isUp { streams[index].lastArrival.up = at } else { streams[index].lastArrival.down = at }
        _ = signals.insert((index, signal), at: at)
    }

    private func arrive(_ signal: StreamSignal, over index: Int) {
        let stream = streams[index]
        guard !stream.isSevered else { return }
        let client = clients[stream.client]
        let id = ConnectionID(UInt64(index))
        let isServed = server != nil && stream.serverRun == serverRun && stream.isOpenAtServer
        switch signal {
        case .knock:
            guard let server else {
                return send(.closed(byServer: true), over: index, isUp: false)
            }
            streams[index] = VirtualStream(
                client: stream.client, serverRun: serverRun,
                isOpenAtClient: stream.isOpenAtClient, isOpenAtServer: true,
                lastArrival: stream.lastArrival)
            server.opened(id, at: now)
            send(.open, over: index, isUp: false)
        case .open:
            if client.stream == index { client.session.socketOpened(at: now) }
        case .fromClient(let message):
            guard isServed else { return send(.closed(byServer: true), over: index, isUp: false) }
            figures.messages += 1
            server?.received(carried(message), over: id, at: now)
        case .fromServer(let message):
            guard client.stream == index else { return }
            figures.messages += 1
            hear(carried(message), client)
        case .closed(byServer: true):
            guard client.stream == index else { return }
            client.stream = nil
            client.session.socketClosed(at: now)
        case .closed(byServer: false):
            guard isServed else { return }
            streams[index].isOpenAtServer = false
            server?.closed(id, at: now)
        }
    }

    // MARK: JSON

    private func carried(_ message: ClientMessage) -> ClientMessage {
        guard plan.encodesMessages else { return message }
        guard let read = try? ClientMessage.decode(message.encoded()), read == message else {
            oracle.violate("a client's message is read as another")
            return message
        }
        return read
    }

    private func carried(_ message: ServerMessage) -> ServerMessage {
        guard plan.encodesMessages else { return message }
        var message = message
        // Times to wait travel as whole milliseconds.
        if case .error(var error) = message, let wait = error.retryAfterMilliseconds {
            error.retryAfter = .milliseconds(wait)
            message = .error(error)
        }
        guard let read = try? ServerMessage.decode(message.encoded()), read == message else {
            oracle.violate("a server's message is read as another")
            return message
        }
        return read
    }

    // MARK: Telling

    /// Notes what happened; no address, token, key or session id may be in it.
    func note(_ text: String) {
        let milliseconds = (now - start).milliseconds
        log.append("\(milliseconds) \(text)")
    }
}

/// How often things happened.
struct SystemFigures {
    var steps = 0
    var datagrams = 0
    var messages = 0
    var resumed = 0
    var restarted = 0
    var timedOut = 0
    var joined = 0
    var accepted = 0
    var kills = 0
    var addresses = 0
    /// By the last run of the server.
    var relayed = 0

    var all: [(name: String, count: Int)] {
        [
            ("steps", steps), ("datagrams", datagrams), ("messages", messages),
            ("joined", joined), ("resumed", resumed), ("restarted", restarted),
            ("reconnectTimedOut", timedOut), ("accepted", accepted), ("server kills", kills),
            ("address changes", addresses), ("relayed", relayed),
        ]
    }
}
