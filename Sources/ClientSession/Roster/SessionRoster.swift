// Everybody else in the room as a client knows them, with what is received of whom.
// SPDX-License-Identifier: Apache-2.0
package import Signaling

/// The others, in the order of joining, and what the client's slots show.
package struct SessionRoster: Sendable {
    /// A track of somebody else and where receiving it stands.
    package struct RemoteTrack: Hashable, Sendable {
        /// The track.
        package internal(set) var info: TrackInfo
        /// Where receiving it stands.
        package internal(set) var state = SubscribeState.idle
    }

    /// Somebody else.
    package struct RemoteParticipant: Hashable, Sendable {
        /// What is known of it; its tracks as of now.
        package internal(set) var info: ParticipantInfo
        /// Its tracks, in the order of publishing.
        package internal(set) var tracks: [RemoteTrack]
    }

    /// Everybody else, in the order of joining.
    package internal(set) var participants: [RemoteParticipant] = []
    /// What each slot shows, in the order of the first mention.
    package private(set) var slots: [SlotAssignment] = []

    /// Somebody by id.
    package func participant(_ id: ParticipantID) -> RemoteParticipant? {
        participants.first { $0.info.id == id }
    }

    func index(of id: ParticipantID) -> Int? {
        participants.firstIndex { $0.info.id == id }
    }

    /// Takes in what is told; what it says of itself is not looked at.
    mutating func take(_ message: ServerMessage) {
        switch message {
        case .participantJoined(let info):
            participants.removeAll { $0.info.id == info.id }
            participants.append(
                RemoteParticipant(info: info, tracks: info.tracks.map { RemoteTrack(info: $0) }))
        case .participantLeft(let id, _): participants.removeAll { $0.info.id == id }
        case .participantInterrupted(let id): change(id) { $0.info.interrupted = true }
        case .participantResumed(let id): change(id) { $0.info.interrupted = false }
        case .participantUpdated(let info):
            change(info.id) { participant in
                let tracks = participant.info.tracks
                participant.info = info
                participant.info.tracks = tracks
            }
        case .trackPublished(let id, let track):
            change(id) { participant in
                guard !participant.tracks.contains(where: { $0.info.id == track.id }) else {
                    return
                }
                participant.tracks.append(RemoteTrack(info: track))
                participant.info.tracks.append(track)
            }
        case .trackUnpublished(let id, let track):
            change(id) { participant in
                participant.tracks.removeAll { $0.info.id == track }
                participant.info.tracks.removeAll { $0.id == track }
            }
        case .trackMuted(let id, let track, let isMuted):
            change(id) { participant in
                for index in participant.tracks.indices
                where participant.tracks[index].info.id == track {
                    participant.tracks[index].info.muted = isMuted
                }
                for index in participant.info.tracks.indices
                where participant.info.tracks[index].id == track {
                    participant.info.tracks[index].muted = isMuted
                }
            }
        case .slots(let assignments): assignments.forEach { assign($0) }
        default: break
        }
    }

    private mutating func change(
        _ id: ParticipantID, _ body: (inout RemoteParticipant) -> Void
    ) {
        if let index = index(of: id) { body(&participants[index]) }
    }

    private mutating func assign(_ assignment: SlotAssignment) {
        if let index = slots.firstIndex(where: { $0.mid == assignment.mid }) {
            slots[index] = assignment
        } else {
            slots.append(assignment)
        }
    }

    /// The slots of a session that has begun.
    mutating func begin(_ assignments: [SlotAssignment]) { slots = assignments }

    /// The slot that shows a track; `nil`: none.
    package func slot(of track: TrackID, from participant: ParticipantID) -> SlotAssignment? {
        slots.first { $0.source?.track == track && $0.source?.participant == participant }
    }

    /// Puts everybody and their tracks in the order in which a new session found them.
    mutating func order(as found: [ParticipantInfo]) {
        participants = found.map { info in
            let former = participant(info.id)
            let tracks = info.tracks.map { track in
                RemoteTrack(
                    info: track,
                    state: former?.tracks.first { $0.info.id == track.id }?.state ?? .idle)
            }
            return RemoteParticipant(info: info, tracks: tracks)
        }
    }

    /// What is to be told of the difference to a room as a new session found it.
    /// - Parameter isSameRoom: Whether it is the room from before, in which an id names the same track.
    func differences(
        to found: [ParticipantInfo], inSameRoom isSameRoom: Bool
    ) -> [ServerMessage] {
        var told: [ServerMessage] = []
        for former in participants where !found.contains(where: { $0.id == former.info.id }) {
            told.append(.participantLeft(former.info.id, .left))
        }
        for info in found {
            guard let former = participant(info.id) else {
                told.append(.participantJoined(info))
                continue
            }
            func isSame(_ left: TrackInfo, _ right: TrackInfo) -> Bool {
                isSameRoom && left.id == right.id
            }
            for track in former.info.tracks
            where !info.tracks.contains(where: { isSame($0, track) }) {
                told.append(.trackUnpublished(info.id, track.id))
            }
            for track in info.tracks {
                guard let before = former.info.tracks.first(where: { isSame($0, track) }) else {
                    told.append(.trackPublished(info.id, track))
                    continue
                }
                if before.muted != track.muted {
                    told.append(.trackMuted(info.id, track.id, track.muted))
                }
            }
            if former.info.interrupted != info.interrupted {
                told.append(
                    info.interrupted
                        ? .participantInterrupted(info.id) : .participantResumed(info.id))
            }
            var updated = info
            updated.interrupted = former.info.interrupted
            updated.tracks = former.info.tracks
            if updated != former.info { told.append(.participantUpdated(info)) }
        }
        return told
    }
}
