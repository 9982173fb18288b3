// What a room tells an application.
// SPDX-License-Identifier: Apache-2.0

/// How good a network is.
public enum NetworkGrade: String, Sendable, Hashable, Codable, CaseIterable {
    /// Not known.
    case unknown
    /// Nothing is noticed of it.
    case excellent
    /// Hardly anything is noticed.
    case good
    /// It is noticed.
    case fair
    /// It disturbs.
    case poor
    /// One can hardly talk.
    case bad
    /// Nothing gets through.
    case down
}

/// Something that happened in a room, in the order it happened.
public enum RoomEvent: Sendable, Codable {
    /// The connection moved.
    case connectionChanged(ConnectionChange)
    /// Somebody came.
    case participantJoined(RemoteParticipant)
    /// Somebody went; the reason is a word of docs/protocol.md, as `left` or `timeout`.
    case participantLeft(String, reason: String)
    /// Somebody's connection broke; they may come back, and their tracks stay.
    case participantInterrupted(String)
    /// Somebody whose connection broke is back.
    case participantResumed(String)
    /// Somebody has another name, text or role.
    case participantUpdated(RemoteParticipant)
    /// Oneself has another name or text: ``LocalParticipant`` has it.
    case localParticipantUpdated
    /// Somebody's track can be had.
    case trackPublished(RemoteTrack)
    /// Somebody's track cannot be had any more.
    case trackUnpublished(participant: String, track: String)
    /// Somebody's track fell silent, or came back.
    case trackMuted(participant: String, track: String, isMuted: Bool)
    /// Receiving a track went on.
    case subscribeStateChanged(RemoteTrack, from: SubscribeState, to: SubscribeState)
    /// One is sent more or less of somebody's picture, as the path carries: `full`, `reduced` or `paused`.
    case trackQualityChanged(participant: String, track: String, quality: String)
    /// Publishing a source went on.
    case publishStateChanged(TrackSource, from: PublishState, to: PublishState)
    /// A published source has ended by itself: what was pushed cannot be encoded, or another reason that the error tells.
    case localTrackFailed(TrackSource, MartletError)
    /// Something that one published is published no more, and why; leaving, and a session's end, are told by ``connectionChanged(_:)``
    /// alone.
    case localTrackUnpublished(TrackSource, reason: UnpublishReason)
    /// How loud people are, in -dBov: 0 is the loudest, 127 is silence (RFC 6464 §3). Only what changed.
    case audioLevels([String: Int])
    /// Who is the loudest; `nil`: nobody speaks.
    case activeSpeakerChanged(String?)
    /// How good somebody's network is, up and down.
    case networkQuality(participant: String, up: NetworkGrade, down: NetworkGrade)
    /// Somebody sent a packet over a data stream.
    case dataReceived(from: String, stream: Int, bytes: [UInt8], userTimestamp: Int64?)
    /// Somebody sent bytes with a picture of H.264 (row D24), which is about to be seen.
    case metadataReceived(from: String, track: String, bytes: [UInt8])
    /// A packet of one's own did not arrive, or may not have: the server refused it, or the session ended while it was under
    /// way.
    case dataLost(stream: Int)
    /// Somebody sent a message, or (without a sender) the server.
    case messageReceived(from: String?, id: String?, content: String)
    /// The session ends after so many seconds unless `renewToken` comes before.
    case tokenWillExpire(secondsLeft: Int)
    /// One's own role is another: whether one is of the audience.
    case roleChanged(isAudience: Bool)
    /// What oneself may do changed: ``LocalParticipant/permissions`` has it, also where a new session took the place of a lost one.
    case permissionsChanged
}
