// `martlet room`: sees and changes the rooms of a running server.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import NIOHTTP1
import SignalServer
import Signaling

/// The commands about rooms.
struct RoomCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "room",
        abstract: "See, make and close rooms of a running server, and send people away.",
        discussion: """
            The server is asked at http://127.0.0.1:7880 unless --server or MARTLET_SERVER says otherwise, \
            with a key of its own from --key or MARTLET_KEYS, or with an admin token.
            Example: martlet room list --key "main=$SECRET"
            """,
        subcommands: [
            RoomListCommand.self, RoomGetCommand.self, RoomCreateCommand.self,
            RoomCloseCommand.self, RoomKickCommand.self,
        ])
}

/// A room's name as it is typed.
struct RoomArgument: ParsableArguments {
    @Argument(help: "The room's name.")
    var room: String

    /// The checked name.
    func name() throws -> RoomName { try Self.name(of: room) }

    /// The checked name of a room as it was typed.
    static func name(of room: String) throws -> RoomName {
        do {
            return try RoomName(room)
        } catch {
            throw CommandFailure(error.message)
        }
    }
}

extension CommandFailure {
    /// The same failure, said of what was named: a room or a participant that is not there.
    func naming(_ room: RoomName, _ participant: ParticipantID? = nil) -> CommandFailure {
        switch code {
        case ErrorCode.roomNotFound.rawValue:
            CommandFailure("there is no room \(room); `martlet room list` shows those there are")
        case ErrorCode.participantNotFound.rawValue:
            CommandFailure(
                "nobody called \(participant?.text ?? "that") is in room \(room); "
                    + "`martlet room get` shows who is")
        case ErrorCode.roomExists.rawValue:
            CommandFailure(
                "there is a room \(room) already; close it first, or choose another name")
        default: self
        }
    }
}

/// Lists rooms.
struct RoomListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the rooms there are, sorted by name.")

    /// Rooms asked for at a time.
    static let pageRooms = 500
    /// The most pages asked for, whatever the server says.
    static let pagesMax = 1_000

    @OptionGroup var options: ControlOptions

    @Option(help: "Only rooms whose names begin so.")
    var prefix: String?

    func run() async throws {
        let client = try options.client()
        var list = RoomList(rooms: [])
        for _ in 0..<Self.pagesMax {
            var path = "/v1/rooms?limit=\(Self.pageRooms)"
            if let prefix { path += "&prefix=\(percentEncoded(prefix))" }
            if let next = list.next { path += "&after=\(percentEncoded(next.text))" }
            let page = try await client.ask(.GET, path, for: RoomList.self)
            list.rooms += page.rooms
            list.next = page.next
            if page.next == nil { break }
        }
        if options.isJSON {
            print(printableJSON(ControlBody.encode(list)))
        } else if list.rooms.isEmpty {
            print("no rooms")
        } else {
            print(Self.table(of: list.rooms))
        }
    }

    private static func table(of rooms: [RoomDescription]) -> String {
        var table = TextTable([
            .init(title: "ROOM"), .init(title: "PARTICIPANTS", isNumber: true),
            .init(title: "PLAYERS", isNumber: true), .init(title: "TRACKS", isNumber: true),
            .init(title: "AGE", isNumber: true), .init(title: "PROFILE"),
        ])
        for room in rooms {
            table.add([
                room.name.text, String(room.participants), String(room.players),
                String(room.tracks), shortDuration(room.ageSeconds),
                room.profile?.rawValue ?? "",
            ])
        }
        return table.text
    }
}

/// Shows a room and who is in it.
struct RoomGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show a room and everybody in it.")

    @OptionGroup var argument: RoomArgument
    @OptionGroup var options: ControlOptions

    /// What is printed for scripts.
    private struct Whole: Encodable {
        var room: RoomDescription
        var participants: [ParticipantDescription]
    }

    func run() async throws {
        let name = try argument.name()
        let client = try options.client()
        do {
            let path = ControlClient.path(of: name)
            let room = try await client.ask(.GET, path, for: RoomDescription.self)
            let list = try await client.ask(
                .GET, "\(path)/participants", for: ParticipantList.self)
            if options.isJSON {
                print(
                    printableJSON(
                        ControlBody.encode(Whole(room: room, participants: list.participants))))
            } else {
                print(RoomText.facts(of: room))
                if !list.participants.isEmpty {
                    print("\n" + RoomText.table(of: list.participants))
                }
            }
        } catch let failure as CommandFailure {
            throw failure.naming(name)
        }
    }
}

/// A room and its people as text.
enum RoomText {
    /// One line for each thing there is to say of a room.
    static func facts(of room: RoomDescription) -> String {
        var facts = [
            ("room", room.name.text), ("profile", room.profile?.rawValue ?? "not settled yet"),
            ("age", shortDuration(room.ageSeconds)),
            ("participants", "\(room.participants), at most \(room.participantsMax)"),
            ("players", String(room.players)), ("tracks", String(room.tracks)),
        ]
        if let metadata = room.metadata { facts.append(("metadata", metadata.text)) }
        return facts.map { label, value in
            label + String(repeating: " ", count: 14 - label.count) + printable(value)
        }.joined(separator: "\n")
    }

    /// A line for each participant, in the order of joining.
    static func table(of participants: [ParticipantDescription]) -> String {
        var table = TextTable([
            .init(title: "PARTICIPANT"), .init(title: "NAME"), .init(title: "ROLE"),
            .init(title: "TRACKS"), .init(title: "AGE", isNumber: true), .init(title: "NOTES"),
        ])
        for one in participants {
            var notes: [String] = []
            if one.grants.hidden {
                notes.append("hidden")
            } else if !one.visible {
                notes.append("unseen")
            }
            if one.participant.interrupted { notes.append("interrupted") }
            if one.grants.admin { notes.append("admin") }
            table.add([
                one.participant.id.text, one.participant.name?.text ?? "",
                one.participant.role.rawValue,
                one.participant.tracks.map { $0.source.rawValue + ($0.muted ? " (muted)" : "") }
                    .joined(separator: ", "),
                shortDuration(one.ageSeconds), notes.joined(separator: ", "),
            ])
        }
        return table.text
    }
}
