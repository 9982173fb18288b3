// What the server's own backend says of a room when it makes it.
// SPDX-License-Identifier: Apache-2.0

/// A room's own timeouts, limits and texts; what is `nil` is as in other rooms. Times are in seconds.
package struct RoomOptions: Codable, Hashable, Sendable {
    /// How long it waits for its first member.
    package var emptySeconds: Int64?
    /// How long it stays after its last member has gone.
    package var departureSeconds: Int64?
    /// How long sessions whose connection broke are kept; 0: not at all.
    package var resumeSeconds: Int64?
    /// How it is used.
    package var profile: RoomProfile?
    /// Whether the audience of a broadcast is seen by the others.
    package var showsAudience: Bool?
    /// Whether a second session of one id is refused instead of replacing the first.
    package var refusesDuplicates: Bool?
    /// Free text of the application, told to everybody who joins.
    package var metadata: Metadata?
    /// The most members, players included.
    package var participantsMax: Int?
    /// The most tracks one participant publishes.
    package var tracksPerParticipantMax: Int?
    /// How many microphones are heard, the loudest; 0: all.
    package var audioRanking: Int?
    /// The most data streams of one participant at a time.
    package var dataStreamsPerUser: Int?
    /// The largest packet of a data stream, in bytes.
    package var dataPacketBytesMax: Int?
    /// Packets one participant may send each second.
    package var dataPacketsPerSecond: Int64?
    /// Bytes of packets one participant may send each second.
    package var dataBytesPerSecond: Int64?
    /// Packets all participants together may send each second.
    package var roomDataPacketsPerSecond: Int64?

    /// A room like the others.
    package init() {}
}

/// A room as the server's own backend sees it.
package struct RoomDescription: Codable, Hashable, Sendable {
    /// Its id, which no other room has; `nil` where nobody gave it one.
    package var id: RoomID?
    /// Its name.
    package var name: RoomName
    /// How it is used; `nil` until somebody joins a room that nothing was said of.
    package var profile: RoomProfile?
    /// Free text of the application.
    package var metadata: Metadata?
    /// How many participants are in it, hidden ones and the audience included.
    package var participants: Int
    /// How many players are in it.
    package var players: Int
    /// How many tracks are published.
    package var tracks: Int
    /// The most members, players included.
    package var participantsMax: Int
    /// How long it has been there, in seconds.
    package var ageSeconds: Int64

    /// Makes a description.
    package init(
        id: RoomID? = nil, name: RoomName, profile: RoomProfile?, metadata: Metadata?,
        participants: Int, players: Int, tracks: Int, participantsMax: Int, ageSeconds: Int64
    ) {
        self.id = id
        self.name = name
        self.profile = profile
        self.metadata = metadata
        self.participants = participants
        self.players = players
        self.tracks = tracks
        self.participantsMax = participantsMax
        self.ageSeconds = ageSeconds
    }
}

/// A participant as the server's own backend sees it, whether or not the others do.
package struct ParticipantDescription: Codable, Hashable, Sendable {
    /// Who it is, with its texts, role and tracks.
    package var participant: ParticipantInfo
    /// What it may do.
    package var grants: TokenGrants
    /// Whether the others see it.
    package var visible: Bool
    /// When its token ends, in seconds of Unix time; `nil`: it has none.
    package var tokenExpiresAt: Int64?
    /// How long it has been there, in seconds.
    package var ageSeconds: Int64

    /// Makes a description.
    package init(
        participant: ParticipantInfo, grants: TokenGrants, visible: Bool, tokenExpiresAt: Int64?,
        ageSeconds: Int64
    ) {
        self.participant = participant
        self.grants = grants
        self.visible = visible
        self.tokenExpiresAt = tokenExpiresAt
        self.ageSeconds = ageSeconds
    }
}
