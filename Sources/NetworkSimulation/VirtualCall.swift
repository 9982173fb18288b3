// A media worker and its clients in virtual time, with a network between them that a test can spoil.
// SPDX-License-Identifier: Apache-2.0
package import DTLS
package import MediaCrypto
package import MediaWorker
package import Negotiation
package import NetworkImpairment
package import RTP
package import Wire

/// Certificates that every call shares: making them costs more than using them.
package enum VirtualIdentity {
    /// The server's.
    package static let server = make("server")
    /// The clients'.
    package static let client = make("client")

    private static func make(_ name: String) -> CertificateIdentity {
        do { return try CertificateIdentity.generateP256(commonName: name) } catch {
            preconditionFailure("no certificate: \(error)")
        }
    }

    /// The digest that descriptions carry.
    package static func fingerprint(_ identity: CertificateIdentity) -> Fingerprint {
        let digest = Digest.sha256(identity.certificateDER.span)
        return Fingerprint(algorithm: "sha-256", bytes: digest.indices.map { digest[$0] })
    }

    /// A context for one side.
    package static func context(
        _ identity: CertificateIdentity, profiles: [UInt16] = [7, 8, 1]
    ) -> DTLSContext {
        do { return try DTLSContext(identity: identity, srtpProfiles: profiles) } catch {
            preconditionFailure("no context: \(error)")
        }
    }
}

