// What somebody brings when entering a room.
// SPDX-License-Identifier: Apache-2.0
package import Signaling

/// A session's handle, chosen by the control plane and never used twice; also the peer's handle.
package struct SessionKey: Hashable, Comparable, Sendable {
    /// The number.
    package let rawValue: UInt64

    /// Wraps a number.
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// Orders by number.
    package static func < (left: SessionKey, right: SessionKey) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A media section of an accepted offer, as rooms see it: no SDP, only name, kind and use.
package struct RoomSection: Hashable, Sendable {
    /// What a section is for, seen from the room.
    package enum Use: Hashable, Sendable {
        /// The client sends: a track can be published on it.
        case publishing
        /// The client receives: a slot.
        case slot
        /// Neither, for now.
        case inactive
    }

    /// The section's mid.
    package var mid: MediaSectionID
    /// Whether it carries audio or video.
    package var kind: TrackKind
    /// What it is for.
    package var use: Use

    /// Makes a section.
    package init(mid: MediaSectionID, kind: TrackKind, use: Use) {
        self.mid = mid
        self.kind = kind
        self.use = use
    }
}

/// How a session reaches the room.
package enum SessionKind: Hashable, Sendable {
    /// Over the signalling WebSocket; the reply to its `join` is made of this.
    case signaling(JoinReplyParts)
    /// Over WHIP: an ordinary participant that hears no messages and has no slots.
    case ingest
    /// Over WHEP: a hidden player, of one participant or of whoever comes first.
    case playback(of: ParticipantID?)
}

/// What the control plane adds to the room's reply to `join`.
package struct JoinReplyParts: Hashable, Sendable {
    /// The number of the `join`.
    package var requestID: RequestID
    /// The session's secret id.
    package var session: SessionID
    /// The answer to its offer.
    package var answer: SDPBody
    /// Relays for a client that finds no direct way.
    package var iceServers: [ICEServer]

    /// Makes the parts.
    package init(
        requestID: RequestID, session: SessionID, answer: SDPBody, iceServers: [ICEServer] = []
    ) {
        self.requestID = requestID
        self.session = session
        self.answer = answer
        self.iceServers = iceServers
    }
}

/// Everything a room needs to know of somebody who enters; the token has been verified.
package struct RoomEntry: Hashable, Sendable {
    /// The session's handle.
    package var key: SessionKey
    /// How it reaches the room.
    package var kind: SessionKind
    /// Who it is. Players are nobody: theirs need not be unique.
    package var participant: ParticipantID
    /// The name shown to people.
    package var name: DisplayName?
    /// Free text of the application.
    package var metadata: Metadata?
    /// Small named texts of the application.
    package var attributes: ParticipantAttributes
    /// What it may do.
    package var grants: TokenGrants
    /// How long its token lasts; `nil`: it needs none.
    package var token: TokenLife?
    /// The sections of its answered offer, in their order.
    package var sections: [RoomSection]
    /// How it takes part.
    package var options: JoinOptions

    /// Makes an entry.
    package init(
        key: SessionKey, kind: SessionKind, participant: ParticipantID, name: DisplayName? = nil,
        metadata: Metadata? = nil, attributes: ParticipantAttributes = ParticipantAttributes(),
        grants: TokenGrants = TokenGrants(),
        token: TokenLife? = nil, sections: [RoomSection], options: JoinOptions = JoinOptions()
    ) {
        self.key = key
        self.kind = kind
        self.participant = participant
        self.name = name
        self.metadata = metadata
        self.attributes = attributes
        self.grants = grants
        self.token = token
        self.sections = sections
        self.options = options
    }

    /// The role it begins with in a room of `profile`.
    func firstRole(in profile: RoomProfile) -> ParticipantRole {
        let granted = grants.role ?? profile.defaultRole
        guard grants.changeRole else { return granted }
        // Who comes by WHIP comes to publish.
        return options.role ?? (kind == .ingest ? .host : granted)
    }

    /// Whether it is a WHEP player.
    package var isPlayer: Bool {
        if case .playback = kind { return true }
        return false
    }
}

/// What a renewed token says; it has been verified, and opens this room.
package struct RenewedToken: Hashable, Sendable {
    /// Whom it is for.
    package var participant: ParticipantID
    /// What it lets its bearer do from now on.
    package var grants: TokenGrants
    /// How long it lasts.
    package var life: TokenLife

    /// Makes a token.
    package init(participant: ParticipantID, grants: TokenGrants, life: TokenLife) {
        self.participant = participant
        self.grants = grants
        self.life = life
    }
}
