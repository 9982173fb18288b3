// One measurement: a media loop in this process, its clients in another, over real sockets.
// SPDX-License-Identifier: Apache-2.0
import DTLS
import Glibc
import MediaCrypto
import MediaIO
import MediaWorker
import Negotiation
import RTP
import SRTP
import Wire

/// What a measurement gave.
struct BenchmarkResult {
    var cost = WorkerCost()
    var load = LoadNumbers()
    /// Growth of this process's resident memory for each receiver.
    var bytesPerReceiver = 0
    /// Datagrams the kernel dropped at the media loop's socket.
    var kernelDrops: UInt64 = 0
    var secondsToConnect = 0.0
    /// Runs and calls of the sends measured.
    var sendCalls: UInt64 = 0
    var runs: UInt64 = 0

    var microsecondsPerPacket: Double {
        load.received == 0 ? 0 : Double(cost.cpuTime.nanoseconds) / 1e3 / Double(load.received)
    }
    var allocationsPerPacket: Double {
        load.received == 0 ? 0 : Double(cost.allocations) / Double(load.received)
    }
    var packetsPerSecond: Double {
        Double(load.received) / (Double(cost.wallTime.nanoseconds) / 1e9)
    }
    var cpuShare: Double {
        Double(cost.cpuTime.nanoseconds) / Double(max(1, cost.wallTime.nanoseconds))
    }
}

/// Sets everything up, measures, and takes it down.
struct BenchmarkRun {
    static let loopback = NetworkAddress(ipv4: 0x7F00_0001, port: 0)
    static let codecs: [MediaCodec] = [.opus, .vp8]

    let options: BenchmarkOptions
    let arguments: [String]

    func run() async throws -> BenchmarkResult {
        let identity = try CertificateIdentity.generateP256(commonName: "martlet")
        let loop = try makeLoop(identity)
        defer { loop.stop() }
        let negotiator = Negotiator(
            configuration: ServerMediaConfiguration(
                fingerprint: Self.fingerprint(of: identity),
                candidates: [HostCandidate(address: loop.addresses[0], priority: 2_130_706_431)],
                codecs: Self.codecs))
        let load = try LoadProcess(arguments: arguments)
        defer { load.stop() }

        var random = SystemRandomNumberGenerator()
        var offers: [String] = []
        var media: [PeerMedia] = []
        for _ in 0..<(options.publishers + options.receivers) {
            offers.append(try load.pipe.receive())
            let (peer, answer) = try negotiator.answer(
                to: offers[offers.count - 1], previous: nil, profile: .sdk, using: &random)
            media.append(peer)
            try load.pipe.send(answer)
        }
        // What negotiation took stands in the figure before: it belongs to the control plane.
        var result = BenchmarkResult()
        let before = Self.residentBytes()
        let start = MonotonicClock.now()
        for index in media.indices {
            try submit(.addPeer(PeerID(index + 1), media[index]), to: loop)
        }
        try bindSlots(media, on: loop)
        _ = try load.pipe.receive("connected")
        result.secondsToConnect = Double((MonotonicClock.now() - start).nanoseconds) / 1e9
        try load.pipe.send("publish")
        try await Task.sleep(for: .seconds(2))
        result.bytesPerReceiver = (Self.residentBytes() - before) / options.receivers
        try await measure(loop, load, &result)
        return result
    }

    private func measure(
        _ loop: MediaLoop<MeasuredWorker>, _ load: LoadProcess, _ result: inout BenchmarkResult
    ) async throws {
        var events = loop.events.makeAsyncIterator()
        let sentBefore = loop.statistics().sent
        try load.pipe.send("reset")
        guard loop.submit(.begin) else { throw BenchmarkFailure("the media loop is full") }
        try await Task.sleep(for: .seconds(options.seconds))
        guard loop.submit(.end) else { throw BenchmarkFailure("the media loop is full") }
        try load.pipe.send("report")
        result.load = try LoadNumbers(text: try load.pipe.receive("report "))
        var isDone = false
        while !isDone, let event = await events.next() {
            if case .cost(let cost) = event {
                result.cost = cost
                isDone = true
            }
        }
        // Looked up by the loop each second.
        try await Task.sleep(for: .milliseconds(1_100))
        let statistics = loop.statistics()
        result.kernelDrops = statistics.kernelDrops + statistics.sent.droppedBufferFull
        result.sendCalls = statistics.sent.calls - sentBefore.calls
        result.runs = statistics.sent.runs - sentBefore.runs
    }

    private func makeLoop(
        _ identity: CertificateIdentity
    ) throws -> MediaLoop<MeasuredWorker> {
        var settings = MediaLoopConfiguration()
        settings.name = "media"
        settings.cpu = options.isPinned ? 0 : nil
        var sockets = SocketConfiguration()
        sockets.usesSegmentation = options.usesSegmentation
        let dtls = try DTLSContext(identity: identity, srtpProfiles: [options.profile.rawValue])
        let worker = WorkerConfiguration(
            dtls: dtls, ntpAtZero: NTPTime(nanosecondsSince1970: 1_800_000_000_000_000_000),
            seed: 1)
        return try MediaLoop(
            configuration: settings,
            sockets: try SocketSet(addresses: [Self.loopback], port: 0, configuration: sockets),
            handler: MeasuredWorker(configuration: worker))
    }

    /// Shows the n-th publisher in every receiver's n-th pair.
    private func bindSlots(
        _ media: [PeerMedia], on loop: MediaLoop<MeasuredWorker>
    ) throws {
        for receiver in options.publishers..<media.count {
            var slots = media[receiver].sections.filter { $0.direction == .sends }[...]
            for publisher in 0..<options.publishers {
                for source in ["0", "1"] {
                    guard let slot = slots.popFirst() else { return }
                    let binding = SlotBinding(publisher: PeerID(publisher + 1), mid: source)
                    try submit(
                        .setSlot(receiver: PeerID(receiver + 1), mid: slot.mid, source: binding),
                        to: loop)
                }
            }
        }
    }

    private func submit(_ command: WorkerCommand, to loop: MediaLoop<MeasuredWorker>) throws {
        // A queue of some thousand commands may be full for a moment.
        for _ in 0..<1_000 {
            if loop.submit(.worker(command)) { return }
            usleep(1_000)
        }
        throw BenchmarkFailure("the media loop takes no commands")
    }

    static func fingerprint(of identity: CertificateIdentity) -> Fingerprint {
        let digest = Digest.sha256(identity.certificateDER.span)
        return Fingerprint(algorithm: "sha-256", bytes: digest.indices.map { digest[$0] })
    }

    /// The resident memory of this process (proc(5), statm).
    static func residentBytes() -> Int {
        let file = unsafe open("/proc/self/statm", O_RDONLY)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 128)
        let count = unsafe read(file, &text, text.count)
        guard count > 0 else { return 0 }
        let fields = String(decoding: text.prefix(count), as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * Int(getpagesize())
    }
}
