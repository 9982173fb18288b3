// The load's process: clients over real sockets, told what to do through a pipe.
// SPDX-License-Identifier: Apache-2.0
import DTLS
import LoadGenerator
import MediaCrypto
import MediaIO
import Negotiation
import RTP
import SRTP
import Wire

/// Offers, dials, publishes, and reports.
struct LoadSide {
    let options: BenchmarkOptions
    let pipe: FramedPipe

    func run() async throws {
        let identity = try CertificateIdentity.generateP256(commonName: "load")
        let clients = options.clients(ofPart: options.part)
        let sockets = try SocketSet(
            bindings: [NetworkAddress](repeating: BenchmarkRun.loopback, count: clients.count))
        var media: [PeerMedia] = []
        for index in clients {
            let offer = makeOffer(isPublisher: index < options.publishers, identity)
            try pipe.send(offer.text)
            media.append(try offer.media(fromAnswer: try pipe.receive()))
        }
        var settings = MediaLoopConfiguration()
        settings.name = "load"
        settings.cpu = options.isPinned ? 1 : nil
        settings.datagramsPerTurnMax = 1_024
        let swarm = try makeSwarm(media, identity, sockets.addresses)
        let loop = try MediaLoop(configuration: settings, sockets: sockets, handler: swarm)
        defer { loop.stop() }
        var events = loop.events.makeAsyncIterator()
        try await obey(loop, &events)
    }

    private func obey(
        _ loop: MediaLoop<LoadSwarm>, _ events: inout AsyncStream<LoadEvent>.AsyncIterator
    ) async throws {
        while let word = try? pipe.receive() {
            switch word {
            case "dial":
                let count = Int(try pipe.receive()) ?? 0
                _ = loop.submit(.dial(count))
                while let event = await events.next() {
                    if case .connected = event { break }
                    if case .failed(let client, let reason) = event {
                        throw BenchmarkFailure("client \(client) failed: \(reason)")
                    }
                }
                try pipe.send("connected")
            case "publish": _ = loop.submit(.publish)
            case "reset": _ = loop.submit(.resetCounters)
            default:
                _ = loop.submit(.report)
                var report: LoadReport?
                while report == nil, let event = await events.next() {
                    if case .report(let counted) = event { report = counted }
                    if case .failed(let client, let reason) = event {
                        throw BenchmarkFailure("client \(client) failed: \(reason)")
                    }
                }
                let statistics = loop.statistics()
                let numbers = LoadNumbers(
                    report ?? LoadReport(),
                    kernelDrops: statistics.kernelDrops + statistics.sent.droppedBufferFull)
                try pipe.send("report " + numbers.text)
            }
        }
    }

    private func makeOffer(isPublisher: Bool, _ identity: CertificateIdentity) -> ClientOffer {
        var random = SystemRandomNumberGenerator()
        let streams = isPublisher ? [ClientStream(kind: .audio), ClientStream(kind: .video)] : []
        return ClientOffer(
            sending: streams, receivingPairs: isPublisher ? 0 : options.publishers,
            ice: ICEParameters(
                usernameFragment: Self.word(8, &random), password: Self.word(24, &random)),
            fingerprint: BenchmarkRun.fingerprint(of: identity), codecs: BenchmarkRun.codecs,
            using: &random)
    }

    private func makeSwarm(
        _ media: [PeerMedia], _ identity: CertificateIdentity, _ addresses: [NetworkAddress]
    ) throws -> LoadSwarm {
        let video = LoadShape(
            interval: MediaDuration(nanoseconds: 1_000_000_000 / Int64(options.frames)),
            packetsInFrame: options.packets, payloadBytes: options.payload,
            isSpread: options.isSpread, isUneven: options.isUneven)
        let shapes = [options.hasAudio ? LoadShape.audio : nil, video]
        let context = try DTLSContext(
            identity: identity, srtpProfiles: [options.profile.rawValue])
        var random = SystemRandomNumberGenerator()
        let first = options.clients(ofPart: options.part).lowerBound
        return LoadSwarm(
            plans: media.indices.map { index in
                LoadClientPlan(
                    media: media[index], dtls: context, address: addresses[index],
                    shapes: first + index < options.publishers ? shapes : [],
                    tieBreaker: random.next())
            })
    }

    private static func word(_ count: Int, _ random: inout SystemRandomNumberGenerator) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        return String((0..<count).map { _ in letters[Int(random.next() % 36)] })
    }
}

/// The load's counters as they travel through the pipe.
struct LoadNumbers {
    var sent: UInt64 = 0
    var received: UInt64 = 0
    var lost: UInt64 = 0
    var failed: UInt64 = 0
    var medianMicroseconds: UInt64 = 0
    var p99Microseconds: UInt64 = 0
    var kernelDrops: UInt64 = 0

    init() {}

    init(_ report: LoadReport, kernelDrops: UInt64) {
        sent = report.sent
        received = report.received
        lost = report.lost
        failed = report.failed
        medianMicroseconds = UInt64(report.latency.quantile(0.5).nanoseconds / 1_000)
        p99Microseconds = UInt64(report.latency.quantile(0.99).nanoseconds / 1_000)
        self.kernelDrops = kernelDrops
    }

    init(text: String) throws {
        let numbers = text.split(separator: " ").compactMap { UInt64($0) }
        guard numbers.count == 7 else { throw BenchmarkFailure("the load's report is garbled") }
        (sent, received, lost, failed) = (numbers[0], numbers[1], numbers[2], numbers[3])
        (medianMicroseconds, p99Microseconds, kernelDrops) = (numbers[4], numbers[5], numbers[6])
    }

    /// Adds what another process counted; of its latencies the worse count.
    mutating func add(_ other: LoadNumbers) {
        sent += other.sent
        received += other.received
        lost += other.lost
        failed += other.failed
        medianMicroseconds = max(medianMicroseconds, other.medianMicroseconds)
        p99Microseconds = max(p99Microseconds, other.p99Microseconds)
        kernelDrops += other.kernelDrops
    }

    var text: String {
        [sent, received, lost, failed, medianMicroseconds, p99Microseconds, kernelDrops]
            .map { String($0) }.joined(separator: " ")
    }
}
