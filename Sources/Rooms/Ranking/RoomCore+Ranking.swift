// Audio ranking in a room: who is heard follows who is loud.
// SPDX-License-Identifier: Apache-2.0
import Signaling

extension RoomCore {
    /// Whether a receiver hears a publisher's microphone as far as the ranking goes. Players, and who
    /// asked for all, hear everybody.
    func hears(_ publisher: Participant, by receiver: Participant) -> Bool {
        guard configuration.audioRanking != nil, receiver.entry.options.audioRanking,
            !receiver.isPlayer
        else { return true }
        return ranking.heard.contains(publisher.number)
    }

    /// Chooses anew who is heard, if anything has changed, and brings the slots in line.
    mutating func updateRanking() {
        guard let places = configuration.audioRanking, ranking.isStale else { return }
        let publishers = participants.filter { member in
            member.tracks.contains { $0.source == .microphone }
        }
        let changed = ranking.rank(publishers.map(\.number), places: max(places, 1))
        for number in changed {
            guard let publisher = index(of: number) else { continue }
            for receiver in participants.indices where receiver != publisher {
                updateWishes(ofReceiverAt: receiver, forPublisherAt: publisher)
                settle(receiver)
            }
        }
    }
}
