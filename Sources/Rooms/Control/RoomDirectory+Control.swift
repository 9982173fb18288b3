// What the server's own backend asks of all rooms, by name.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

extension RoomDirectory {
    /// Every room, sorted by name.
    package func roomDescriptions(at now: MediaInstant) -> [RoomDescription] {
        roomNames.compactMap { room(named: $0)?.description(at: now) }
    }

    /// One room.
    /// - Throws: `.roomNotFound`.
    package func roomDescription(
        of name: RoomName, at now: MediaInstant
    ) throws(SignalingError) -> RoomDescription {
        guard let room = room(named: name) else { throw SignalingError(.roomNotFound) }
        return room.description(at: now)
    }

    /// Everybody in a room but players.
    /// - Throws: `.roomNotFound`.
    package func participantDescriptions(
        in name: RoomName, at now: MediaInstant
    ) throws(SignalingError) -> [ParticipantDescription] {
        guard let room = room(named: name) else { throw SignalingError(.roomNotFound) }
        return room.participantDescriptions(at: now)
    }

    /// Closes a room: everybody is told `roomClosed` and dropped.
    /// - Throws: `.roomNotFound`.
    package mutating func close(_ name: RoomName, at now: MediaInstant) throws(SignalingError) {
        try withRoom(named: name) { room throws(SignalingError) in
            room.close(reason: .roomClosed, at: now)
        }
    }

    /// Sends somebody away; see `RoomCore.kick`.
    /// - Throws: `.roomNotFound`, or what `RoomCore.kick` throws.
    @discardableResult
    package mutating func kick(
        _ participant: ParticipantID, from name: RoomName, banFor ban: MediaDuration? = nil,
        at now: MediaInstant
    ) throws(SignalingError) -> Bool {
        try withRoom(named: name) { room throws(SignalingError) in
            try room.kick(participant, banFor: ban, at: now)
        }
    }
}
