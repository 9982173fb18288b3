// The part of a join that is media: checks, a DTLS handshake and keys, as the media loop does them.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker
import Negotiation
import NetworkSimulation
import RTP
import Wire

/// One worker, and one client after another that connects to it in virtual time; only the worker is counted.
struct HandshakeWork: ~Copyable {
    var counts = JoinCounts()
    private static let server = NetworkAddress(ipv4: 0xCB00_7101, port: 4_000)
    private let ntpAtZero = NTPTime(nanosecondsSince1970: 1_800_000_000_000_000_000)
    private let profile: UInt16
    private let negotiator = Self.makeNegotiator()
    private var worker: MediaWorker
    private var door = KeepingDoor()
    private var random = SeededRandom(seed: 11)
    private var nextPeer: PeerID = 1
    private var now = MediaInstant.zero + .seconds(10)

    init(profile: UInt16) {
        self.profile = profile
        worker = MediaWorker(
            configuration: WorkerConfiguration(
                dtls: VirtualIdentity.context(VirtualIdentity.server, profiles: [profile]),
                ntpAtZero: ntpAtZero, seed: 5))
    }

    /// Answers offers as a server at an address of no machine.
    static func makeNegotiator() -> Negotiator {
        Negotiator(
            configuration: ServerMediaConfiguration(
                fingerprint: VirtualIdentity.fingerprint(VirtualIdentity.server),
                candidates: [HostCandidate(address: server, priority: 2_130_706_431)]))
    }

    /// Lets a client with the sections of the browser SDK connect, and go again.
    mutating func join() throws {
        let offer = ClientOffer(
            sending: [
                ClientStream(kind: .audio), ClientStream(kind: .video), ClientStream(kind: .video),
                ClientStream(kind: .audio),
            ], receivingPairs: 4, receivingAudio: 3, ice: .random(using: &random),
            fingerprint: VirtualIdentity.fingerprint(VirtualIdentity.client), using: &random)
        let address = NetworkAddress(ipv4: 0x0A00_0001, port: UInt16(20_000 + nextPeer % 20_000))
        let client = VirtualClient(
            id: nextPeer, address: address, server: Self.server, offer: offer,
            dtls: VirtualIdentity.context(VirtualIdentity.client, profiles: [profile]),
            ntpAtZero: ntpAtZero, random: SeededRandom(seed: random.next()))
        nextPeer += 1
        let (media, answer) = try negotiator.answer(
            to: offer.text, previous: nil, profile: .sdk, using: &random)
        try client.accept(answer: answer, at: now)
        var isAdded = false
        for _ in 0..<1_000 where !client.isConnected {
            client.advance(to: now)
            var datagrams: [[UInt8]] = []
            while let bytes = client.takeDatagram() { datagrams.append(bytes) }
            let meter = Meter()
            joinCountedTurn(isAdded ? nil : .addPeer(client.id, media), &datagrams, from: address)
            meter.stop(&counts)
            isAdded = true
            for bytes in door.takeDatagrams() { client.receive(bytes, at: now) }
            now = now + .milliseconds(1)
        }
        guard client.isConnected else { throw InstructionFailure("a client does not connect") }
        counts.joins += 1
        worker.apply(.removePeer(client.id), at: now)
        worker.finishTurn(at: now, through: &door)
        _ = door.takeDatagrams()
        while worker.pollEvent() != nil {}
    }

    /// One turn of the media loop, counted by its name; see `SignalingWork`.
    @inline(never)
    private mutating func joinCountedTurn(
        _ command: WorkerCommand?, _ datagrams: inout [[UInt8]], from address: NetworkAddress
    ) {
        if let command { worker.apply(command, at: now) }
        let path = TransportPath(socket: 0, remote: address)
        for index in datagrams.indices {
            var span = datagrams[index].mutableSpan
            worker.receive(&span, on: path, at: now)
        }
        worker.advance(to: now)
        worker.finishTurn(at: now, through: &door)
        while worker.pollEvent() != nil {}
    }
}

/// Keeps what leaves until it is taken.
struct KeepingDoor: DatagramDoor {
    private var datagrams: [[UInt8]] = []

    mutating func send(_ slab: Span<UInt8>, _ transmissions: Span<Transmission>) {
        for index in transmissions.indices {
            let run = transmissions[index]
            var start = run.offset
            while start < run.offset + run.count {
                let end = min(start + run.segmentSize, run.offset + run.count)
                datagrams.append(slab.extracting(start..<end).copied())
                start = end
            }
        }
    }

    mutating func takeDatagrams() -> [[UInt8]] {
        defer { datagrams.removeAll(keepingCapacity: true) }
        return datagrams
    }
}
