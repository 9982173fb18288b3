// Roles, names and texts that change while their holder is in the room.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

extension RoomCore {
    /// Changes somebody by order of the server's own backend: what the others see of it, its role
    /// and its grants. Whoever is concerned is told.
    /// - Throws: `.participantNotFound`, `.roomClosed` or `.invalidMetadata`; then nothing has
    ///   changed.
    package mutating func updateParticipant(
        _ participant: ParticipantID, _ change: ParticipantChange, at now: MediaInstant
    ) throws(SignalingError) {
        let index = try beginChange(participant, change)
        let session = participants[index].key
        try apply(change.update, to: session)
        if let grants = change.grants {
            setGrants(grants.applied(to: participants[index].grants), ofParticipantAt: index)
        }
        if let role = change.role { setRole(role, of: session) }
        flush()
    }

    /// Whether a change can be made.
    /// - Returns: Where its subject is.
    @discardableResult
    func beginChange(
        _ participant: ParticipantID, _ change: ParticipantChange
    ) throws(SignalingError) -> Int {
        guard !isClosed else { throw SignalingError(.roomClosed) }
        guard let index = index(of: participant) else {
            throw SignalingError(.participantNotFound)
        }
        if let patch = change.attributes { _ = try participants[index].attributes.applying(patch) }
        return index
    }

    // MARK: Role

    /// Whether a session may change its own role.
    func beginSetRole(
        _ session: SessionKey, _ role: ParticipantRole
    ) throws(SignalingError) {
        let index = try member(session)
        guard participants[index].role == role || participants[index].grants.changeRole else {
            throw SignalingError(.permissionDenied)
        }
    }

    /// Gives somebody a role. Whoever becomes one of the audience stops sending by itself; what it
    /// published comes back when it becomes a host again.
    mutating func setRole(_ role: ParticipantRole, of session: SessionKey) {
        guard let index = index(of: session), participants[index].role != role else { return }
        let before = participants[index]
        participants[index].role = role
        tell(session, .roleChanged(role))
        applyStanding(of: index, before: before, leaving: .becameAudience)
        if before.isVisible && participants[index].isVisible {
            broadcast(.participantUpdated(participants[index].info), except: before.number)
        }
    }

    // MARK: Name and texts

    /// Whether a session may change what the others see of it.
    func beginUpdateSelf(
        _ session: SessionKey, _ update: ParticipantUpdate
    ) throws(SignalingError) {
        let index = try member(session)
        guard participants[index].grants.updateSelf else {
            throw SignalingError(.permissionDenied)
        }
        if let patch = update.attributes { _ = try participants[index].attributes.applying(patch) }
    }

    /// Changes what the others see of somebody, and tells them and itself.
    mutating func apply(
        _ update: ParticipantUpdate, to session: SessionKey
    ) throws(SignalingError) {
        let index = try member(session)
        var changed = participants[index]
        changed.name = update.name ?? changed.name
        changed.metadata = update.metadata ?? changed.metadata
        if let patch = update.attributes {
            changed.attributes = try changed.attributes.applying(patch)
        }
        guard changed.info != participants[index].info else { return }
        participants[index] = changed
        tellUpdated(index)
    }
}
