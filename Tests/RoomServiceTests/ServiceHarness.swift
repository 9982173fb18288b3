// A hosted room with people in it, for tests: short verbs, and what came out as short lines.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker
import Negotiation
import Signaling
import Wire

@testable import RoomService
@testable import Rooms

/// The value, where a test cannot go on without it.
func must<Value>(_ make: @autoclosure () throws -> Value?) -> Value {
    do {
        guard let value = try make() else { preconditionFailure("a sample is missing") }
        return value
    } catch {
        preconditionFailure("a sample is refused: \(error)")
    }
}

func mid(_ text: String) -> MediaSectionID { must(try MediaSectionID(text)) }
func who(_ text: String) -> ParticipantID { must(try ParticipantID(text)) }
func key(_ number: UInt64) -> SessionKey { SessionKey(number) }
func id(_ number: Int64) -> RequestID { must(RequestID(number)) }
func link(_ session: UInt64, _ connection: UInt64) -> SessionLink {
    SessionLink(session: key(session), connection: ConnectionID(connection))
}

/// Media of sections that send (`0`, `1`) and receive (`2`, `3`), with nothing behind it.
func media(
    publishing: [(String, SectionKind)] = [("0", .audio), ("1", .video)], receiving: Bool = true
) -> PeerMedia {
    let words = ICEParameters(usernameFragment: "abcd", password: "0123456789abcdef012345")
    var sections = publishing.enumerated().map { index, section in
        MediaSection(
            index: index, mid: section.0, kind: section.1, direction: .receives,
            isRejected: false)
    }
    for (name, kind) in [("2", SectionKind.audio), ("3", .video)] where receiving {
        sections.append(
            MediaSection(
                index: sections.count, mid: name, kind: kind, direction: .sends, isRejected: false))
    }
    return PeerMedia(
        localICE: words, remoteICE: words, remoteFingerprints: [], remoteSetup: .active,
        cname: "c", sections: sections)
}

struct ServiceHarness {
    var room: HostedRoom
    var now = MediaInstant.zero

    init(_ change: (inout RoomConfiguration) -> Void = { _ in }) {
        var configuration = RoomConfiguration()
        change(&configuration)
        room = HostedRoom(
            name: must(try RoomName("r")), configuration: configuration, at: .zero)
    }

    static func answered(_ media: PeerMedia) -> AnsweredOffer {
        AnsweredOffer(media: media, answer: "answer")
    }

    static func entry(
        _ number: UInt64, kind: SessionKind? = nil, media: PeerMedia = media(),
        options: JoinOptions = JoinOptions()
    ) -> RoomEntry {
        var random = SeededRandom(seed: number)
        return RoomEntry(
            key: key(number),
            kind: kind
                ?? .signaling(
                    JoinReplyParts(
                        requestID: id(1), session: .random(using: &random),
                        answer: .plain("answer"))),
            participant: who("p\(number)"), sections: answered(media).roomSections,
            options: options)
    }

    /// Joins over a connection of the same number.
    mutating func join(
        _ number: UInt64, resume: Bool = false, loop: Int = 0
    ) throws(SignalingError) {
        try room.enter(
            Self.entry(number, options: JoinOptions(resume: resume)), media: media(),
            connection: ConnectionID(number), loop: loop, at: now)
    }

    mutating func advance(by duration: MediaDuration) {
        now = now + duration
        room.advance(to: now)
    }

    /// What came out since the last call, one short line each.
    mutating func take() -> [String] {
        var lines: [String] = []
        while let output = room.pollOutput() {
            switch output {
            case .send(let key, let message): lines.append("\(key.rawValue) <- \(name(message))")
            case .broadcast(let keys, let message):
                lines.append("\(keys.map(\.rawValue)) <- \(name(message))")
            case .command(let command):
                // Loop 0, which all but the tests of relaying use, goes without saying.
                let loop = command.loop == 0 ? "" : "@\(command.loop) "
                lines.append(loop + Self.name(command.command))
            case .replaced(let connection): lines.append("replaced \(connection.rawValue)")
            case .dropped(let key, let reason):
                lines.append("dropped \(key.rawValue) \(reason.rawValue)")
            case .closed: lines.append("closed")
            }
        }
        return lines
    }

    private func name(_ message: ServerMessage) -> String {
        switch message {
        case .error(let error): return "error \(error.code.rawValue)"
        case .resumed(_, let sequence): return "resumed \(sequence)"
        default: return String("\(message)".prefix { $0 != "(" })
        }
    }

    static func name(_ command: WorkerCommand) -> String {
        switch command {
        case .addPeer(let peer, _): "add \(peer)"
        case .updatePeer(let peer, _): "update \(peer)"
        case .removePeer(let peer): "remove \(peer)"
        case .setSlot(let receiver, let mid, let source):
            "slot \(receiver)/\(mid) \(source.map { "\($0.publisher)/\($0.mid)" } ?? "-")"
        case .setPaused(let publisher, let mid, let isPaused):
            "\(isPaused ? "pause" : "play") \(publisher)/\(mid)"
        case .addStandIn(let peer, _, let loop): "stand-in \(peer) of \(loop)"
        case .relayTrack(let publisher, let mid, let loop, let isRelayed):
            "\(isRelayed ? "relay" : "end") \(publisher)/\(mid) to \(loop)"
        case .acceptTrack(let publisher, let mid, let isAccepted):
            "\(isAccepted ? "accept" : "forget") \(publisher)/\(mid)"
        case .setRank(let publisher, let mid, let rank): "rank \(publisher)/\(mid) \(rank)"
        case .setQuality(let receiver, let mid, let quality):
            "quality \(receiver)/\(mid) \(quality.level)"
        case .requestStatistics: "statistics"
        }
    }
}
