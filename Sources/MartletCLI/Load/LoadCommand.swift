// `martlet load`: publishers and receivers against a running server, to see what it and the way to it bear.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import LoadGenerator
import Signaling
import Wire

/// Joins, publishes, receives, counts, and leaves.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Put publishers and receivers on a running server and measure what arrives.",
        discussion: """
            Every client is a real one: it joins over the server's WebSocket, connects by ICE, DTLS and SRTP over \
            UDP, and leaves at the end. A publisher sends 30 frames of VP8's shape a second, each of five packets, \
            and sound: 1.5 Mbit/s. Receivers count by sequence numbers and open one packet in 16, so that not the \
            load is the bottleneck; if it is, that is said. Ctrl-C ends early, with the table.
            Exit codes: 0 all came in and stayed; 1 the load could not run, or was too slow itself; 2 clients did \
            not come in, or did not stay.
            Example: martlet load --key "main=$SECRET" --rooms 10 --receivers 1000 --frames 10
            """)

    /// Clients did not come in, or did not stay.
    static let incomplete = ExitCode(2)

    @Option(
        name: [.customLong("server"), .customLong("url")],
        help: ArgumentHelp(
            "The server; https:// and wss:// through TLS. [default: MARTLET_SERVER, else \(ServerAddress.standard.text)]",
            valueName: "url"))
    var serverText: String?

    @OptionGroup var keyOptions: KeyOptions

    @Option(
        help: ArgumentHelp(
            "A token, for a load of one client: a token lets one participant in.", valueName: "jwt")
    )
    var token: String?

    @OptionGroup(title: "Clients") var crowd: LoadCrowdOptions

    @OptionGroup(title: "Media") var media: LoadMediaOptions

    @Flag(name: .customLong("json"), help: "Print JSON, for scripts.")
    var isJSON = false

    @Flag(
        inversion: .prefixedNo,
        help: "Print a line each second on standard error. [default: where that is a terminal]")
    var progress: Bool?

    func validate() throws {
        guard token == nil || crowd.publisherCount + crowd.receivers == 1 else {
            throw ValidationError(
                "--token lets one participant in: for more clients give the server's key with --key."
            )
        }
        guard crowd.signaling == .websocket || !media.isBlind else {
            throw ValidationError("--no-video needs --signalling websocket.")
        }
    }

    func run() async throws {
        // A server that closes while it is written to is said in words, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        let interruption = Interruption()
        let summary = try await interruption.watching {
            switch crowd.signaling {
            case .websocket: try await signaled(interruption)
            case .whip: try await offered(interruption)
            }
        }
        print(isJSON ? summary.json : summary.table)
        guard summary.problems.isEmpty else {
            throw CommandFailure(
                "these figures are not the server's: \(summary.problems.joined(separator: "; "))")
        }
        guard summary.isComplete else { throw Self.incomplete }
    }

    private func signaled(_ interruption: Interruption) async throws -> LoadSummary {
        let server = try LoadServer(serverText)
        let keys = try LoadKeys(keyOptions, token: token)
        let cast = try makeCast()
        try reserveDescriptors(for: cast.count)
        var configuration = LoadFleetConfiguration(
            clients: cast.count, address: try await server.localAddress())
        configuration.threads = crowd.threads
        configuration.audio = media.audio
        configuration.video = media.isBlind ? nil : media.video
        configuration.sampleInterval = media.sample
        configuration.sendsFeedback = !media.isMute
        let showsProgress = progress ?? (isatty(STDERR_FILENO) == 1)
        return try await SignaledLoad(
            cast: cast, fleet: try makeFleet(configuration), server: server, keys: keys,
            profile: crowd.profile, joinRate: crowd.joinRate,
            joinTimeout: .seconds(Int64(crowd.joinTimeout)), seconds: crowd.seconds,
            hasVideo: !media.isBlind, hasAudio: !media.isSilent, machine: server.machine,
            interruption: interruption, progress: showsProgress ? LoadProgress() : nil
        ).run()
    }

    private func offered(_ interruption: Interruption) async throws -> LoadSummary {
        let room = try RoomArgument.name(of: crowd.room)
        let server = try LoadServer(serverText)
        let sessions = LoadSessions(
            server: try ServerAddress.chosen(serverText),
            keys: try LoadKeys(keyOptions, token: token), room: room)
        try reserveDescriptors(for: crowd.publisherCount + crowd.receivers)
        var configuration = LoadClientsConfiguration(
            count: crowd.publisherCount + crowd.receivers)
        configuration.audio = media.audio
        configuration.video = media.video
        configuration.pairs = crowd.publisherCount
        configuration.address = try await sessions.localAddress()
        return try await OfferedLoad(
            sessions: sessions, clients: try LoadClients(configuration),
            publishers: crowd.publisherCount, receivers: crowd.receivers, seconds: crowd.seconds,
            machine: server.machine, interruption: interruption
        ).run()
    }

    private func makeCast() throws -> LoadCast {
        do {
            return try LoadCast(
                publishers: crowd.publisherCount, receivers: crowd.receivers, pattern: crowd.room,
                roomCount: crowd.rooms,
                prefix: "load-\(String(UInt32.random(in: 0 ... .max), radix: 36))")
        } catch {
            throw CommandFailure("--room \(printable(crowd.room)): \(error.message)")
        }
    }

    private func makeFleet(_ configuration: LoadFleetConfiguration) throws -> LoadFleet {
        do {
            return try LoadFleet(configuration)
        } catch {
            throw CommandFailure(
                "\(configuration.clients) UDP sockets cannot be had (\(error)): ask for fewer clients, "
                    + "or spread the load over several machines")
        }
    }

    /// Each client has a socket for media and one for signalling.
    private func reserveDescriptors(for clients: Int) throws {
        let needed = 2 * clients + 64
        let limit = DescriptorLimit.raise(to: needed)
        guard limit >= needed else {
            throw CommandFailure(
                "\(clients) clients need \(needed) descriptors, and this process may have \(limit): raise the hard "
                    + "limit (ulimit -Hn \(needed), or LimitNOFILE= of a service), or ask for fewer clients"
            )
        }
    }
}
