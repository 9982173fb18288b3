// The commands that change something: a room is made or closed, somebody is sent away.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import NIOHTTP1
import Signaling

/// Makes a room.
struct RoomCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a room with timeouts, limits and text of its own.",
        discussion: """
            A room that nobody enters closes by itself after 30 s, or after --empty-timeout.
            Example: martlet room create standup --empty-timeout 1h --participants 12
            """)

    @OptionGroup var argument: RoomArgument
    @OptionGroup var options: ControlOptions

    @Option(help: "How long it waits for its first member.")
    var emptyTimeout: Lifetime?

    @Option(help: "How long it stays after its last member has gone.")
    var departureTimeout: Lifetime?

    @Option(help: "How it is used, if the first to join is not to say so.")
    var profile: RoomProfile?

    @Flag(help: "The audience of a broadcast is seen by the others.")
    var showAudience = false

    @Flag(help: "Refuse a second session of one id instead of letting it replace the first.")
    var refuseDuplicates = false

    @Option(help: "Text of the application, told to everybody who joins.")
    var metadata: String?

    @Option(help: ArgumentHelp("The most members, players included.", valueName: "count"))
    var participants: Int?

    @Option(help: ArgumentHelp("The most tracks one participant publishes.", valueName: "count"))
    var tracks: Int?

    func run() async throws {
        let name = try argument.name()
        var wanted = RoomOptions()
        wanted.emptySeconds = emptyTimeout?.seconds
        wanted.departureSeconds = departureTimeout?.seconds
        wanted.profile = profile
        if showAudience { wanted.showsAudience = true }
        if refuseDuplicates { wanted.refusesDuplicates = true }
        wanted.participantsMax = participants
        wanted.tracksPerParticipantMax = tracks
        do {
            wanted.metadata = try metadata.map { text throws(SignalingError) in
                try Metadata(text)
            }
        } catch {
            throw CommandFailure(error.message)
        }
        let body = ControlBody.encode(RoomCreation(name: name, options: wanted))
        do {
            let room = try await options.client().ask(
                .POST, "/v1/rooms", body, for: RoomDescription.self)
            print(
                options.isJSON
                    ? printableJSON(ControlBody.encode(room)) : RoomText.facts(of: room))
        } catch let failure as CommandFailure {
            throw failure.naming(name)
        }
    }
}

extension RoomProfile: ExpressibleByArgument {}

/// Closes a room.
struct RoomCloseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close",
        abstract: "Close a room: everybody in it is told so and let go.")

    @OptionGroup var argument: RoomArgument
    @OptionGroup var options: ControlOptions

    func run() async throws {
        let name = try argument.name()
        do {
            try await options.client().send(.DELETE, ControlClient.path(of: name))
        } catch let failure as CommandFailure {
            throw failure.naming(name)
        }
        print(
            options.isJSON
                ? printableJSON(ControlBody.encode(["closed": name])) : "closed room \(name)")
    }
}

/// Sends somebody away.
struct RoomKickCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kick",
        abstract: "Send somebody out of a room, and keep them out for a time if wanted.",
        discussion: "Example: martlet room kick standup bob --ban 10m")

    @OptionGroup var argument: RoomArgument

    @Argument(help: "The participant's id.")
    var participant: String

    @OptionGroup var options: ControlOptions

    @Option(help: "How long they may not come back; they may be gone already.")
    var ban: Lifetime?

    func run() async throws {
        let name = try argument.name()
        let who: ParticipantID
        do {
            who = try ParticipantID(participant)
        } catch {
            throw CommandFailure(error.message)
        }
        do {
            var path = ControlClient.path(of: who, in: name)
            if let ban { path += "?ban=\(ban.seconds)" }
            try await options.client().send(.DELETE, path)
        } catch let failure as CommandFailure {
            throw failure.naming(name, who)
        }
        let until = ban.map { " and banned for \(shortDuration($0.seconds))" } ?? ""
        print(
            options.isJSON
                ? printableJSON(ControlBody.encode(["kicked": who]))
                : "removed \(who) from room \(name)\(until)")
    }
}
