// How much of whose pictures a member wants.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

/// What a member chose of the pictures of others, by participant number. Only looked up, never iterated; at most one
/// choice for each video source of each member of the room.
struct VideoChoiceTable: Sendable {
    private var chosen: [UInt64: [(source: TrackSource, choice: VideoChoice)]] = [:]

    /// Of how many participants something is remembered.
    var count: Int { chosen.count }

    /// What was chosen; `nil`: nothing, or everything there is.
    func choice(_ source: TrackSource, of publisher: UInt64) -> VideoChoice? {
        chosen[publisher]?.first { $0.source == source }?.choice
    }

    /// Remembers a choice.
    mutating func set(_ choice: VideoChoice, _ source: TrackSource, of publisher: UInt64) {
        var choices = chosen[publisher] ?? []
        choices.removeAll { $0.source == source }
        if choice != VideoChoice() { choices.append((source, choice)) }
        chosen[publisher] = choices.isEmpty ? nil : choices
    }

    /// Forgets a participant who left.
    mutating func forget(_ publisher: UInt64) { chosen[publisher] = nil }
}

extension RoomCore {
    /// These layers of a published section are wanted by anybody, some of them at no more than so many bits a second, or not
    /// all that are within its one stream; its publisher is told. Ignored where nothing is published there.
    package mutating func layersWanted(
        _ publisher: SessionKey, mid: MediaSectionID, layers: [String],
        maxBitrates: [String: Int] = [:], spatial: SpatialLayersWanted? = nil
    ) {
        guard let index = index(of: publisher), participants[index].hearsMessages,
            let track = participants[index].tracks.first(where: { $0.mid == mid })
        else { return }
        tell(
            publisher,
            .layersWanted(track.id, layers, maxBitrates: maxBitrates, spatialLayers: spatial))
        flush()
    }

    /// Wants more or less of somebody's picture. It holds for tracks published later as well, until the participant
    /// leaves.
    /// - Throws: `.permissionDenied`, `.participantNotFound`, `.invalidArgument` for oneself or a source that is
    ///   heard, or `.invalidState`.
    package mutating func setQuality(
        _ session: SessionKey, _ choice: VideoChoice, of participant: ParticipantID,
        source: TrackSource, at now: MediaInstant
    ) throws(SignalingError) {
        try beginSetQuality(session, choice, of: participant, source: source)
        flush()
    }

    mutating func beginSetQuality(
        _ session: SessionKey, _ choice: VideoChoice, of participant: ParticipantID,
        source: TrackSource
    ) throws(SignalingError) {
        let receiver = try member(session)
        guard participants[receiver].grants.subscribe else {
            throw SignalingError(.permissionDenied)
        }
        guard source.kind != .audio else {
            throw SignalingError(.invalidArgument, detail: "Sound has one quality.")
        }
        guard participants[receiver].id != participant else {
            throw SignalingError(.invalidArgument, detail: "Nobody subscribes to oneself.")
        }
        guard let publisher = index(of: participant), participants[publisher].isVisible else {
            throw SignalingError(.participantNotFound)
        }
        let number = participants[publisher].number
        participants[receiver].videoChoices.set(choice, source, of: number)
        for section in participants[receiver].board.sections {
            guard let shown = section.source, shown.publisher == number,
                let track = participants[publisher].tracks.first(where: {
                    $0.number == shown.track
                }), track.source == source, track.kind == .video
            else { continue }
            emit(.setQuality(receiver: session, mid: section.mid, choice))
        }
    }
}
