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

        // What is there once, the publishers' streams included, is not counted for the receivers: a
        // first one comes before the rest and warms everything up.
        var result = BenchmarkResult()
        let all = options.publishers + options.receivers
        let first = options.publishers + 1
        try connect(0..<first, by: negotiator, loop, load)
        _ = try load.pipe.ask("publish")
        try await Task.sleep(for: .seconds(2))
        let before = Self.residentBytes()
        let start = MonotonicClock.now()
        try connect(first..<all, by: negotiator, loop, load)
        result.secondsToConnect = Double((MonotonicClock.now() - start).nanoseconds) / 1e9
        try await Task.sleep(for: .seconds(2))
        if options.receivers > 1 {
            result.bytesPerReceiver = (Self.residentBytes() - before) / (options.receivers - 1)
        }
        try await measure(loop, load, &result)
        return result
    }

    /// Brings a part of the peers into the call and waits until they are connected.
    private func connect(
        _ range: Range<Int>, by negotiator: Negotiator, _ loop: MediaLoop<MeasuredWorker>,
        _ load: LoadProcess
    ) throws {
        var random = SystemRandomNumberGenerator()
        for index in range {
            let isPublisher = index < options.publishers
            let offer = try load.pipe.ask("offer", isPublisher ? "send" : "receive")
            var (media, answer) = try negotiator.answer(
                to: offer, previous: nil, profile: .sdk, using: &random)
            media.bearsPadding = options.padsPackets
            _ = try load.pipe.ask("answer", answer)
            try submit(.addPeer(PeerID(index + 1), media), to: loop)
            if !isPublisher { try bindSlots(of: index, media, on: loop) }
        }
        _ = try load.pipe.ask("dial")
    }

    private func measure(
        _ loop: MediaLoop<MeasuredWorker>, _ load: LoadProcess, _ result: inout BenchmarkResult
    ) async throws {
        var events = loop.events.makeAsyncIterator()
        let sentBefore = loop.statistics().sent
        _ = try load.pipe.ask("reset")
        guard loop.submit(.begin) else { throw BenchmarkFailure("the media loop is full") }
        try await Task.sleep(for: .seconds(options.seconds))
        guard loop.submit(.end) else { throw BenchmarkFailure("the media loop is full") }
        result.load = try LoadNumbers(text: try load.pipe.ask("report"))
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
            sockets: try SocketSet(addresses: [options.address], port: 0, configuration: sockets),
            handler: MeasuredWorker(configuration: worker))
    }

    /// Shows the n-th publisher in a receiver's n-th pair.
    private func bindSlots(
        of receiver: Int, _ media: PeerMedia, on loop: MediaLoop<MeasuredWorker>
    ) throws {
        var slots = media.sections.filter { $0.direction == .sends }[...]
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
