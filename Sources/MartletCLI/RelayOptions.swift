// The options of `martlet serve` that name TURN servers.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import Signaling

/// `--turn-url`, and the secret shared with the relays, which rather stands in the environment.
struct RelayOptions: ParsableArguments {
    /// The environment variable with the secret.
    static let environmentName = "MARTLET_TURN_SECRET"

    @Option(
        name: .customLong("turn-url"),
        help: ArgumentHelp(
            "A TURN server for clients that find no direct way; may be repeated.",
            discussion: """
                For instance turns:turn.example.com:443?transport=tcp. Clients get credentials that end by \
                themselves, as coturn checks them with use-auth-secret.
                """, valueName: "url"), transform: Self.url)
    var urls: [RelayURL] = []

    @Option(
        name: .customLong("turn-secret"),
        help: ArgumentHelp(
            "The secret shared with the TURN servers; rather set \(environmentName).",
            valueName: "secret"))
    var secret: String?

    @Option(name: .customLong("turn-lifetime"), help: "How long a client's credentials last.")
    var lifetime = Lifetime(seconds: 24 * 3600)

    func validate() throws {
        guard urls.count <= RelayServers.urlsMax else {
            throw ValidationError("At most \(RelayServers.urlsMax) times --turn-url.")
        }
        let longest = RelayServers.lifetimeSecondsRange.upperBound
        guard (RelayServers.shortestLifetimeSeconds...longest).contains(lifetime.seconds) else {
            throw ValidationError("--turn-lifetime must be 1m to 30d.")
        }
    }

    /// The relays as configured; `nil`: none.
    func servers(isDevelopment: Bool) throws -> RelayServers? {
        let secret = secret ?? ProcessInfo.processInfo.environment[Self.environmentName] ?? ""
        guard !urls.isEmpty else {
            guard self.secret == nil else {
                throw CommandFailure("--turn-secret is of no use without --turn-url")
            }
            return nil
        }
        guard !secret.isEmpty else {
            throw CommandFailure(
                "--turn-url needs the secret of the TURN server: set \(Self.environmentName)")
        }
        do {
            return try RelayServers(
                urls: urls, secret: Array(secret.utf8), lifetimeSeconds: lifetime.seconds,
                isDevelopment: isDevelopment)
        } catch .weakSecret {
            throw CommandFailure(
                "the TURN secret is shorter than \(RelayServers.secretBytesMin) bytes; "
                    + "make one with: openssl rand -hex 32")
        } catch .invalidLifetime {
            throw CommandFailure("--turn-lifetime must be 1m to 30d; less is for --dev alone")
        } catch {
            throw CommandFailure("the TURN servers cannot be used: \(error)")
        }
    }
}

extension RelayOptions {
    /// Reads an address, and says what is wrong with it.
    private static func url(_ text: String) throws -> RelayURL {
        do throws(RelayURLError) {
            return try RelayURL(text)
        } catch {
            let reason =
                switch error {
                case .unknownScheme: "it begins with turn: or turns:"
                case .invalidHost: "a name or an address stands behind turn:, without slashes"
                case .invalidPort: "a port is 1 to 65535"
                case .invalidTransport: "all that may follow is ?transport=udp or ?transport=tcp"
                case .secureOverUDP: "browsers reach a turns: server over TCP alone"
                }
            throw ValidationError("\(text) is no TURN server: \(reason).")
        }
    }
}
