// What the server's own backend asks of one room in service and does in it.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling
import Wire

extension RoomActor {
    /// Who may not come back to the room for a while.
    var bans: BanList { core.bans }

    /// Whether the room is gone, though it may stand in the table for a moment yet.
    var isClosed: Bool { core.isClosed }

    // MARK: Looking

    /// The room; `nil` once it has closed.
    func description() -> RoomDescription? {
        core.isClosed ? nil : core.description(at: clock.now)
    }

    /// Everybody in it but players.
    /// - Throws: `.roomNotFound` once it has closed.
    func participantDescriptions() throws(SignalingError) -> [ParticipantDescription] {
        try checkOpen()
        return core.participantDescriptions(at: clock.now)
    }

    /// One participant.
    /// - Throws: `.participantNotFound`, or `.roomNotFound` once the room has closed.
    func participantDescription(
        of participant: ParticipantID
    ) throws(SignalingError) -> ParticipantDescription {
        try checkOpen()
        return try core.participantDescription(of: participant, at: clock.now)
    }

    // MARK: Doing

    /// Closes the room by order of the backend; everybody is told `roomClosed`.
    /// - Throws: `.roomNotFound` if it has closed already.
    func closeByOrder() throws(SignalingError) {
        try checkOpen()
        close(reason: .roomClosed)
    }

    /// Changes somebody, and tells how it is then.
    /// - Throws: As `RoomCore.updateParticipant`; `.roomNotFound` once the room has closed.
    func change(
        _ participant: ParticipantID, _ change: ParticipantChange
    ) throws(SignalingError) -> ParticipantDescription {
        try checkOpen()
        defer { carryOut() }
        try core.updateParticipant(participant, change, at: clock.now)
        return try core.participantDescription(of: participant, at: clock.now)
    }

    /// Sends somebody away, and keeps them away for a time if one is given.
    /// - Throws: As `RoomCore.kick`; `.roomNotFound` once the room has closed.
    func kick(
        _ participant: ParticipantID, banFor ban: MediaDuration?
    ) throws(SignalingError) {
        try checkOpen()
        defer { carryOut() }
        try core.kick(participant, banFor: ban, at: clock.now)
    }

    /// Sends a message of the server.
    /// - Returns: Those named who are not here.
    /// - Throws: As `RoomCore.announce`; `.roomNotFound` once the room has closed.
    func announce(_ message: OutgoingMessage) throws(SignalingError) -> [ParticipantID] {
        try checkOpen()
        defer { carryOut() }
        return try core.announce(message, at: clock.now)
    }

    private func checkOpen() throws(SignalingError) {
        guard !core.isClosed else { throw SignalingError(.roomNotFound) }
    }
}
