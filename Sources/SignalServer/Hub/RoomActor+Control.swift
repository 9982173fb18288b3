// What the server's own backend asks of one room in service and does in it.
// SPDX-License-Identifier: Apache-2.0
import RoomService
import Rooms
import Signaling
import Wire

extension RoomActor {
    /// Whether the room is gone, though it may stand in the table for a moment yet.
    var isClosed: Bool { room.core.isClosed }

    // MARK: Looking

    /// The room; `nil` once it has closed.
    func description() -> RoomDescription? {
        room.core.isClosed ? nil : room.core.description(at: clock.now)
    }

    /// Everybody in it but players.
    /// - Throws: `.roomNotFound` once it has closed.
    func participantDescriptions() throws(SignalingError) -> [ParticipantDescription] {
        try checkOpen()
        return room.core.participantDescriptions(at: clock.now)
    }

    /// One participant.
    /// - Throws: `.participantNotFound`, or `.roomNotFound` once the room has closed.
    func participantDescription(
        of participant: ParticipantID
    ) throws(SignalingError) -> ParticipantDescription {
        try checkOpen()
        return try room.core.participantDescription(of: participant, at: clock.now)
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
        return try decide { core, now throws(SignalingError) in
            try core.updateParticipant(participant, change, at: now)
            return try core.participantDescription(of: participant, at: now)
        }
    }

    /// Sends somebody away, and keeps them away for a time if one is given.
    /// - Throws: As `RoomCore.kick`; `.roomNotFound` once the room has closed.
    func kick(
        _ participant: ParticipantID, banFor ban: MediaDuration?
    ) throws(SignalingError) {
        try checkOpen()
        _ = try decide { core, now throws(SignalingError) in
            try core.kick(participant, banFor: ban, at: now)
        }
    }

    /// Sends a message of the server.
    /// - Returns: Those named who are not here.
    /// - Throws: As `RoomCore.announce`; `.roomNotFound` once the room has closed.
    func announce(_ message: OutgoingMessage) throws(SignalingError) -> [ParticipantID] {
        try checkOpen()
        return try decide { core, now throws(SignalingError) in
            try core.announce(message, at: now)
        }
    }

    private func checkOpen() throws(SignalingError) {
        guard !room.core.isClosed else { throw SignalingError(.roomNotFound) }
    }
}
