// `martlet load`: publishers and receivers against a running server, to see what it and the way to it bear.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import LoadGenerator
import Signaling
import Wire

/// Publishes by WHIP, receives by WHEP, counts, and leaves.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Put publishers and receivers on a running server and measure what arrives.",
        discussion: """
            Every client connects for real, by WHIP or WHEP, ICE, DTLS and SRTP, over UDP. A publisher sends 30 \
            frames of VP8's shape a second, each of five packets, and sound: 1.5 Mbit/s; every receiver shows every \
            publisher. The clients of one command share one thread. If it, and not the server, is too slow, \
            that is said, and the exit code is 1: then spread the load over several commands and machines.
            Example: martlet load --key "main=$SECRET" --room load --receivers 50
            """)

    /// A socket's place in the generator's list is a number of 8 bits.
    static let clientsMax = 255

    @Option(
        name: [.customLong("server"), .customLong("url")],
        help: ArgumentHelp(
            "The server. [default: MARTLET_SERVER, else \(ServerAddress.standard.text)]",
            valueName: "url"))
    var serverText: String?

    @OptionGroup var keyOptions: KeyOptions

    @Option(help: "The room.")
    var room = "load"

    @Option(help: "How many publish, 1 to 16.")
    var publishers = 1

    @Option(help: "How many receive; with the publishers at most \(clientsMax).")
    var receivers = 50

    @Option(help: "How long is measured, once all have joined.")
    var seconds = 10

    @Option(help: "Frames of video a second, 1 to 1000.")
    var frames = 30

    @Option(help: "Packets in each of them, 1 to 32.")
    var packets = 5

    @Option(help: "Bytes of each packet's payload, 32 to 1300.")
    var payload = 1_200

    @Flag(help: "Spread a frame's packets over its interval, as browsers pace them.")
    var spread = false

    @Flag(name: .customLong("no-audio"), help: "Send video alone.")
    var isSilent = false

    @Flag(name: .customLong("json"), help: "Print JSON, for scripts.")
    var isJSON = false

    func validate() throws {
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw ValidationError(
                    "--\(name) must be \(range.lowerBound) to \(range.upperBound).")
            }
        }
        try check("publishers", publishers, 1...16)
        try check("receivers", receivers, 0...(Self.clientsMax - publishers))
        try check("seconds", seconds, 1...86_400)
        try check("frames", frames, 1...1_000)
        try check("packets", packets, 1...32)
        try check("payload", payload, 32...1_300)
    }

    func run() async throws {
        // A server that closes while it is written to is said in words, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        let room = try RoomArgument.name(of: room)
        let sessions = LoadSessions(
            server: try ServerAddress.chosen(serverText), keys: try LoadKeys(keyOptions),
            room: room)
        let clients = try LoadClients(
            try configuration(address: try await sessions.localAddress()))
        var result: Result<LoadSummary, any Error>
        do {
            result = .success(try await measure(clients, sessions))
        } catch {
            result = .failure(error)
        }
        await clients.stop()
        await sessions.leave()
        if case .failure(let failure as LoadFailure) = result {
            throw CommandFailure(failure.description)
        }
        let summary = try result.get()
        print(isJSON ? summary.json : summary.table)
        guard summary.problems.isEmpty else {
            throw CommandFailure(
                "these figures are not the server's: \(summary.problems.joined(separator: "; "))")
        }
    }

    private func measure(
        _ clients: LoadClients, _ sessions: LoadSessions
    ) async throws -> LoadSummary {
        var joins: [MediaDuration] = []
        for number in 0..<(publishers + receivers) {
            joins.append(try await sessions.join(clients, publishes: number < publishers))
            if number == publishers - 1 { await clients.publish() }
        }
        await clients.resetCounters()
        try await Task.sleep(for: .seconds(seconds))
        return LoadSummary(
            report: try await clients.report(), publishers: publishers, receivers: receivers,
            joins: joins, kernelDrops: await clients.kernelDrops)
    }

    private func configuration(address: NetworkAddress) throws -> LoadClientsConfiguration {
        var configuration = LoadClientsConfiguration(count: publishers + receivers)
        configuration.audio = isSilent ? nil : .audio
        configuration.video = LoadShape(
            interval: MediaDuration(nanoseconds: 1_000_000_000 / Int64(frames)),
            packetsInFrame: packets, payloadBytes: payload, isSpread: spread)
        configuration.pairs = publishers
        configuration.address = address
        return configuration
    }
}
