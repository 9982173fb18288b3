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
    /// By loop.
    var costs: [WorkerCost] = []
    /// Over all loops.
    var cost = WorkerCost()
    /// What a packet cost on one loop, in microseconds; `nil` if only that was measured.
    var oneLoop: Double?
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
        let mesh = options.loops > 1 ? try RelayMesh(count: options.loops) : nil
        let loops = try (0..<options.loops).map { try makeLoop(identity, mesh, index: $0) }
        defer { for loop in loops { loop.stop() } }
        let negotiators = loops.map { loop in
            Negotiator(
                configuration: ServerMediaConfiguration(
                    fingerprint: Self.fingerprint(of: identity),
                    candidates: [
                        HostCandidate(address: loop.addresses[0], priority: 2_130_706_431)
                    ],
                    codecs: Self.codecs))
        }
        let parts = (options.clients - 1) / BenchmarkOptions.clientsPerLoad + 1
        let loads = try (0..<parts).map {
            try LoadProcess(arguments: arguments + ["--part", "\($0)"])
        }
        defer { for load in loads { load.stop() } }

        // What is there once, the publishers' streams included, is not counted for the receivers: a
        // first one on each loop comes before the rest and warms everything up.
        var result = BenchmarkResult()
        let first = 0..<(options.publishers + min(options.loops, options.receivers))
        try connect(first, by: negotiators, loops, loads)
        for load in loads { _ = try load.pipe.ask("publish") }
        try await Task.sleep(for: .seconds(2))
        let before = Self.residentBytes()
        let start = MonotonicClock.now()
        let rest = first.upperBound..<options.clients
        try connect(rest, by: negotiators, loops, loads)
        result.secondsToConnect = Double((MonotonicClock.now() - start).nanoseconds) / 1e9
        try await Task.sleep(for: .seconds(2))
        if !rest.isEmpty {
            result.bytesPerReceiver = (Self.residentBytes() - before) / rest.count
        }
        try await measure(loops, loads, &result)
        return result
    }

    /// The loop of a peer: publishers are on the first, receivers in turn on each.
    private func loop(of index: Int) -> Int {
        index < options.publishers ? 0 : (index - options.publishers) % options.loops
    }

    /// Brings a part of the peers into the call and waits until they are connected.
    private func connect(
        _ range: Range<Int>, by negotiators: [Negotiator], _ loops: [MediaLoop<MeasuredWorker>],
        _ loads: [LoadProcess]
    ) throws {
        var random = SystemRandomNumberGenerator()
        for (part, load) in loads.enumerated() {
            let own = range.clamped(to: options.clients(ofPart: part))
            for index in own {
                let isPublisher = index < options.publishers
                let place = loop(of: index)
                let offer = try load.pipe.ask("offer", isPublisher ? "send" : "receive")
                var (media, answer) = try negotiators[place].answer(
                    to: offer, previous: nil, profile: .sdk, using: &random)
                media.bearsPadding = options.padsPackets
                _ = try load.pipe.ask("answer", answer)
                try submit(.addPeer(PeerID(index + 1), media), to: loops[place])
                if isPublisher {
                    try relay(index, media, over: loops)
                } else {
                    try bindSlots(of: index, media, on: loops[place])
                }
            }
            if !own.isEmpty { _ = try load.pipe.ask("dial") }
        }
    }

    /// Hands what a publisher sends from the first loop to all others.
    private func relay(
        _ index: Int, _ media: PeerMedia, over loops: [MediaLoop<MeasuredWorker>]
    ) throws {
        let publisher = PeerID(index + 1)
        for other in loops.indices.dropFirst() {
            try submit(.addStandIn(publisher, media, loop: 0), to: loops[other])
            for mid in ["0", "1"] {
                try submit(
                    .acceptTrack(publisher: publisher, mid: mid, true), to: loops[other])
                try submit(
                    .relayTrack(publisher: publisher, mid: mid, to: other, true), to: loops[0])
            }
        }
    }

    private func measure(
        _ loops: [MediaLoop<MeasuredWorker>], _ loads: [LoadProcess],
        _ result: inout BenchmarkResult
    ) async throws {
        let sentBefore = loops.map { $0.statistics().sent }
        for load in loads { _ = try load.pipe.ask("reset") }
        for loop in loops {
            guard loop.submit(.begin) else { throw BenchmarkFailure("the media loop is full") }
        }
        try await Task.sleep(for: .seconds(options.seconds))
        for loop in loops {
            guard loop.submit(.end) else { throw BenchmarkFailure("the media loop is full") }
        }
        for load in loads {
            result.load.add(try LoadNumbers(text: try load.pipe.ask("report")))
        }
        for loop in loops {
            for await event in loop.events {
                guard case .cost(let cost) = event else { continue }
                result.costs.append(cost)
                break
            }
        }
        result.cost = WorkerCost.sum(result.costs)
        // Looked up by the loop each second.
        try await Task.sleep(for: .milliseconds(1_100))
        for (loop, before) in zip(loops, sentBefore) {
            let statistics = loop.statistics()
            result.kernelDrops += statistics.kernelDrops + statistics.sent.droppedBufferFull
            result.sendCalls += statistics.sent.calls - before.calls
            result.runs += statistics.sent.runs - before.runs
        }
    }

    private func makeLoop(
        _ identity: CertificateIdentity, _ mesh: RelayMesh?, index: Int
    ) throws -> MediaLoop<MeasuredWorker> {
        var settings = MediaLoopConfiguration()
        settings.name = "media-\(index)"
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
            handler: MeasuredWorker(configuration: worker), mesh: mesh, index: index)
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
