// `martlet token`: signs an access token, for trying out and for backends that are shell scripts.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import Signaling

/// Prints a JWT that lets one person into one room.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Print an access token for one person and one room.",
        discussion: """
            Example: martlet token --key "main=$SECRET" --room demo --participant anna --ttl 1h
            """)

    @OptionGroup var keyOptions: KeyOptions

    @Flag(name: .customLong("dev"), help: "Take short secrets too.")
    var isDevelopment = false

    @Option(help: "The room the token opens.")
    var room: String

    @Option(help: "Who the bearer is; the same id joining again replaces the first.")
    var participant: String

    @Option(help: "The name shown to the others.")
    var name: String?

    @Option(help: "Text of the application that the others are told.")
    var metadata: String?

    @Option(help: "How long it is valid: seconds, or a number with s, m, h or d.")
    var ttl: Lifetime = Lifetime(seconds: 3600)

    @Option(
        help: ArgumentHelp(
            "What may be published: a list of \(TrackSource.allCases.map(\.rawValue).joined(separator: ", ")); or all, or none.",
            valueName: "sources"))
    var publish = "all"

    @Flag(name: .customLong("no-subscribe"), help: "The bearer hears and sees nobody.")
    var isDeaf = false

    @Flag(help: "The others do not see the bearer.")
    var hidden = false

    @Flag(help: "The bearer may use the admin interface.")
    var admin = false

    func run() throws {
        let ring = try keyOptions.ring(isDevelopment: isDevelopment)
        guard let keyName = ring.names.first, let issuer = TokenIssuer(keyName: keyName, of: ring)
        else {
            throw CommandFailure(
                "no key: give --key NAME=SECRET or set \(KeyOptions.environmentName)")
        }
        do {
            let token = AccessToken(
                participant: try ParticipantID(participant), room: try RoomName(room),
                expiresAt: Int64(Date().timeIntervalSince1970) + ttl.seconds,
                name: try name.map { name throws(SignalingError) in try DisplayName(name) },
                metadata: try metadata.map { text throws(SignalingError) in try Metadata(text) },
                grants: TokenGrants(
                    publish: try sources(), subscribe: !isDeaf, admin: admin, hidden: hidden))
            print(issuer.issue(token))
        } catch let error as SignalingError {
            throw CommandFailure(error.message)
        }
    }

    private func sources() throws -> TrackSourceSet {
        if publish == "all" { return .all }
        if publish == "none" { return [] }
        var sources: TrackSourceSet = []
        for word in publish.split(separator: ",") {
            guard let source = TrackSource(rawValue: String(word)) else {
                throw CommandFailure("\(word) is no source; see martlet token --help")
            }
            sources.insert(TrackSourceSet(source))
        }
        return sources
    }
}

/// A length of time as it is typed: `90`, `90s`, `15m`, `1h`, `7d`.
struct Lifetime: ExpressibleByArgument {
    let seconds: Int64

    init(seconds: Int64) { self.seconds = seconds }

    init?(argument: String) {
        let units: [(Character, Int64)] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)]
        let unit = units.first { argument.last == $0.0 }
        guard let count = Int64(unit == nil ? argument[...] : argument.dropLast()), count > 0,
            count <= 100 * 366 * 86_400
        else { return nil }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: unit?.1 ?? 1)
        guard !overflow, seconds <= 100 * 366 * 86_400 else { return nil }
        self.seconds = seconds
    }

    var defaultValueDescription: String { "\(seconds)s" }
}
