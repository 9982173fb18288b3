// Every message the server may send over the signalling WebSocket.
// SPDX-License-Identifier: Apache-2.0

/// A message from server to client (docs/protocol.md).
package enum ServerMessage: Hashable, Sendable {
    /// The answer to `join`: everything the client needs to begin.
    case joined(RequestID, JoinedReply)
    /// The answer to `offer`.
    case answer(RequestID, SDPBody)
    /// A request was done; `publish` is told its track's id.
    case ok(RequestID, TrackID?)
    /// The answer to `openStream`.
    case streamOpened(RequestID, DataStreamID)
    /// The answer to `sendMessage`: it will arrive, but not at these, who are not here.
    case sent(RequestID, unreachable: [ParticipantID])
    /// The answer to `resume`; what was missed follows, up to this number.
    case resumed(RequestID, sequence: UInt64)
    /// A request, or the connection itself, was refused.
    case error(SignalingError)
    /// Somebody came.
    case participantJoined(ParticipantInfo)
    /// Somebody went.
    case participantLeft(ParticipantID, DisconnectReason)
    /// Somebody's connection broke; it may come back, and its tracks stay.
    case participantInterrupted(ParticipantID)
    /// Somebody whose connection broke is back.
    case participantResumed(ParticipantID)
    /// Somebody is seen otherwise from now on: another name, text or role. Its tracks stay.
    case participantUpdated(ParticipantInfo)
    /// One's own role is another from now on.
    case roleChanged(ParticipantRole)
    /// Somebody's track can be had from now on.
    case trackPublished(ParticipantID, TrackInfo)
    /// Somebody's track cannot be had any more.
    case trackUnpublished(ParticipantID, TrackID)
    /// Somebody's track fell silent or came back.
    case trackMuted(ParticipantID, TrackID, Bool)
    /// One is sent somebody's picture otherwise from now on, as far as one's path carries.
    case trackQuality(ParticipantID, TrackID, TrackQuality)
    /// The whole truth about the slots it names.
    case slots([SlotAssignment])
    /// Which sizes of a track of one's own anybody receives, by RID, and the most bits a second that anybody could use
    /// of some of them; of those not named there is no bound. Of spatial layers within one stream all are wanted unless
    /// it says otherwise.
    case layersWanted(
        TrackID, [String], maxBitrates: [String: Int] = [:],
        spatialLayers: SpatialLayersWanted? = nil)
    /// There are more tracks than slots: offer this many more.
    case needSlots(SlotDemand)
    /// How loud people are; only what changed.
    case audioLevels([AudioLevel])
    /// How good people's networks are; only what changed.
    case networkQuality([ParticipantQuality])
    /// Somebody sent a packet.
    case dataReceived(IncomingData)
    /// Somebody, or the server, sent a message.
    case messageReceived(IncomingMessage)
    /// The session ends soon unless `renewToken` comes before.
    case tokenWillExpire(TokenWarning)
    /// What oneself may do is something else from now on.
    case permissionsChanged(TokenGrants)
    /// The relays have other credentials from now on: those told before end soon.
    case iceServersChanged([ICEServer])
    /// Asks for a `pong`.
    case ping
    /// Answers the client's `ping`.
    case pong(RequestID?)
    /// The session is over; the server closes the connection after it. With `rejoin` the client is to come back
    /// by itself, as a new session.
    case disconnected(DisconnectReason, String, rejoin: Bool = false)
}

/// Why a session ended or somebody went.
package enum DisconnectReason: String, Codable, Hashable, Sendable, CaseIterable {
    case left, duplicateIdentity, kicked, roomClosed, timeout, networkLost, serverShutdown
    case tokenExpired
    /// More waited for it than is kept.
    case fellBehind
    /// It is here still, as one of the audience, whom the others do not see.
    case becameAudience

    /// What `disconnected` says to the user.
    package var message: String {
        switch self {
        case .left: "You left the room."
        case .duplicateIdentity: "Somebody joined with the same id; the newest session stays."
        case .kicked: "You were removed from the room."
        case .roomClosed: "The room was closed."
        case .timeout: "Nothing was heard from you for too long; join again."
        case .networkLost: "The connection broke; join again."
        case .serverShutdown: "The server is shutting down; join again shortly."
        case .fellBehind: "More waited for you than is kept; join again."
        case .becameAudience: "You are one of the audience now."
        case .tokenExpired: "The token has expired; get a new one and join again."
        }
    }
}

/// How much of a picture one is sent.
package enum TrackQuality: String, Codable, Hashable, Sendable, CaseIterable {
    /// All that was asked for.
    case full
    /// Less, because the path carries no more.
    case reduced
    /// Nothing, because the path carries sound alone.
    case paused
}

/// A participant as the others see it.
package struct ParticipantInfo: Hashable, Sendable {
    /// Who it is.
    package var id: ParticipantID
    /// The name shown to people.
    package var name: DisplayName?
    /// Free text of the application.
    package var metadata: Metadata?
    /// Small named texts of the application.
    package var attributes: ParticipantAttributes
    /// Whether it is one of those who publish.
    package var role: ParticipantRole
    /// Whether its connection is broken for now.
    package var interrupted: Bool
    /// Whether its media goes first.
    package var priority: MediaPriority
    /// The tracks published, in the order of publishing.
    package var tracks: [TrackInfo]

    /// Makes a description.
    package init(
        id: ParticipantID, name: DisplayName? = nil, metadata: Metadata? = nil,
        attributes: ParticipantAttributes = ParticipantAttributes(),
        role: ParticipantRole = .host, interrupted: Bool = false,
        priority: MediaPriority = .normal, tracks: [TrackInfo] = []
    ) {
        self.priority = priority
        self.id = id
        self.name = name
        self.metadata = metadata
        self.attributes = attributes
        self.role = role
        self.interrupted = interrupted
        self.tracks = tracks
    }
}

