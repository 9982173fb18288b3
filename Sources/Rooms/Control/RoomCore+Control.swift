// What the server's own backend asks of a room and does in it.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

extension RoomCore {
    // MARK: Looking

    /// The room as the backend sees it.
    package func description(at now: MediaInstant) -> RoomDescription {
        let players = participants.count { $0.isPlayer }
        return RoomDescription(
            id: id, name: name, profile: profile, metadata: configuration.metadata,
            participants: participants.count - players, players: players, tracks: trackCount,
            participantsMax: configuration.participantsMax, ageSeconds: wholeSeconds(now - openedAt)
        )
    }

    /// Everybody but players, hidden ones and the audience too, in the order of joining.
    package func participantDescriptions(at now: MediaInstant) -> [ParticipantDescription] {
        participants.filter { !$0.isPlayer }.map { describe($0, at: now) }
    }

    /// One participant.
    /// - Throws: `.participantNotFound`.
    package func participantDescription(
        of participant: ParticipantID, at now: MediaInstant
    ) throws(SignalingError) -> ParticipantDescription {
        guard let index = index(of: participant) else { throw SignalingError(.participantNotFound) }
        return describe(participants[index], at: now)
    }

    private func describe(_ member: Participant, at now: MediaInstant) -> ParticipantDescription {
        ParticipantDescription(
            participant: member.info, grants: member.grants, visible: member.isVisible,
            tokenExpiresAt: member.token?.expiresAt,
            ageSeconds: wholeSeconds(now - member.joinedAt))
    }

    private func wholeSeconds(_ duration: MediaDuration) -> Int64 {
        max(duration.milliseconds, 0) / 1_000
    }

    // MARK: Doing

    /// Sends somebody away, and keeps them away for a time if one is given; that holds even if they
    /// have just gone by themselves.
    /// - Returns: Whether they were here.
    /// - Throws: `.participantNotFound` if they were not and no time is given, `.roomClosed`,
    ///   `.invalidArgument` or `.tooManyBans`; then nothing has changed.
    @discardableResult
    package mutating func kick(
        _ participant: ParticipantID, banFor ban: MediaDuration? = nil, at now: MediaInstant
    ) throws(SignalingError) -> Bool {
        guard let index = try beginKick(participant, banFor: ban, at: now) else { return false }
        remove(at: index, reason: .kicked, at: now)
        flush()
        return true
    }

    /// Notes the ban, if any, of somebody who is to be sent away.
    /// - Returns: Where it is; `nil` if it is banned without being here.
    mutating func beginKick(
        _ participant: ParticipantID, banFor ban: MediaDuration?, at now: MediaInstant
    ) throws(SignalingError) -> Int? {
        guard !isClosed else { throw SignalingError(.roomClosed) }
        let index = index(of: participant)
        if let ban {
            try bans.ban(participant, for: ban, at: now)
        } else if index == nil {
            throw SignalingError(.participantNotFound)
        }
        return index
    }

    /// Sends a message of the server to those it names, or to everybody.
    /// - Returns: Those named who are not here.
    /// - Throws: `.participantNotFound` if that is all of them, `.tooManyRecipients`,
    ///   `.packetTooLarge` or `.roomClosed`; then nothing has changed.
    @discardableResult
    package mutating func announce(
        _ message: OutgoingMessage, at now: MediaInstant
    ) throws(SignalingError) -> [ParticipantID] {
        guard !isClosed else { throw SignalingError(.roomClosed) }
        guard message.content.utf8.count <= configuration.data.messageBytesMax else {
            throw SignalingError(.packetTooLarge)
        }
        let audience = try recipients(message.to, fromServer: true)
        deliver(message, from: nil, to: audience.present)
        return audience.absent
    }
}