/// One worker, any number of clients, and the links between them, all from one seed.
package final class VirtualCall {
    /// Where the worker's socket 0 is.
    package let server = NetworkAddress(ipv4: 0xCB00_7101, port: 4_000)
    /// Server time zero on the wall.
    package let ntpAtZero = NTPTime(nanosecondsSince1970: 1_800_000_000_000_000_000)
    /// Now.
    package private(set) var now = MediaInstant.zero + .seconds(10)
    /// The server under test.
    package var worker: MediaWorker
    /// A second media loop of the same server, once ``openNeighbour()`` was called.
    package var neighbour: MediaWorker?
    /// Where the neighbour's socket 0 is.
    package let neighbourServer = NetworkAddress(ipv4: 0xCB00_7101, port: 4_001)
    /// How many packets are taken from one loop to the other in a turn; the rest finds no room.
    package var relayedPerTurnMax = Int.max
    /// What they told, with the time.
    package private(set) var events: [(at: MediaInstant, event: WorkerEvent)] = []
    /// The clients that have joined and not left.
    package private(set) var clients: [VirtualClient] = []
    /// What the network does, in both directions, to every client alike.
    package var network = ImpairmentPlan()
    /// What the network does to single clients instead, by where they are.
    package var networks: [NetworkAddress: ImpairmentPlan] = [:]
    /// Called for each datagram of the worker before it enters the network.
    package var tap: ((TransportPath, [UInt8]) -> Void)?

    private struct Flight {
        var isUp: Bool
        var client: NetworkAddress
        var bytes: [UInt8]
    }

    private let negotiators: (near: Negotiator, far: Negotiator)
    private(set) var configuration: WorkerConfiguration
    private let clientContext: DTLSContext
    private var random: SeededRandom
    private var flights = ArrivalQueue<Flight>(capacity: 1 << 16)
    private var links: [NetworkAddress: (up: ImpairedLink, down: ImpairedLink)] = [:]
    private var nextPeer: PeerID = 1
    /// Who lives on the neighbour's loop, and where it sends from.
    private var farPeers: Set<PeerID> = []
    private var farAddresses: Set<NetworkAddress> = []
    private var door = VirtualDoor()

    /// Makes an empty call.
    /// - Parameter profiles: The SRTP profiles of both sides, best first.
    package init(seed: UInt64, profiles: [UInt16] = [7, 8, 1], dividesPaths: Bool = true) {
        random = SeededRandom(seed: seed)
        clientContext = VirtualIdentity.context(VirtualIdentity.client, profiles: profiles)
        configuration = WorkerConfiguration(
            dtls: VirtualIdentity.context(VirtualIdentity.server, profiles: profiles),
            ntpAtZero: ntpAtZero, seed: random.next())
        configuration.dividesPaths = dividesPaths
        worker = MediaWorker(configuration: configuration)
        negotiators = (Self.negotiator(at: server), Self.negotiator(at: neighbourServer))
        network.up.delay = .milliseconds(10)
        network.down.delay = .milliseconds(10)
    }

    private static func negotiator(at address: NetworkAddress) -> Negotiator {
        Negotiator(
            configuration: ServerMediaConfiguration(
                fingerprint: VirtualIdentity.fingerprint(VirtualIdentity.server),
                candidates: [HostCandidate(address: address, priority: 2_130_706_431)]))
    }

    /// Lets a client join: one offer, one answer.
    /// - Parameters:
    ///   - isFar: Whether it is to live on the neighbour's loop.
    ///   - profile: Whose offer the server takes its offer for.
    ///   - native: Whether its media is that of the native SDK.
    ///   - relaysAlone: Whether that goes through relays and no other way.
    ///   - startBitrate: What that believes its path to carry at first, in bits a second; `nil`: the usual.
    package func join(
        sending streams: [ClientStream] = [], receivingPairs pairs: Int = 0, audio: Int = 0,
        codecs: [MediaCodec] = [.opus, .vp8, .vp9, .h264, .av1], repairsAudio: Bool = false,
        far isFar: Bool = false, as profile: NegotiationProfile = .sdk, native: Bool = false,
        relaysAlone: Bool = false, startBitrate: Double? = nil
    ) throws -> VirtualClient {
        let offer = ClientOffer(
            sending: streams, receivingPairs: pairs, receivingAudio: audio,
            ice: .random(using: &random),
            fingerprint: VirtualIdentity.fingerprint(VirtualIdentity.client), codecs: codecs,
            repairsAudio: repairsAudio, using: &random)
        let client = VirtualClient(
            id: nextPeer, address: freshAddress(), server: isFar ? neighbourServer : server,
            offer: offer,
            dtls: clientContext, ntpAtZero: ntpAtZero, random: SeededRandom(seed: random.next()))
        nextPeer += 1
        client.profile = profile
        client.usesConnection = native
        client.usesRelaysAlone = relaysAlone
        client.startBitrate = startBitrate
        if isFar {
            farPeers.insert(client.id)
            farAddresses.insert(client.address)
        }
        try negotiate(client)
        clients.append(client)
        return client
    }

    /// Carries the client's present offer to the server and the answer back.
    package func negotiate(_ client: VirtualClient) throws {
        let previous = client.serverMedia
        let negotiator = isFar(client.id) ? negotiators.far : negotiators.near
        let (media, answer) = try negotiator.answer(
            to: client.offer.text, previous: previous, profile: client.profile, using: &random)
        client.serverMedia = media
        apply(
            previous == nil ? .addPeer(client.id, media) : .updatePeer(client.id, media),
            far: isFar(client.id))
        try client.accept(answer: answer, at: now)
    }

    /// Restarts the client's ICE with fresh words.
    package func restartICE(_ client: VirtualClient) throws {
        client.offer.restartICE(with: .random(using: &random))
        try negotiate(client)
    }

    /// Takes a client out of the call.
    package func leave(_ client: VirtualClient) {
        apply(.removePeer(client.id), far: isFar(client.id))
        clients.removeAll { $0 === client }
    }

    /// Shows one client's section in another's slot.
    package func show(
        _ publisher: VirtualClient?, _ mid: String = "", in slot: String, of receiver: VirtualClient
    ) {
        let source = publisher.map { SlotBinding(publisher: $0.id, mid: mid) }
        apply(
            .setSlot(receiver: receiver.id, mid: slot, source: source), far: isFar(receiver.id))
    }

    /// Gives the worker, or its neighbour, a command in a turn of its own.
    package func apply(_ command: WorkerCommand, far isFar: Bool = false) {
        if isFar {
            neighbour?.apply(command, at: now)
        } else {
            worker.apply(command, at: now)
        }
        finishTurn()
    }

    /// Whether a client lives on the neighbour's loop.
    package func isFar(_ client: PeerID) -> Bool { farPeers.contains(client) }

    /// An address nobody has yet.
    package func freshAddress() -> NetworkAddress {
        NetworkAddress(
            ipv4: 0x0A00_0000 | UInt32(random.next() & 0xFF_FFFF),
            port: UInt16(random.next() & 0x7FFF) + 10_000)
    }

    /// Lets time pass.
    package func run(for duration: MediaDuration) {
        let end = now + duration
        settle()
        while let next = nextMoment, next <= end {
            now = max(now, next)
            step()
        }
        now = end
    }

    /// Lets time pass until `isDone`, at most for `limit`.
    /// - Returns: Whether it was.
    @discardableResult
    package func run(
        atMost limit: MediaDuration, until isDone: () -> Bool
    ) -> Bool {
        let end = now + limit
        settle()
        while !isDone() {
            guard let next = nextMoment, next <= end else { return false }
            now = max(now, next)
            step()
        }
        return true
    }

    /// Runs until every client is connected, at most ten seconds.
    @discardableResult
    package func connect() -> Bool {
        run(atMost: .seconds(10)) { clients.allSatisfy { $0.isConnected } }
    }

    /// Sends the worker a datagram from any address, now.
    package func inject(_ bytes: [UInt8], from address: NetworkAddress) {
        deliver(bytes, from: address)
        finishTurn()
    }

    /// What a client would send in the time to come, kept from the network; its clock runs ahead of
    /// the call's.
    package func rehearse(
        _ client: VirtualClient, for duration: MediaDuration
    ) -> [(at: MediaInstant, bytes: [UInt8])] {
        let end = now + duration
        var moment = now
        var datagrams: [(at: MediaInstant, bytes: [UInt8])] = []
        while let next = client.nextDeadline, next <= end {
            moment = max(moment, next)
            client.advance(to: moment)
            while let bytes = client.takeDatagram() { datagrams.append((moment, bytes)) }
        }
        return datagrams
    }

    /// Gives the worker away, to be driven by hand; the call goes on with an empty one.
    package func takeWorker() -> MediaWorker {
        var taken = MediaWorker(configuration: configuration)
        swap(&taken, &worker)
        return taken
    }

    private var nextMoment: MediaInstant? {
        var next = flights.nextArrival
        func consider(_ other: MediaInstant?) {
            if let other { next = next.map { min($0, other) } ?? other }
        }
        consider(worker.nextDeadline)
        consider(neighbour?.nextDeadline ?? nil)
        for client in clients { consider(client.nextDeadline) }
        return next
    }

    private func step() {
        while let flight = flights.popDue(at: now) {
            if flight.isUp {
                deliver(flight.bytes, from: flight.client)
            } else {
                for client in clients where client.address == flight.client {
                    client.receive(flight.bytes, at: now)
                }
            }
        }
        for client in clients { client.advance(to: now) }
        worker.advance(to: now)
        neighbour?.advance(to: now)
        finishTurn()
        settle()
    }

    private func deliver(_ bytes: [UInt8], from address: NetworkAddress) {
        var bytes = bytes
        var span = bytes.mutableSpan
        let path = TransportPath(socket: 0, remote: address)
        if farAddresses.contains(address) {
            neighbour?.receive(&span, on: path, at: now)
        } else {
            worker.receive(&span, on: path, at: now)
        }
    }

    private func finishTurn() {
        if neighbour != nil { exchangeRelayed() }
        worker.finishTurn(at: now, through: &door)
        neighbour?.finishTurn(at: now, through: &door)
        for (path, bytes) in door.takeDatagrams() {
            tap?(path, bytes)
            launch(Flight(isUp: false, client: path.remote, bytes: bytes))
        }
        while let event = worker.pollEvent() { events.append((now, event)) }
        while let event = neighbour?.pollEvent() ?? nil { events.append((now, event)) }
    }

    /// Takes from the clients what they have to send.
    private func settle() {
        for client in clients {
            while let bytes = client.takeDatagram() {
                launch(Flight(isUp: true, client: client.address, bytes: bytes))
            }
        }
    }

    private func launch(_ flight: Flight) {
        var pair =
            links[flight.client]
            ?? (ImpairedLink(seed: random.next()), ImpairedLink(seed: random.next()))
        let count = flight.bytes.count
        let network = networks[flight.client] ?? self.network
        let verdict =
            flight.isUp
            ? pair.up.decide(byteCount: count, settings: network.up, at: now)
            : pair.down.decide(byteCount: count, settings: network.down, at: now)
        links[flight.client] = pair
        guard case .arrives(let at, let again) = verdict else { return }
        _ = flights.insert(flight, at: at)
        if let again { _ = flights.insert(flight, at: again) }
    }
}

/// The worker's way out: cuts runs into datagrams, as the kernel does.
struct VirtualDoor: DatagramDoor {
    private var datagrams: [(TransportPath, [UInt8])] = []

    mutating func send(_ slab: Span<UInt8>, _ transmissions: Span<Transmission>) {
        for index in transmissions.indices {
            let run = transmissions[index]
            var start = run.offset
            while start < run.offset + run.count {
                let end = min(start + run.segmentSize, run.offset + run.count)
                datagrams.append((run.path, slab.extracting(start..<end).copied()))
                start = end
            }
        }
    }

    mutating func takeDatagrams() -> [(TransportPath, [UInt8])] {
        defer { datagrams.removeAll(keepingCapacity: true) }
        return datagrams
    }
}
