// What members with the right to it do to others, and whose media goes first.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

extension RoomCore {
    /// Whether a session may send others away and change them.
    func checkModeration(_ session: SessionKey) throws(SignalingError) {
        let index = try member(session)
        let moderator = participants[index]
        guard moderator.grants.admin, profile != .broadcast || moderator.role == .host else {
            throw SignalingError(.permissionDenied)
        }
    }

    mutating func removeParticipant(
        _ participant: ParticipantID, banSeconds: Int64?, for session: SessionKey,
        requestID: RequestID, at now: MediaInstant
    ) throws(SignalingError) {
        try checkModeration(session)
        let index = try beginKick(
            participant, banFor: banSeconds.map { .seconds($0) }, at: now)
        // Before the end, which may be the asker's own.
        tell(session, .ok(requestID, nil))
        if let index { remove(at: index, reason: .kicked, at: now) }
    }

    mutating func changeParticipant(
        _ participant: ParticipantID, _ change: ParticipantChange, for session: SessionKey,
        requestID: RequestID, at now: MediaInstant
    ) throws(SignalingError) {
        try checkModeration(session)
        try beginChange(participant, change)
        tell(session, .ok(requestID, nil))
        try updateParticipant(participant, change, at: now)
    }

    /// Finds what a newcomer's wish to go first comes to. Who gives way stays normal for good.
    mutating func grantPriority(to entry: RoomEntry) -> MediaPriority {
        guard entry.options.priority == .high else { return .normal }
        guard let former = participants.firstIndex(where: { $0.priority == .high }) else {
            return .high
        }
        guard entry.options.preempts else { return .normal }
        participants[former].priority = .normal
        for track in participants[former].tracks { emitRank(of: track, publisherAt: former) }
        tellUpdated(former)
        return .high
    }

    /// Says how a track is treated where a path does not carry all; sound always goes first.
    mutating func emitRank(of track: PublishedTrack, publisherAt index: Int) {
        guard track.kind == .video else { return }
        let publisher = participants[index]
        emit(
            .setRank(
                publisher: publisher.key, mid: track.mid, track.source, publisher.priority))
    }

    /// Tells everybody who sees somebody, and itself, how it is seen from now on.
    mutating func tellUpdated(_ index: Int) {
        let changed = participants[index]
        if changed.isVisible {
            broadcast(.participantUpdated(changed.info), except: nil)
        } else {
            tell(changed.key, .participantUpdated(changed.info))
        }
    }
}
