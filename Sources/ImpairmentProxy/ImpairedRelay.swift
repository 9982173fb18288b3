// Carries datagrams between clients and a server over impaired links.
// SPDX-License-Identifier: Apache-2.0
import MediaIO
package import MediaWorker
package import NetworkImpairment
package import Wire

/// What the relay can be asked while it runs.
package enum RelayCommand: Sendable, Equatable {
    /// Changes one setting of `ImpairmentPlan`.
    case set(name: String, value: String)
    /// Gives every client a new source port towards the server, as a NAT does that lost its table.
    case rebind
    /// Answered by `.counters`.
    case report
}

/// What the relay tells.
package enum RelayEvent: Sendable, Equatable {
    /// The counters so far.
    case counters(RelayCounters)
    /// A setting was not taken.
    case refused(ImpairmentSettingError)
}

/// What the relay did, per direction.
package struct RelayCounters: Sendable, Equatable {
    /// One direction's counters, in datagrams.
    package struct Direction: Sendable, Equatable {
        /// Came in.
        package var received = 0
        /// Bytes that came in, IPv4 and UDP headers counted.
        package var bytesReceived = 0
        /// The highest rate at which they came, over 200 ms, since the last report, in kbit/s.
        package var peakKilobits = 0
        /// Went out, doubles included.
        package var forwarded = 0
        /// Bytes that went out.
        package var bytes = 0
        /// Lost by chance.
        package var lostRandom = 0
        /// Lost in bursts.
        package var lostBurst = 0
        /// Lost before the bottleneck.
        package var lostQueue = 0
        /// Lost in a blackout.
        package var lostBlackout = 0
        /// Doubled.
        package var duplicated = 0
        /// Dropped because the relay's own memory was full.
        package var overflowed = 0
    }

    /// Towards the server.
    package var up = Direction()
    /// Towards the clients.
    package var down = Direction()
    /// Clients seen.
    package var clients = 0
    /// Source ports changed by `rebind`.
    package var rebinds = 0
    /// Datagrams from the server to a port that no client has (any more), or from anybody else.
    package var unclaimed = 0
}

