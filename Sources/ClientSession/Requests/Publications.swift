// What a client publishes, kept so that a new session publishes it again.
// SPDX-License-Identifier: Apache-2.0
package import Signaling

/// One source that is, or is to be, published.
package struct Publication: Hashable, Sendable {
    /// What it shows.
    package let source: TrackSource
    /// The sending section that carries it; offers made anew have the same sections.
    package let mid: MediaSectionID
    /// Whether it is silent for now.
    package internal(set) var isMuted: Bool
    /// The track's id in this session; `nil` until the server has given one.
    package internal(set) var track: TrackID?
    /// Where publishing it stands.
    package internal(set) var state = PublishState.idle
    /// What of it anybody receives, as the server said last; `nil`: it has said nothing.
    package internal(set) var wanted: WantedLayers?
    /// Whether the server has ever taken it.
    var wasPublished = false
    /// The `publish` under way.
    var request: RequestID?
}

/// What of a published track anybody receives.
package struct WantedLayers: Hashable, Sendable {
    /// The sizes, by RID; the empty text for the only one.
    package var layers: [String]
    /// The most bits a second that anybody could use of some of them; of others there is no bound.
    package var maxBitrates: [String: Int]
    /// How many of the sizes within the only stream; `nil`: all.
    package var spatialLayers: SpatialLayersWanted?
}

/// A choice of whose tracks are wanted, as it was last made.
struct SubscriptionChoice: Hashable, Sendable {
    let participant: ParticipantID
    /// `nil`: of all sources.
    let source: TrackSource?
    var isWanted: Bool
}

/// The choices of subscriptions, in the order they were made.
struct SubscriptionChoices: Sendable {
    /// The most choices remembered for a restart; the oldest is forgotten first.
    static let countMax = 1_024

    private(set) var choices: [SubscriptionChoice] = []

    /// Remembers a choice; one of all sources makes earlier ones of the same participant moot.
    mutating func note(_ choice: SubscriptionChoice) {
        choices.removeAll {
            $0.participant == choice.participant
                && (choice.source == nil || $0.source == choice.source)
        }
        if choices.count >= Self.countMax { choices.removeFirst() }
        choices.append(choice)
    }

    /// Whether a source of somebody is wanted; `nil`: nothing was chosen.
    func isWanted(_ source: TrackSource, of participant: ParticipantID) -> Bool? {
        choices.last {
            $0.participant == participant && ($0.source == nil || $0.source == source)
        }?.isWanted
    }

    mutating func forget(_ participant: ParticipantID) {
        choices.removeAll { $0.participant == participant }
    }
}
