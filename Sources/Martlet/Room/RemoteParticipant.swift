// Somebody else in the room, and what they publish.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientSession
import Signaling

/// A track of somebody else, as of the moment it was asked for.
public struct RemoteTrack: Sendable, Hashable, Codable {
    /// Its id, unique in the room.
    public let id: String
    /// Whose it is.
    public let participant: String
    /// What it shows.
    public let source: TrackSource
    /// Whether it is heard rather than seen.
    public let isSound: Bool
    /// Whether it is silent for now.
    public let isMuted: Bool
    /// Where receiving it stands.
    public let state: SubscribeState

    init(_ track: SessionRoster.RemoteTrack, of participant: ParticipantID) {
        self.init(track.info, state: track.state, of: participant)
    }

    init(
        _ info: TrackInfo, state: SessionSubscribeState, of participant: ParticipantID
    ) {
        id = info.id.text
        self.participant = participant.text
        source = TrackSource(info.source)
        isSound = info.kind == .audio
        isMuted = info.muted
        self.state = SubscribeState(state)
    }
}

/// Somebody in the room, as of the moment they were asked for.
public struct RemoteParticipant: Sendable, Hashable, Codable {
    /// Who it is.
    public let id: String
    /// The name shown to people.
    public let name: String?
    /// Free text of the application (`userData` of a join).
    public let metadata: String?
    /// Small named texts of the application.
    public let attributes: [String: String]
    /// Whether it is one of the audience, who publish nothing.
    public let isAudience: Bool
    /// Whether its connection is broken for now.
    public let isInterrupted: Bool
    /// Its tracks, in the order of publishing.
    public let tracks: [RemoteTrack]

    init(_ participant: SessionRoster.RemoteParticipant) {
        self.init(
            participant.info,
            tracks: participant.tracks.map { RemoteTrack($0, of: participant.info.id) })
    }

    init(_ info: ParticipantInfo, tracks: [RemoteTrack]) {
        id = info.id.text
        name = info.name?.text
        metadata = info.metadata?.text
        attributes = Dictionary(
            info.attributes.entries.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        isAudience = info.role == .audience
        isInterrupted = info.interrupted
        self.tracks = tracks
    }

    /// The track of a source; `nil`: none is published.
    public func track(_ source: TrackSource) -> RemoteTrack? {
        tracks.first { $0.source == source }
    }
}
