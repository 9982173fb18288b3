// The load's process: clients over real sockets, told what to do through a pipe.
// SPDX-License-Identifier: Apache-2.0
import LoadGenerator
import Wire

/// Does what it is asked for, one message after the other: `offer`, `answer`, `accept`, `dial`, `publish`, `reset`
/// and `report`. Whoever asks carries offers and answers to the server, whichever server that is.
struct LoadSide {
    let options: BenchmarkOptions
    let pipe: FramedPipe

    func run() async throws {
        let clients = try LoadClients(configuration)
        while let message = try? pipe.receive() {
            let (word, rest) = FramedPipe.split(message)
            do {
                try pipe.send("ok\n" + (try await answer(word, rest, by: clients)))
            } catch {
                try pipe.send("failed\n\(error)")
            }
        }
        await clients.stop()
    }

    private func answer(
        _ word: String, _ rest: String, by clients: LoadClients
    ) async throws -> String {
        switch word {
        case "offer": return try await clients.offer(sends: rest == "send")
        case "answer": try await clients.take(answer: rest)
        case "accept": return try await clients.answer(to: rest)
        case "dial": try await clients.dial()
        case "publish": await clients.publish()
        case "reset": await clients.resetCounters()
        case "report":
            let report = try await clients.report()
            return LoadNumbers(report, kernelDrops: await clients.kernelDrops).text
        default: throw BenchmarkFailure("nobody knows how to \(word)")
        }
        return ""
    }

    private var configuration: LoadClientsConfiguration {
        var configuration = LoadClientsConfiguration(
            count: options.clients(ofPart: options.part).count)
        configuration.audio = options.hasAudio ? .audio : nil
        configuration.video = LoadShape(
            interval: MediaDuration(nanoseconds: 1_000_000_000 / Int64(options.frames)),
            packetsInFrame: options.packets, payloadBytes: options.payload,
            isSpread: options.isSpread, isUneven: options.isUneven)
        configuration.pairs = options.publishers
        configuration.profile = options.profile
        configuration.address = options.address
        configuration.cpu = options.isPinned ? 1 : nil
        return configuration
    }
}

/// The load's counters as they travel through the pipe: `name=number`, separated by blanks.
struct LoadNumbers {
    var sent: UInt64 = 0
    var received: UInt64 = 0
    var lost: UInt64 = 0
    var failed: UInt64 = 0
    var medianMicroseconds: UInt64 = 0
    var p99Microseconds: UInt64 = 0
    var kernelDrops: UInt64 = 0
    var cpuMicroseconds: UInt64 = 0
    var wallMicroseconds: UInt64 = 0

    /// The share of a core that the clients' thread used.
    var cpuShare: Double { Double(cpuMicroseconds) / Double(max(1, wallMicroseconds)) }

    private static var places: [(name: String, path: WritableKeyPath<LoadNumbers, UInt64>)] {
        [
            ("sent", \.sent), ("received", \.received), ("lost", \.lost), ("failed", \.failed),
            ("latency_p50_us", \.medianMicroseconds), ("latency_p99_us", \.p99Microseconds),
            ("kernel_drops", \.kernelDrops), ("cpu_us", \.cpuMicroseconds),
            ("wall_us", \.wallMicroseconds),
        ]
    }

    init() {}

    init(_ report: LoadReport, kernelDrops: UInt64) {
        sent = report.sent
        received = report.received
        lost = report.lost
        failed = report.failed
        medianMicroseconds = Self.microseconds(report.latency.quantile(0.5))
        p99Microseconds = Self.microseconds(report.latency.quantile(0.99))
        self.kernelDrops = kernelDrops
        cpuMicroseconds = Self.microseconds(report.cpuTime)
        wallMicroseconds = Self.microseconds(report.wallTime)
    }

    init(text: String) throws {
        for word in text.split(separator: " ") {
            let parts = word.split(separator: "=")
            guard parts.count == 2, let value = UInt64(parts[1]),
                let place = Self.places.first(where: { $0.name == parts[0] })?.path
            else { throw BenchmarkFailure("the load's report is garbled") }
            self[keyPath: place] = value
        }
    }

    /// Adds what another process counted at the same time; of its latencies the worse count.
    mutating func add(_ other: LoadNumbers) {
        sent += other.sent
        received += other.received
        lost += other.lost
        failed += other.failed
        medianMicroseconds = max(medianMicroseconds, other.medianMicroseconds)
        p99Microseconds = max(p99Microseconds, other.p99Microseconds)
        kernelDrops += other.kernelDrops
        cpuMicroseconds += other.cpuMicroseconds
        wallMicroseconds = max(wallMicroseconds, other.wallMicroseconds)
    }

    var text: String {
        Self.places.map { "\($0.name)=\(self[keyPath: $0.path])" }.joined(separator: " ")
    }

    private static func microseconds(_ duration: MediaDuration) -> UInt64 {
        UInt64(max(0, duration.nanoseconds / 1_000))
    }
}
