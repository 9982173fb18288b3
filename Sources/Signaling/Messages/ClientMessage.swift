// Every message a client may send over the signalling WebSocket.
// SPDX-License-Identifier: Apache-2.0

/// A message from client to server (docs/protocol.md). Decode untrusted bytes with
/// `ClientMessage.decode`, which checks size and nesting first.
package enum ClientMessage: Hashable, Sendable {
    /// Enters a room; must be the first message. Answered by `joined`.
    case join(RequestID, JoinRequest)
    /// Offers more or restarted media. Answered by `answer`.
    case offer(RequestID, SDPBody)
    /// Announces that a section of the last offer carries a track. Answered by `ok` with its id.
    case publish(RequestID, PublishRequest)
    /// Takes a track back.
    case unpublish(RequestID, TrackID)
    /// Says whether a track is silent for now.
    case mute(RequestID, TrackID, Bool)
    /// Asks for somebody's tracks, of one source or of all.
    case subscribe(RequestID, ParticipantID, TrackSource?)
    /// Wants somebody's tracks no longer, of one source or of all.
    case unsubscribe(RequestID, ParticipantID, TrackSource?)
    /// Says how much of somebody's picture is wanted.
    case setQuality(RequestID, ParticipantID, TrackSource, VideoChoice)
    /// Begins or ends being one of those who publish. Answered by `ok`, then `roleChanged`.
    case setRole(RequestID, ParticipantRole)
    /// Changes what the others see of oneself.
    case updateSelf(RequestID, ParticipantUpdate)
    /// Opens a data stream. Answered by `streamOpened`.
    case openStream(RequestID, DataDelivery)
    /// Closes a data stream.
    case closeStream(RequestID, DataStreamID)
    /// Sends a packet to everybody. Answered by `ok` once it is sure to arrive.
    case sendData(RequestID, OutgoingData)
    /// Sends a message to some or to everybody. Answered by `sent` once it is sure to arrive.
    case sendMessage(RequestID, OutgoingMessage)
    /// Sends somebody away, and keeps them away for some seconds if those are given.
    case removeParticipant(RequestID, ParticipantID, banSeconds: Int64?)
    /// Changes somebody: texts, role, grants.
    case changeParticipant(RequestID, ParticipantID, ParticipantChange)
    /// Tells how good one's own network is. Never answered.
    case reportQuality(NetworkQuality)
    /// Goes on with a session after a break; must be the first message. Answered by `resumed`.
    case resume(RequestID, ResumeRequest)
    /// Shows a new token of the same room and participant in place of the one that runs out.
    case renewToken(RequestID, String)
    /// Leaves the room; answered by `ok`, then `disconnected`.
    case leave(RequestID)
    /// Asks for a `pong`.
    case ping(RequestID?)
    /// Answers the server's `ping`, with the number of the last message that arrived.
    case pong(lastSequence: UInt64?)

    /// The number of the request, where the message is one.
    package var requestID: RequestID? {
        switch self {
        case .join(let id, _), .offer(let id, _), .publish(let id, _), .unpublish(let id, _),
            .mute(let id, _, _), .subscribe(let id, _, _), .unsubscribe(let id, _, _),
            .openStream(let id, _), .closeStream(let id, _), .sendData(let id, _),
            .sendMessage(let id, _), .resume(let id, _), .removeParticipant(let id, _, _),
            .changeParticipant(let id, _, _), .setQuality(let id, _, _, _),
            .setRole(let id, _), .updateSelf(let id, _), .renewToken(let id, _), .leave(let id):
            return id
        case .ping(let id): return id
        case .pong, .reportQuality: return nil
        }
    }
}

/// What `join` carries.
package struct JoinRequest: Hashable, Sendable {
    /// The room to enter; comes into being if it does not exist.
    package var room: RoomName
    /// The access token; optional only where the server allows it.
    package var token: String?
    /// The id wished for; with a token it must be the token's or be left out.
    package var participant: ParticipantID?
    /// The name shown to people.
    package var name: DisplayName?
    /// Free text of the application, handed to everybody in the room.
    package var metadata: Metadata?
    /// Small named texts of the application, handed to everybody in the room.
    package var attributes: ParticipantAttributes
    /// The offer of the client's one peer connection.
    package var offer: SDPBody
    /// How to take part.
    package var options: JoinOptions

    /// Makes a request.
    package init(
        room: RoomName, token: String? = nil, participant: ParticipantID? = nil,
        name: DisplayName? = nil, metadata: Metadata? = nil,
        attributes: ParticipantAttributes = ParticipantAttributes(), offer: SDPBody,
        options: JoinOptions = JoinOptions()
    ) {
        self.room = room
        self.token = token
        self.participant = participant
        self.name = name
        self.metadata = metadata
        self.attributes = attributes
        self.offer = offer
        self.options = options
    }
}

/// How a participant takes part; each field has a default.
package struct JoinOptions: Hashable, Sendable {
    /// Which tracks of others are subscribed as they come.
    package var autoSubscribe: AutoSubscribe
    /// Whether only the loudest are heard, in a room where that is so; else everybody is.
    package var audioRanking: Bool
    /// Whether the others receive one's media first.
    package var priority: MediaPriority
    /// Whether a high priority is taken from who has it; else it stays there.
    package var preempts: Bool
    /// The profile the room must have, and gets if it comes into being now; `nil`: any.
    package var profile: RoomProfile?
    /// Whether the session may be resumed after a break: its client numbers what it receives.
    package var resume: Bool
    /// Whether data may be sent; the token must grant it as well.
    package var publishesData: Bool
    /// Whether packets of others' data streams are received.
    package var receivesData: Bool
    /// The role to begin with, where the token lets one choose; `nil`: that of the token.
    package var role: ParticipantRole?

    /// Makes options.
    package init(
        autoSubscribe: AutoSubscribe = .all, profile: RoomProfile? = nil,
        role: ParticipantRole? = nil, resume: Bool = false, publishesData: Bool = true,
        receivesData: Bool = true, priority: MediaPriority = .normal, preempts: Bool = false,
        audioRanking: Bool = true
    ) {
        self.audioRanking = audioRanking
        self.priority = priority
        self.preempts = preempts
        self.autoSubscribe = autoSubscribe
        self.profile = profile
        self.role = role
        self.resume = resume
        self.publishesData = publishesData
        self.receivesData = receivesData
    }
}

/// What `publish` carries.
package struct PublishRequest: Hashable, Sendable {
    /// What the track shows.
    package var source: TrackSource
    /// The sending section of the last offer that carries it.
    package var mid: MediaSectionID
    /// Whether it starts silent.
    package var muted: Bool

    /// Makes a request.
    package init(source: TrackSource, mid: MediaSectionID, muted: Bool = false) {
        self.source = source
        self.mid = mid
        self.muted = muted
    }
}

/// What `resume` carries.
package struct ResumeRequest: Codable, Hashable, Sendable {
    /// The secret id that `joined` told.
    package var session: SessionID
    /// The number of the last message that arrived; 0: none since `joined`.
    package var lastSequence: UInt64

    /// Makes a request.
    package init(session: SessionID, lastSequence: UInt64) {
        self.session = session
        self.lastSequence = lastSequence
    }
}
