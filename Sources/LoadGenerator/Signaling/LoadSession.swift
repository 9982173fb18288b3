// One client's signalling: what it says and how far it has come. It reads no more of what it is told than it needs.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

/// Why a client is not, or no longer, in its room.
package enum LoadEnd: Hashable, Sendable {
    /// The server refused something; the number of docs/errors.md.
    case refused(Int)
    /// The WebSocket could not be opened, or broke (6000).
    case link
    /// It was not ready in time, and the server had not answered its `join` or `publish` (6002).
    case unanswered
    /// The server's answer could not be used.
    case answer
    /// No path to the server's media port was found in time.
    case ice
    /// The handshake did not end in time.
    case dtls
    /// The server ended the session; its word for why.
    case disconnected(String)

    /// As tables and JSON name it.
    package var name: String {
        switch self {
        case .refused(let code): "\(code)"
        case .link: "6000"
        case .unanswered: "6002"
        case .answer: "answer"
        case .ice: "ice"
        case .dtls: "dtls"
        case .disconnected(let reason): reason
        }
    }
}

/// What a message leads to.
package enum LoadStep: Equatable, Sendable {
    /// Nothing.
    case none
    /// This is to be sent.
    case send([UInt8])
    /// It has joined: this is the answer to its offer, and this is to be sent.
    case joined(answer: String, send: [[UInt8]])
    /// All that it publishes is announced: media may begin.
    case published
    /// It is not in the room, or no more; in words.
    case ended(LoadEnd, String)
    /// It has left, as it wished to.
    case left
}

