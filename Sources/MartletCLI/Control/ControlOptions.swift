// The options of every command that asks a running server: where it is, and by what right.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import Signaling

/// `--server`, `--key` or `--token`, and `--json`.
struct ControlOptions: ParsableArguments {
    /// How long a token that is made for one command lasts, in seconds.
    static let tokenSeconds: Int64 = 60

    @Option(
        name: .customLong("server"),
        help: ArgumentHelp(
            "The server to ask. [default: MARTLET_SERVER, else \(ServerAddress.standard.text)]",
            valueName: "url"))
    var serverText: String?

    @OptionGroup var keyOptions: KeyOptions

    @Option(
        help: ArgumentHelp(
            "An admin token, instead of making one with a key.", valueName: "jwt"))
    var token: String?

    @Flag(name: .customLong("json"), help: "Print JSON, for scripts.")
    var isJSON = false

    /// The client that these options mean.
    /// - Throws: What is missing or wrong, and what to do.
    func client() throws -> ControlClient {
        let server = try ServerAddress.chosen(serverText)
        if let token {
            guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw CommandFailure("--token is no token; `martlet token --admin` makes one")
            }
            return ControlClient(server: server, token: token, keyName: nil)
        }
        // How long a secret must be is for the server to say: a development server takes short ones.
        let ring = try keyOptions.ring(isDevelopment: true)
        guard let keyName = ring.names.first, let issuer = TokenIssuer(keyName: keyName, of: ring)
        else {
            throw CommandFailure(
                "no key: give the server's with --key NAME=SECRET or \(KeyOptions.environmentName), "
                    + "or an admin token with --token")
        }
        let claims = AccessToken(
            participant: try ParticipantID("martlet-cli"), room: nil,
            expiresAt: Int64(Date().timeIntervalSince1970) + Self.tokenSeconds,
            grants: TokenGrants(
                publish: [], subscribe: false, data: false, changeRole: false, admin: true,
                hidden: true))
        return ControlClient(server: server, token: issuer.issue(claims), keyName: keyName)
    }
}

extension ServerAddress {
    /// The server that was named, else that of the environment, else the one on this machine.
    /// - Throws: What is wrong with the name.
    static func chosen(_ named: String?) throws -> ServerAddress {
        let environment = ProcessInfo.processInfo.environment[environmentName]
        guard let text = named ?? environment, !text.isEmpty else { return .standard }
        if text.lowercased().hasPrefix("https://") {
            throw CommandFailure(
                "this command speaks no HTTPS: run it on the server's own machine, "
                    + "or reach its HTTP port through a tunnel (ssh -L 7880:127.0.0.1:7880 HOST)")
        }
        guard let server = ServerAddress(argument: text) else {
            throw CommandFailure(
                "\(printable(text)) is no address of a server, as \(ServerAddress.standard.text) is"
            )
        }
        return server
    }
}
