// `martlet serve`: reads the options, wires the parts, and runs until a signal.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import DTLS
import FoundationEssentials
import Glibc
import Logging
import MediaCrypto
import MediaIO
import Negotiation
import Rooms
import SRTP
import SignalServer
import Signaling
import UnixSignals
import Wire

/// Runs the server.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run a server: page, signalling, rooms and media in one process.",
        discussion: """
            To try it: martlet serve --dev, then open the printed address in two tabs.
            In service: MARTLET_KEYS="main=$SECRET" martlet serve --public-address 203.0.113.7, \
            with a TLS proxy before the HTTP port and the UDP port reachable from outside.
            SIGTERM or SIGINT tells every client and stops within two seconds; with --on-shutdown end
            clients do not come back by themselves. What has not stopped after five is given up: the
            server says what, and ends with exit code 1.
            """)

    @Flag(
        name: .customLong("dev"),
        help: "Let anybody join without a token, and make a key. For trying out only.")
    var isDevelopment = false

    @Option(name: .customLong("http"), help: "Where to serve HTTP: HOST, HOST:PORT or :PORT.")
    var http = HTTPAddress(host: "127.0.0.1", port: HTTPAddress.defaultPort)

    @Option(help: "The UDP port of all media; with several loops each takes the next. 0: any.")
    var udpPort: UInt16 = 7881

    @Flag(
        inversion: .prefixedNo,
        help: "Take media over TCP as well, on the ports of --udp-port, for networks without UDP.")
    var tcp = true

    @Option(
        name: .customLong("public-address"),
        help: ArgumentHelp(
            "The address clients reach this machine at, told instead of its own; may be repeated.",
            valueName: "ip"))
    var publicAddresses: [String] = []

    @Option(help: "How many media loops to run, each on a thread and a UDP port of its own.")
    var loops = 1

    @Option(
        help:
            "How many members of one room its own media loop carries before others share the room.")
    var roomPeersPerLoop = 200

    @OptionGroup var keyOptions: KeyOptions

    @OptionGroup(title: "Relays") var relayOptions: RelayOptions

    @Option(
        help: ArgumentHelp(
            "SRTP profiles, most wished first: \(SRTPProfileList.names.joined(separator: ", ")).",
            valueName: "list"))
    var srtpProfiles = SRTPProfileList.standard

    @Option(
        help: ArgumentHelp(
            "The folder of the page and the browser SDK. [default: the one found beside the program]",
            valueName: "folder"))
    var webRoot: String?

    @Option(help: "The most rooms at a time.")
    var rooms = RoomDirectoryConfiguration().roomsMax

    @Option(help: "The most members of one room.")
    var roomParticipants = RoomConfiguration().participantsMax

    @Option(help: "How long a room stays after its last member has gone.")
    var roomTimeout = Lifetime(seconds: 10)

    @Option(help: "How long a session whose WebSocket broke waits for its client.")
    var resumeTimeout = Lifetime(seconds: 30)

    @Option(
        help: ArgumentHelp(
            "Whose pages may join: origins such as https://example.org, separated by commas. [default: all]",
            valueName: "list"))
    var allowedOrigins = AllowedOrigins.any

    @Option(help: "What clients do when the server is told to stop: rejoin or end.")
    var onShutdown = ShutdownNotice.rejoin

    @Option(
        help: "How much to log: trace, debug, info, notice, warning, error or critical.",
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else {
                throw ValidationError("\(text) is no log level.")
            }
            return level
        })
    var logLevel = Logger.Level.warning

    func validate() throws {
        guard (1...64).contains(loops) else {
            throw ValidationError("--loops must be 1 to 64.")
        }
        guard udpPort == 0 || Int(udpPort) + loops - 1 <= 65_535 else {
            throw ValidationError("--udp-port leaves no ports for \(loops) loops.")
        }
        guard rooms >= 1, roomParticipants >= 1, roomPeersPerLoop >= 1 else {
            throw ValidationError(
                "--rooms, --room-participants and --room-peers-per-loop must be at least 1.")
        }
    }

    func run() async throws {
        let (keys, developmentKey) = try makeKeys()
        let relays = try relayOptions.servers(isDevelopment: isDevelopment)
        let folder = try findWebRoot()
        let publicAddresses = try readPublicAddresses()
        raiseDescriptorLimit()

        let identity: CertificateIdentity
        let dtls: DTLSContext
        do {
            identity = try CertificateIdentity.generateP256(commonName: "martlet")
            dtls = try DTLSContext(identity: identity, srtpProfiles: srtpProfiles.numbers)
        } catch {
            throw CommandFailure("OpenSSL cannot be used: \(error)")
        }
        let media = try MediaLoops(
            count: loops, addresses: LocalAddresses.all(), port: udpPort,
            acceptsStreams: tcp, dtls: dtls)
        let progress = StopProgress()
        defer {
            progress.reach(.media)
            media.stop()
            progress.end()
        }

        var configuration = SignalServerConfiguration(
            keys: keys,
            negotiators: (0..<loops).map { loop in
                let bound = media.addresses(of: loop)
                let told =
                    publicAddresses.isEmpty
                    ? bound : publicAddresses.map { $0.with(port: bound.first?.port ?? udpPort) }
                return Negotiator(
                    configuration: ServerMediaConfiguration(
                        fingerprint: Self.fingerprint(of: identity),
                        candidates: HostCandidate.list(told, withTCP: tcp)))
            })
        configuration.host = http.host
        configuration.port = http.port
        configuration.webRoot = folder
        configuration.isDevelopment = isDevelopment
        configuration.onShutdown = onShutdown
        configuration.allowedOrigins = allowedOrigins
        configuration.relays = relays
        configuration.roomPeersPerLoop = roomPeersPerLoop
        configuration.rooms.roomsMax = rooms
        configuration.rooms.room.participantsMax = roomParticipants
        configuration.rooms.room.departureTimeout = .seconds(roomTimeout.seconds)
        configuration.rooms.room.resumeTimeout = .seconds(resumeTimeout.seconds)

        var logger = Logger(label: "martlet") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = logLevel
        let service = SignalService(configuration: configuration, plane: media, logger: logger)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        do {
            try await service.run(
                onRunning: { port in
                    greet(
                        port: port, media: media.addresses(of: 0), folder: folder,
                        developmentKey: developmentKey)
                },
                until: {
                    for await _ in signals { break }
                    progress.begin { service.connectionsOpen }
                })
        } catch let error as SignalServiceError {
            throw CommandFailure(error.description)
        }
    }

    // MARK: Before

    private func makeKeys() throws -> (keys: TokenKeys, developmentKey: String?) {
        var keys = try keyOptions.ring(isDevelopment: isDevelopment)
        guard keys.names.isEmpty else { return (keys, nil) }
        guard isDevelopment else {
            throw CommandFailure(
                "no key: give --key NAME=SECRET, set \(KeyOptions.environmentName), "
                    + "or try it out with --dev")
        }
        var random = SecureRandom()
        let secret = (0..<4).map { _ in
            let digits = String(random.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        try keys.add(name: "dev", secret: Array(secret.utf8))
        return (keys, "dev=\(secret)")
    }

    private func findWebRoot() throws -> String? {
        if let webRoot {
            guard FileManager.default.fileExists(atPath: webRoot + "/index.html") else {
                throw CommandFailure("there is no page in \(webRoot): index.html is missing")
            }
            return webRoot
        }
        return WebRoot.candidates().first {
            FileManager.default.fileExists(atPath: $0 + "/index.html")
        }
    }

    private func readPublicAddresses() throws -> [NetworkAddress] {
        try publicAddresses.map { text in
            guard let address = NetworkAddress(host: text, port: 0) else {
                throw CommandFailure("--public-address \(text) is no IP address")
            }
            return address
        }
    }

    /// Each connection holds a descriptor, and the usual soft limit is 1024.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return
        }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static func fingerprint(of identity: CertificateIdentity) -> Fingerprint {
        let digest = Digest.sha256(identity.certificateDER.span)
        var bytes: [UInt8] = []
        for index in digest.indices { bytes.append(digest[index]) }
        return Fingerprint(algorithm: "sha-256", bytes: bytes)
    }

    // MARK: Greeting

    private func greet(
        port: Int, media: [NetworkAddress], folder: String?, developmentKey: String?
    ) {
        let address = "http://\(http.hostToOpen):\(port)"
        var lines = ["martlet \(MartletVersion.text)\(isDevelopment ? ", development server" : "")"]
        lines.append("  address  \(address)/")
        lines.append(
            "  media    UDP \(media.map(\.description).joined(separator: ", "))"
                + (loops > 1 ? " and the next \(loops - 1) ports" : ""))
        lines.append(
            "  cipher   AES-GCM by \(GCMBackend.chosen == .ipsecMB ? "IPsec-MB" : "OpenSSL")")
        if !relayOptions.urls.isEmpty {
            lines.append(
                "  relays   \(relayOptions.urls.map(\.text).joined(separator: ", "))")
        }
        if let developmentKey { lines.append("  key      \(developmentKey)") }
        if folder == nil {
            lines.append("  page     not built: run `make web`, or name its folder with --web-root")
        } else if isDevelopment {
            lines.append("  join     \(address)/?room=demo")
        }
        if !http.isLoopback {
            lines.append(
                "  note     cameras need HTTPS away from this machine: put a TLS proxy before this port"
            )
        }
        print(lines.joined(separator: "\n"))
        // Scripts wait for these lines through a pipe.
        fflush(nil)
    }
}

extension ShutdownNotice: ExpressibleByArgument {}

extension AllowedOrigins: ExpressibleByArgument {
    /// Reads origins separated by commas.
    public init?(argument: String) {
        self.init(argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
    }

    /// What `--help` says.
    public var defaultValueDescription: String { "all" }
}
