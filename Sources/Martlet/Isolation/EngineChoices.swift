// What an application has chosen of others, to be said again to an engine that takes the place of another.
// SPDX-License-Identifier: Apache-2.0

/// The last choice of each kind; as many as there are people that something was chosen for.
struct EngineChoices {
    private struct Key: Hashable {
        var participant: String
        var source: TrackSource?
    }

    private var subscribed: [(key: Key, isWanted: Bool)] = []
    private var qualities: [(key: Key, quality: VideoQuality)] = []

    mutating func note(_ isWanted: Bool, participant: String, source: TrackSource?) {
        let key = Key(participant: participant, source: source)
        // A choice for all sources is later than those for one.
        subscribed.removeAll {
            $0.key == key || source == nil && $0.key.participant == participant
        }
        subscribed.append((key, isWanted))
    }

    mutating func note(_ quality: VideoQuality, participant: String, source: TrackSource) {
        let key = Key(participant: participant, source: source)
        qualities.removeAll { $0.key == key }
        qualities.append((key, quality))
    }

    /// What has to be asked for, in the order it was.
    var requests: [EngineRequest] {
        subscribed.map {
            .subscribe($0.isWanted, participant: $0.key.participant, source: $0.key.source)
        }
            + qualities.compactMap { choice in
                choice.key.source.map {
                    .quality(choice.quality, participant: choice.key.participant, source: $0)
                }
            }
    }
}
