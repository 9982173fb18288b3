// Audio ranking in a room: who is heard follows who is loud.
// SPDX-License-Identifier: Apache-2.0
import Signaling
package import Wire

extension RoomCore {
    /// Whether a receiver hears a publisher's microphone as far as the ranking goes. Players, and who
    /// asked for all, hear everybody.
    func hears(_ publisher: Participant, by receiver: Participant) -> Bool {
        guard configuration.audioRanking != nil, receiver.entry.options.audioRanking,
            !receiver.isPlayer
        else { return true }
        return ranking.heard.contains(publisher.number)
    }

    /// Gives whoever begins to speak its place at once, if it is loud enough for one. What comes too soon after the
    /// last such change waits for the next report on everybody's loudness.
    package mutating func voiceStarted(_ voice: MeasuredLevel, at now: MediaInstant) {
        guard configuration.audioRanking != nil, now >= nextVoice,
            let index = microphoneOwner(voice),
            !ranking.heard.contains(participants[index].number)
        else { return }
        nextVoice = now + AudioRanking.voiceInterval
        ranking.note(participants[index].number, level: min(voice.level, 127))
        flush()
    }

    /// Who publishes the microphone that a level was measured at; `nil`: nobody here.
    func microphoneOwner(_ level: MeasuredLevel) -> Int? {
        guard let index = index(of: level.publisher),
            participants[index].tracks.contains(where: {
                $0.mid == level.mid && $0.source == .microphone
            })
        else { return nil }
        return index
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
