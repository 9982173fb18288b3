// How much of whose pictures is wanted: asked for at any time in a room, asked for again in a new session.
// SPDX-License-Identifier: Apache-2.0
package import Signaling

/// What was chosen of the pictures of others, in the order it was.
struct VideoChoices: Sendable {
    /// What was chosen of one source of somebody.
    struct Entry: Hashable, Sendable {
        let participant: ParticipantID
        let source: TrackSource
        let choice: VideoChoice
    }

    /// The most choices remembered for a restart; the oldest is forgotten first.
    static let countMax = 1_024

    private(set) var entries: [Entry] = []

    /// Remembers a choice; everything there is needs no remembering.
    mutating func note(_ choice: VideoChoice, _ source: TrackSource, of participant: ParticipantID)
    {
        entries.removeAll { $0.participant == participant && $0.source == source }
        guard choice != VideoChoice() else { return }
        if entries.count >= Self.countMax { entries.removeFirst() }
        entries.append(Entry(participant: participant, source: source, choice: choice))
    }

    mutating func forget(_ participant: ParticipantID) {
        entries.removeAll { $0.participant == participant }
    }
}

extension ClientSession {
    /// Wants more or less of somebody's picture, now and after every break.
    /// - Throws: `.invalidState` outside a room, `.participantNotFound`, `.invalidArgument` for a source that is
    ///   heard, `.tooManyRequests`.
    package mutating func setQuality(
        _ choice: VideoChoice, of participant: ParticipantID, source: TrackSource = .camera
    ) throws(SignalingError) {
        guard session != nil || phase == .reconnecting else { throw SignalingError(.invalidState) }
        guard source.kind != .audio else { throw SignalingError(.invalidArgument) }
        guard roster.participant(participant) != nil else {
            throw SignalingError(.participantNotFound)
        }
        try checkRoom()
        videoChoices.note(choice, source, of: participant)
        if session != nil { enqueue { .setQuality($0, participant, source, choice) } }
    }

    /// A session has begun: says again what was chosen of those who are here.
    /// - Parameter participant: Of this one alone; `nil`: of all.
    mutating func chooseQualityAgain(_ participant: ParticipantID?) {
        for entry in videoChoices.entries
        where (participant ?? entry.participant) == entry.participant
            && roster.participant(entry.participant) != nil
        {
            enqueue { .setQuality($0, entry.participant, entry.source, entry.choice) }
        }
    }
}
