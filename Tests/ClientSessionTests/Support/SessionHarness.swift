// A client's session with a server that says what a test lets it say.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

@testable import ClientSession

/// Drives a `ClientSession` and keeps what it did and told.
struct SessionHarness {
    var session: ClientSession
    var now = MediaInstant.zero
    /// What it sent over its sockets, pings and pongs left out.
    var sent: [ClientMessage] = []
    var pongs: [UInt64?] = []
    var events: [SessionEvent] = []
    var tickets: [OfferTicket] = []
    var answers: [OfferPurpose] = []
    var socketsOpened = 0
    var mediaEnded = 0
    var relaysUsed: [[ICEServer]] = []

    init(timing: SessionTiming = SessionTiming()) throws {
        session = try ClientSession(timing: timing, jitterSeed: 1)
    }

    mutating func drain() {
        var isDone = false
        while !isDone {
            isDone = true
            while let action = session.pollAction() {
                isDone = false
                switch action {
                case .openSocket: socketsOpened += 1
                case .closeSocket: break
                case .send(.ping): break
                case .send(.pong(let last)): pongs.append(last)
                case .send(let message): sent.append(message)
                case .makeOffer(let ticket):
                    tickets.append(ticket)
                    session.offered(.plain("offer \(ticket.number)"), for: ticket, at: now)
                case .takeAnswer(let ticket, _): answers.append(ticket.purpose)
                case .useRelays(let servers): relaysUsed.append(servers)
                case .endMedia: mediaEnded += 1
                }
            }
            while let event = session.pollEvent() {
                isDone = false
                events.append(event)
            }
        }
    }

    mutating func perform<T>(_ body: (inout ClientSession) throws -> T) rethrows -> T {
        defer { drain() }
        return try body(&session)
    }

    mutating func hear(_ message: ServerMessage) {
        session.receive(message, at: now)
        drain()
    }

    mutating func pass(_ duration: MediaDuration) {
        now = now + duration
        session.advance(to: now)
        drain()
    }

    /// The number of the last request sent.
    var lastID: RequestID {
        get throws {
            guard let id = sent.last?.requestID else { throw SignalingError(.notFound) }
            return id
        }
    }

    static let roomID: RoomID = {
        var random = SeededRandom(seed: 1)
        return .random(using: &random)
    }()

    /// What the server says to `join`.
    func joined(
        to id: RequestID, participants: [ParticipantInfo] = [], slots: [SlotAssignment] = [],
        room: RoomID? = nil
    ) throws -> ServerMessage {
        var random = SeededRandom(seed: 9)
        return .joined(
            id,
            JoinedReply(
                session: .random(using: &random),
                room: RoomInfo(id: room, name: try RoomName("daily")),
                participant: ParticipantInfo(id: try ParticipantID("ada")), grants: TokenGrants(),
                resumeSeconds: 30, answer: .plain("answer"), participants: participants,
                slots: slots))
    }

    /// Joins, with these in the room.
    mutating func join(
        _ participants: [ParticipantInfo] = [], slots: [SlotAssignment] = [],
        options: JoinOptions = JoinOptions(), room: RoomID? = nil
    ) throws {
        let request = JoinRequest(room: try RoomName("daily"), offer: .plain(""), options: options)
        let now = now
        try perform { try $0.join(request, at: now) }
        session.socketOpened(at: now)
        drain()
        hear(try joined(to: lastID, participants: participants, slots: slots, room: room))
        session.mediaHeard(at: now)
        drain()
    }

    /// Breaks the socket and opens another.
    mutating func reconnect() {
        session.socketClosed(at: now)
        session.socketOpened(at: now)
        drain()
    }

    /// What was told of the room.
    var told: [ServerMessage] {
        events.compactMap { if case .told(let message) = $0 { message } else { nil } }
    }

    /// The states of publishing a source, as they were told.
    func publishStates(_ source: TrackSource) -> [PublishState] {
        events.compactMap {
            if case .publishing(source, _, let to) = $0 { to } else { nil }
        }
    }

    /// The states of receiving a track, as they were told.
    func subscribeStates(_ track: TrackID) -> [SubscribeState] {
        events.compactMap {
            if case .subscribing(_, let info, _, let to) = $0, info.id == track { to } else { nil }
        }
    }
}

/// Bob, who publishes sound and picture.
func bob(firstTrack: UInt64 = 1, name: String = "bob") throws -> ParticipantInfo {
    ParticipantInfo(
        id: try ParticipantID(name),
        tracks: [
            TrackInfo(
                id: TrackID(number: firstTrack), source: .microphone, kind: .audio, muted: false),
            TrackInfo(
                id: TrackID(number: firstTrack + 1), source: .camera, kind: .video, muted: false),
        ])
}