/// The relay as a sans-IO value: socket 0 faces the clients, each other socket is one source port towards
/// the server, and belongs to at most one client.
package struct ImpairedRelay: ~Copyable, MediaLoopHandler {
    /// The most datagrams on their way at a time, both directions together.
    package static let datagramsMax = 8192
    /// The most datagrams handed to the door at once.
    package static let batchMax = 256

    private struct Client {
        var remote: NetworkAddress
        var socket: Int
        var up: ImpairedLink
        var down: ImpairedLink
        var lastSeen: MediaInstant
    }

    private struct Carried: Sendable {
        var path: TransportPath
        var slot: Int
        var count: Int
        var isUp: Bool
    }

    private let server: NetworkAddress
    private let seed: UInt64
    private var plan: ImpairmentPlan
    private var counters = RelayCounters()
    private var upPeak = RatePeak()
    private var downPeak = RatePeak()
    private var clients: [Client] = []
    /// The client of each socket, as index into `clients`; nil: free.
    private var clientOfSocket: [Int?]
    private var lastSocket = 0
    private var clock: MediaInstant

    private var slab: [UInt8]
    private var freeSlots: [Int]
    private var queue = ArrivalQueue<Carried>(capacity: datagramsMax)
    private var transmissions: [Transmission] = []
    private var sentSlots: [Int] = []
    private var events: [RelayEvent] = []

    /// - Parameters:
    ///   - server: Where the clients' datagrams go.
    ///   - socketCount: How many sockets there are: one more than there may be clients.
    ///   - seed: Decides every loss; client and direction have links of their own.
    package init(
        server: NetworkAddress, socketCount: Int, plan: ImpairmentPlan, seed: UInt64,
        now: MediaInstant
    ) {
        self.server = server
        self.plan = plan
        self.seed = seed
        clock = now
        clientOfSocket = [Int?](repeating: nil, count: socketCount)
        slab = [UInt8](repeating: 0, count: Self.datagramsMax * DatagramInbox.slotBytes)
        freeSlots = Array((0..<Self.datagramsMax).reversed())
        transmissions.reserveCapacity(Self.batchMax)
        sentSlots.reserveCapacity(Self.batchMax)
    }

    /// Takes a datagram of a client (socket 0) or of the server and puts it on its way.
    package mutating func receive(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        clock = now
        let count = datagram.count
        let isVideo = Self.isVideo(datagram.span)
        let verdict: LinkVerdict
        let onward: TransportPath
        let isUp = path.socket == 0
        if isUp {
            guard let index = client(at: path.remote, now) else {
                counters.unclaimed += 1
                return
            }
            clients[index].lastSeen = now
            verdict = clients[index].up.decide(
                byteCount: count, isVideo: isVideo, settings: plan.up, at: now)
            onward = TransportPath(
                socket: UInt16(truncatingIfNeeded: clients[index].socket), remote: server)
        } else {
            guard path.remote == server, let index = clientOfSocket[Int(path.socket)] else {
                counters.unclaimed += 1
                return
            }
            verdict = clients[index].down.decide(
                byteCount: count, isVideo: isVideo, settings: plan.down, at: now)
            onward = TransportPath(socket: 0, remote: clients[index].remote)
        }
        note(verdict, isUp, byteCount: count)
        guard case .arrives(let arrival, let again) = verdict else { return }
        carry(datagram.span, onward, isUp, at: arrival)
        if let again { carry(datagram.span, onward, isUp, at: again) }
    }

    /// Whether a datagram is RTP of another payload type than those browsers give to audio: headers stand in
    /// the clear (RFC 3711 §3.1).
    package static func isVideo(_ datagram: Span<UInt8>) -> Bool {
        guard datagram.count >= 12, datagram[0] >> 6 == 2 else { return false }
        // RTCP shares the port (RFC 5761 §4).
        if (192...223).contains(datagram[1]) { return false }
        return ![0, 8, 9, 13, 63, 110, 111, 126].contains(datagram[1] & 0x7F)
    }

    /// Nothing is due but what `finishTurn` sends.
    package mutating func advance(to now: MediaInstant) { clock = now }

    /// When the next datagram arrives.
    package var nextDeadline: MediaInstant? { queue.nextArrival }

    /// Sends everything that has arrived by now.
    package mutating func finishTurn<Door: DatagramDoor & ~Copyable>(
        at now: MediaInstant, through door: inout Door
    ) {
        while let carried = queue.popDue(at: now) {
            transmissions.append(
                Transmission(
                    path: carried.path, offset: carried.slot * DatagramInbox.slotBytes,
                    count: carried.count, segmentSize: carried.count))
            sentSlots.append(carried.slot)
            noteForwarded(carried.count, carried.isUp)
            if transmissions.count == Self.batchMax { sendBatch(through: &door) }
        }
        sendBatch(through: &door)
    }

    /// Carries out a command.
    package mutating func apply(_ command: RelayCommand, at now: MediaInstant) {
        switch command {
        case .set(let name, let value):
            do throws(ImpairmentSettingError) {
                try plan.set(name, to: value, at: now)
            } catch {
                events.append(.refused(error))
            }
        case .rebind:
            for index in clients.indices { rebind(index) }
        case .report:
            counters.up.peakKilobits = upPeak.take()
            counters.down.peakKilobits = downPeak.take()
            events.append(.counters(counters))
        }
    }

    /// The next event.
    package mutating func pollEvent() -> RelayEvent? {
        events.isEmpty ? nil : events.removeFirst()
    }

    // MARK: Clients

    /// The client at an address; a new one takes a free socket, or that of the client silent for longest.
    private mutating func client(at remote: NetworkAddress, _ now: MediaInstant) -> Int? {
        if let index = clients.firstIndex(where: { $0.remote == remote }) { return index }
        let ordinal = UInt64(counters.clients)
        let fresh = Client(
            remote: remote, socket: 0,
            up: ImpairedLink(seed: linkSeed(ordinal, isUp: true)),
            down: ImpairedLink(seed: linkSeed(ordinal, isUp: false)), lastSeen: now)
        let index: Int
        if let socket = freeSocket() {
            index = clients.count
            clients.append(fresh)
            attach(index, to: socket)
        } else {
            guard
                let oldest = clients.indices.min(by: {
                    clients[$0].lastSeen < clients[$1].lastSeen
                })
            else { return nil }
            index = oldest
            let socket = clients[index].socket
            clients[index] = fresh
            attach(index, to: socket)
        }
        counters.clients += 1
        return index
    }

    private func linkSeed(_ ordinal: UInt64, isUp: Bool) -> UInt64 {
        var seeds = SeededRandom(seed: seed &+ ordinal &* 2 &+ (isUp ? 0 : 1))
        return seeds.next()
    }

    /// The free socket that was given back the longest time ago, so that a port's former datagrams are gone.
    private mutating func freeSocket() -> Int? {
        let count = clientOfSocket.count - 1
        guard count > 0 else { return nil }
        for step in 0..<count {
            let socket = 1 + (lastSocket + step) % count
            if clientOfSocket[socket] == nil {
                lastSocket = socket
                return socket
            }
        }
        return nil
    }

    private mutating func attach(_ client: Int, to socket: Int) {
        clients[client].socket = socket
        clientOfSocket[socket] = client
    }

    private mutating func rebind(_ client: Int) {
        guard let socket = freeSocket() else { return }
        clientOfSocket[clients[client].socket] = nil
        attach(client, to: socket)
        counters.rebinds += 1
    }

    // MARK: Datagrams on their way

    private mutating func carry(
        _ datagram: Span<UInt8>, _ path: TransportPath, _ isUp: Bool, at arrival: MediaInstant
    ) {
        guard datagram.count <= DatagramInbox.slotBytes, let slot = freeSlots.popLast() else {
            noteOverflow(isUp)
            return
        }
        let start = slot * DatagramInbox.slotBytes
        for index in datagram.indices { slab[start + index] = datagram[index] }
        let carried = Carried(path: path, slot: slot, count: datagram.count, isUp: isUp)
        if !queue.insert(carried, at: arrival) {
            freeSlots.append(slot)
            noteOverflow(isUp)
        }
    }

    private mutating func sendBatch<Door: DatagramDoor & ~Copyable>(through door: inout Door) {
        guard !transmissions.isEmpty else { return }
        door.send(slab.span, transmissions.span)
        freeSlots.append(contentsOf: sentSlots)
        sentSlots.removeAll(keepingCapacity: true)
        transmissions.removeAll(keepingCapacity: true)
    }

    // MARK: Counting

    private mutating func note(_ verdict: LinkVerdict, _ isUp: Bool, byteCount: Int) {
        if isUp {
            upPeak.note(byteCount: byteCount, at: clock)
        } else {
            downPeak.note(byteCount: byteCount, at: clock)
        }
        count(isUp) { direction in
            direction.received += 1
            direction.bytesReceived += byteCount + 28
            switch verdict {
            case .lost(.random): direction.lostRandom += 1
            case .lost(.burst): direction.lostBurst += 1
            case .lost(.queueFull): direction.lostQueue += 1
            case .lost(.blackout): direction.lostBlackout += 1
            case .arrives(_, let again): direction.duplicated += again == nil ? 0 : 1
            }
        }
    }

    private mutating func noteForwarded(_ bytes: Int, _ isUp: Bool) {
        count(isUp) {
            $0.forwarded += 1
            $0.bytes += bytes
        }
    }

    private mutating func noteOverflow(_ isUp: Bool) { count(isUp) { $0.overflowed += 1 } }

    private mutating func count(_ isUp: Bool, _ body: (inout RelayCounters.Direction) -> Void) {
        if isUp { body(&counters.up) } else { body(&counters.down) }
    }
}

extension RelayCounters {
    /// The counters as one line of JSON.
    package var json: String {
        "{\"clients\":\(clients),\"rebinds\":\(rebinds),\"unclaimed\":\(unclaimed),"
            + "\"up\":\(up.json),\"down\":\(down.json)}"
    }
}

extension RelayCounters.Direction {
    fileprivate var json: String {
        "{\"received\":\(received),\"bytesReceived\":\(bytesReceived),"
            + "\"peakKilobits\":\(peakKilobits),\"forwarded\":\(forwarded),\"bytes\":\(bytes),"
            + "\"lostRandom\":\(lostRandom),\"lostBurst\":\(lostBurst),\"lostQueue\":\(lostQueue),"
            + "\"lostBlackout\":\(lostBlackout),\"duplicated\":\(duplicated),"
            + "\"overflowed\":\(overflowed)}"
    }
}
