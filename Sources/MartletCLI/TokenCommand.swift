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
            For a backend that may do everything over the admin interface:
            martlet token --key "main=$SECRET" --admin --ttl 10m
            """)

    @OptionGroup var keyOptions: KeyOptions

    @Flag(name: .customLong("dev"), help: "Take short secrets too.")
    var isDevelopment = false

    @Option(help: "The room the token opens. Only with --admin it may be left out: for all rooms.")
    var room: String?

    @Option(
        help: """
            Who the bearer is; the same id joining again replaces the first. Without --room it may be \
            left out.
            """)
    var participant: String?

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

    @Flag(name: .customLong("no-data"), help: "The bearer sends no data and no messages.")
    var isSilent = false

    @Option(help: "The role to begin with, if not that of the room's profile.")
    var role: ParticipantRole?

    @Flag(name: .customLong("no-change-role"), help: "The bearer keeps the role it begins with.")
    var isRoleFixed = false

    @Flag(help: "The bearer may change its own name, metadata and attributes.")
    var updateSelf = false

    @Flag(help: "The others do not see the bearer, who can then publish nothing.")
    var hidden = false

    @Flag(help: "The bearer may use the admin interface: for its room, or without one for all.")
    var admin = false

    func validate() throws {
        guard room != nil || admin else {
            throw ValidationError("Missing --room; only an --admin token is for all rooms.")
        }
        guard participant != nil || room == nil else {
            throw ValidationError("Missing --participant.")
        }
    }

    func run() throws {
        let ring = try keyOptions.ring(isDevelopment: isDevelopment)
        guard let keyName = ring.names.first, let issuer = TokenIssuer(keyName: keyName, of: ring)
        else {
            throw CommandFailure(
                "no key: give --key NAME=SECRET or set \(KeyOptions.environmentName)")
        }
        do {
            let token = AccessToken(
                participant: try ParticipantID(participant ?? "admin"),
                room: try room.map { name throws(SignalingError) in try RoomName(name) },
                expiresAt: Int64(Date().timeIntervalSince1970) + ttl.seconds,
                name: try name.map { name throws(SignalingError) in try DisplayName(name) },
                metadata: try metadata.map { text throws(SignalingError) in try Metadata(text) },
                grants: TokenGrants(
                    publish: try sources(), subscribe: !isDeaf, data: !isSilent, role: role,
                    changeRole: !isRoleFixed, updateSelf: updateSelf, admin: admin, hidden: hidden))
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

extension ParticipantRole: ExpressibleByArgument {}

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