/// What a client says by itself, and how far it has come. It owns no socket and no clock.
package struct LoadSession: Sendable {
    private enum Phase { case opening, joining, publishing, live, leaving, over }

    private static let joinID: Int64 = 1
    private static let leaveID: Int64 = 2
    private static let firstPublishID: Int64 = 10
    private static let pong = ClientMessage.pong(lastSequence: nil).encoded()
    private static let plainPing = ClientMessage.ping(nil).encoded()

    private let part: LoadPart
    private let participant: ParticipantID?
    private let token: String?
    private let profile: RoomProfile
    private var phase = Phase.opening
    private var unanswered = 0
    private var sources: [(TrackSource, mid: String)] = []
    private var pingedAt: MediaInstant?
    /// When it began to connect.
    package let startedAt: MediaInstant
    /// When the WebSocket was open.
    package private(set) var openedAt: MediaInstant?
    /// When the server had let it in.
    package private(set) var joinedAt: MediaInstant?
    /// Why it is not in the room, or no longer, though it did not wish to leave.
    package private(set) var end: LoadEnd?
    /// The same in words.
    package private(set) var endText = ""

    /// A client that begins to connect.
    /// - Parameter participant: The id it asks for; `nil`: that of its token.
    package init(
        _ part: LoadPart, as participant: ParticipantID?, token: String?, profile: RoomProfile,
        at now: MediaInstant
    ) {
        self.part = part
        self.participant = participant
        self.token = token
        self.profile = profile
        startedAt = now
    }

    /// Whether it is in its room, and has announced what it publishes.
    package var isLive: Bool { phase == .live }

    /// Whether it neither is in its room nor may come into it.
    package var isOver: Bool { phase == .over }

    /// Whether the server has let it in at any time.
    package var hasJoined: Bool { joinedAt != nil }

    /// The WebSocket is open.
    /// - Parameters:
    ///   - offer: The text of its offer.
    ///   - sources: What it publishes, and in which sections.
    /// - Returns: What is to be sent.
    package mutating func opened(
        offer: String, publishing sources: [(TrackSource, mid: String)], at now: MediaInstant
    ) -> [UInt8] {
        guard phase == .opening else { return [] }
        phase = .joining
        openedAt = now
        self.sources = sources
        let isBroadcast = profile == .broadcast
        let request = JoinRequest(
            room: part.room, token: token, participant: participant, offer: .plain(offer),
            options: JoinOptions(
                autoSubscribe: part.publishes ? .none : .all, profile: profile,
                role: isBroadcast ? (part.publishes ? .host : .audience) : nil))
        return RequestID(Self.joinID).map { ClientMessage.join($0, request).encoded() } ?? []
    }

    /// A message came.
    package mutating func receive(_ message: LoadMessage, at now: MediaInstant) -> LoadStep {
        guard phase != .over else { return .none }
        switch message {
        case .ignored: return .none
        case .ping: return .send(Self.pong)
        case .pong: return .none
        case .joined(let answer): return joined(answer, at: now)
        case .ok(let id): return done(id)
        case .error(let error): return refused(error)
        case .disconnected(let reason):
            if phase == .leaving, reason == DisconnectReason.left.rawValue {
                phase = .over
                return .left
            }
            return finish(.disconnected(reason), "the server ended the session: \(reason)")
        case .unreadable: return finish(.answer, "the server sent what cannot be read")
        }
    }

    /// The WebSocket is closed, or could not be opened.
    package mutating func closed(_ why: String) -> LoadStep {
        switch phase {
        case .over: return .none
        case .leaving:
            phase = .over
            return .left
        default: return finish(.link, why)
        }
    }

    /// Time is up for whoever has not come in.
    package mutating func timedOut() -> LoadStep {
        phase == .live || phase == .leaving
            ? .none : finish(openedAt == nil ? .link : .unanswered, "no answer in time")
    }

    /// What its media lacks ends it.
    package mutating func fail(_ end: LoadEnd, _ text: String) -> LoadStep { finish(end, text) }

    /// A ping to be sent, if it is connected; `nil`: none.
    package mutating func ping(at now: MediaInstant) -> [UInt8]? {
        guard phase == .live || phase == .publishing else { return nil }
        // Of several without an answer the first one counts: it says how long the server takes.
        pingedAt = pingedAt ?? now
        return Self.plainPing
    }

    /// How long the server took to answer the last ping; `nil` if none is under way.
    package mutating func ponged(at now: MediaInstant) -> MediaDuration? {
        guard let sent = pingedAt else { return nil }
        pingedAt = nil
        return now - sent
    }

    /// Leaves, if it is in a room.
    /// - Returns: What is to be sent; `nil`: nothing, and it is over.
    package mutating func leave() -> [UInt8]? {
        switch phase {
        case .live, .publishing, .joining:
            phase = .leaving
            return RequestID(Self.leaveID).map { ClientMessage.leave($0).encoded() }
        case .opening, .over, .leaving:
            if phase == .opening { phase = .over }
            return nil
        }
    }

    private mutating func joined(_ answer: String, at now: MediaInstant) -> LoadStep {
        guard phase == .joining else { return .none }
        joinedAt = now
        var requests: [[UInt8]] = []
        for (index, source) in sources.enumerated() {
            guard let id = RequestID(Self.firstPublishID + Int64(index)),
                let mid = try? MediaSectionID(source.mid)
            else { continue }
            requests.append(
                ClientMessage.publish(id, PublishRequest(source: source.0, mid: mid)).encoded())
        }
        unanswered = requests.count
        phase = unanswered == 0 ? .live : .publishing
        sources = []
        return .joined(answer: answer, send: requests)
    }

    private mutating func done(_ id: Int64) -> LoadStep {
        guard phase == .publishing, id >= Self.firstPublishID else { return .none }
        unanswered -= 1
        guard unanswered == 0 else { return .none }
        phase = .live
        return .published
    }

    private mutating func refused(_ error: SignalingError) -> LoadStep {
        switch phase {
        case .joining, .publishing: finish(.refused(error.code.rawValue), error.message)
        default: .none
        }
    }

    private mutating func finish(_ why: LoadEnd, _ text: String) -> LoadStep {
        guard phase != .over else { return .none }
        phase = .over
        end = why
        endText = text
        return .ended(why, text)
    }
}
