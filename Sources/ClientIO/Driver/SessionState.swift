// How a session stands at one moment.
// SPDX-License-Identifier: Apache-2.0
package import ClientSession
package import Signaling

/// Everything readable of a session, as of one moment.
package struct SessionState: Sendable {
    /// Where the connection stands.
    package let phase: ConnectionPhase
    /// Why it stands there.
    package let reason: ChangeReason
    /// Which link is lost; `nil` unless `reconnecting`.
    package let lostLink: LostLink?
    /// Which try to come back this is; 0 unless `reconnecting`.
    package let attempt: Int
    /// The room; `nil` before it was joined.
    package let room: RoomInfo?
    /// Oneself; `nil` before the room was joined.
    package let participant: ParticipantInfo?
    /// What oneself may do.
    package let grants: TokenGrants
    /// Whether one may publish at all now: by role, and unless one is hidden.
    package let isPublisher: Bool
    /// Relays for a media link that finds no direct way; empty: there are none.
    package let iceServers: [ICEServer]
    /// Everybody else, and what the slots show.
    package let roster: SessionRoster
    /// What is, or is to be, published, in the order of asking.
    package let publications: [Publication]
    /// Why the connection is lost or ended, in more words than `reason`; `nil` while it stands.
    package let failure: SessionFailure?
    /// Why the last socket was lost or could not be opened; `nil` while the connection stands.
    package let linkError: WebSocketError?
}