/// A track as everybody sees it.
package struct TrackInfo: Codable, Hashable, Sendable {
    /// Its id, unique in the room.
    package var id: TrackID
    /// What it shows.
    package var source: TrackSource
    /// Whether it is heard or seen.
    package var kind: TrackKind
    /// Whether it is silent for now.
    package var muted: Bool

    /// Makes a description.
    package init(id: TrackID, source: TrackSource, kind: TrackKind, muted: Bool) {
        self.id = id
        self.source = source
        self.kind = kind
        self.muted = muted
    }
}

/// What `joined` carries.
package struct JoinedReply: Hashable, Sendable {
    /// The session's secret id.
    package var session: SessionID
    /// The room entered.
    package var room: RoomInfo
    /// The participant one is oneself.
    package var participant: ParticipantInfo
    /// What oneself may do.
    package var grants: TokenGrants
    /// How long the session is kept after a break, in seconds; `nil`: not at all.
    package var resumeSeconds: Int64?
    /// The answer to the offer.
    package var answer: SDPBody
    /// Relays for a client that finds no direct way; empty: there are none.
    package var iceServers: [ICEServer]
    /// Everybody else, in the order of joining.
    package var participants: [ParticipantInfo]
    /// Every receiving section of the offer and what it shows.
    package var slots: [SlotAssignment]

    /// Makes a reply.
    package init(
        session: SessionID, room: RoomInfo, participant: ParticipantInfo, grants: TokenGrants,
        resumeSeconds: Int64? = nil, answer: SDPBody, iceServers: [ICEServer] = [],
        participants: [ParticipantInfo], slots: [SlotAssignment]
    ) {
        self.session = session
        self.room = room
        self.participant = participant
        self.grants = grants
        self.resumeSeconds = resumeSeconds
        self.answer = answer
        self.iceServers = iceServers
        self.participants = participants
        self.slots = slots
    }
}

/// A room as its members see it.
package struct RoomInfo: Codable, Hashable, Sendable {
    /// Its id, which no other room has; servers of old gave none.
    package var id: RoomID?
    /// The room's name.
    package var name: RoomName
    /// How it is used.
    package var profile: RoomProfile
    /// Free text of the application.
    package var metadata: Metadata?

    /// Makes a description.
    package init(
        id: RoomID? = nil, name: RoomName, profile: RoomProfile = .communication,
        metadata: Metadata? = nil
    ) {
        self.id = id
        self.name = name
        self.profile = profile
        self.metadata = metadata
    }
}

/// What a receiving section shows.
package struct SlotAssignment: Hashable, Sendable {
    /// A source shown in a slot.
    package struct Source: Hashable, Sendable {
        /// Whose track it is.
        package var participant: ParticipantID
        /// Which track it is.
        package var track: TrackID

        /// Makes a source.
        package init(participant: ParticipantID, track: TrackID) {
            self.participant = participant
            self.track = track
        }
    }

    /// The receiving section.
    package var mid: MediaSectionID
    /// What it shows; `nil`: nothing.
    package var source: Source?
    /// The slot's RTP timestamp from which on it shows it; `nil` until media flows.
    package var rtpTimestamp: UInt32?

    /// Makes an assignment.
    package init(mid: MediaSectionID, source: Source?, rtpTimestamp: UInt32? = nil) {
        self.mid = mid
        self.source = source
        self.rtpTimestamp = rtpTimestamp
    }
}

/// How many more receiving sections a client should offer.
package struct SlotDemand: Codable, Hashable, Sendable {
    /// Pairs of an audio and a video section.
    package var video: Int
    /// Audio sections alone.
    package var audio: Int

    /// Makes a demand.
    package init(video: Int, audio: Int) {
        self.video = video
        self.audio = audio
    }
}

/// How many of the sizes within one stream (spatial layers) anybody wants, counted from the smallest.
package struct SpatialLayersWanted: Codable, Hashable, Sendable {
    /// How many are wanted, 1 to 7.
    package var wanted: Int
    /// How many there are where all are sent, more than are wanted, up to 8.
    package var of: Int

    /// Says how many of how many are wanted.
    package init(wanted: Int, of: Int) {
        self.wanted = wanted
        self.of = of
    }
}

/// How long a session's token still lasts.
package struct TokenWarning: Codable, Hashable, Sendable {
    /// The end, in seconds of Unix time.
    package var deadline: Int64
    /// How far that was away when the warning was sent, for clients whose clocks are wrong.
    package var secondsLeft: Int64

    /// Makes a warning.
    package init(deadline: Int64, secondsLeft: Int64) {
        self.deadline = deadline
        self.secondsLeft = secondsLeft
    }
}

/// How loud somebody is.
package struct AudioLevel: Codable, Hashable, Sendable {
    /// Who it is.
    package var participant: ParticipantID
    /// The level in -dBov: 0 is the loudest, 127 is silence (RFC 6464 §3).
    package var level: UInt8

    /// Makes a level.
    package init(participant: ParticipantID, level: UInt8) {
        self.participant = participant
        self.level = level
    }
}
