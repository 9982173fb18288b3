// How good people's networks are: told by themselves, gathered, and told to everybody.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

/// What is known of one participant's network.
struct QualityRecord: Sendable {
    /// What it reported last.
    var reported: NetworkQuality?
    /// When it did.
    var reportedAt: MediaInstant?
    /// What everybody was told last.
    var told: NetworkQuality?
}

extension RoomCore {
    /// Takes a client's own judgement; beyond one in `qualityInterval` it is dropped and counted.
    mutating func report(
        _ quality: NetworkQuality, of index: Int, at now: MediaInstant
    ) {
        if let last = participants[index].quality.reportedAt,
            now - last < configuration.qualityInterval + Self.qualityTolerance
        {
            qualityReportsDropped += 1
            return
        }
        participants[index].quality.reported = quality
        participants[index].quality.reportedAt = now
        noteQuality(of: index, at: now)
    }

    /// What a client sends in time may arrive this much earlier after the one before.
    private static let qualityTolerance = MediaDuration.milliseconds(-500)

    /// What is to be told of a member; `nil`: nothing is known.
    private func quality(of member: Participant) -> NetworkQuality? {
        member.isInterrupted ? .down : member.quality.reported
    }

    /// Sees to it that everybody is told if a member's quality is another now.
    mutating func noteQuality(of index: Int, at now: MediaInstant) {
        let member = participants[index]
        guard member.isVisible, quality(of: member) ?? .unknown != member.quality.told ?? .unknown
        else { return }
        if !untoldQualities.contains(member.number) { untoldQualities.append(member.number) }
        let next = qualityToldAt.map { $0 + configuration.qualityInterval } ?? now
        qualityDue = qualityDue ?? max(next, now)
    }

    /// Tells everybody what changed, once that is due.
    mutating func tellQualities(at now: MediaInstant) {
        guard let due = qualityDue, due <= now else { return }
        qualityDue = nil
        qualityToldAt = now
        let numbers = untoldQualities
        untoldQualities = []
        var changed: [ParticipantQuality] = []
        for number in numbers {
            guard let index = index(of: number), participants[index].isVisible else { continue }
            let quality = quality(of: participants[index]) ?? .unknown
            // It may have come and gone meanwhile.
            guard quality != participants[index].quality.told ?? .unknown else { continue }
            participants[index].quality.told = quality
            changed.append(
                ParticipantQuality(participant: participants[index].id, quality: quality))
        }
        if !changed.isEmpty { broadcast(.networkQuality(changed), except: nil) }
    }

    /// Tells somebody what is known of those it sees.
    /// - Parameter isBack: Whether it was told something before, which may be outdated.
    mutating func tellKnownQualities(to receiver: Participant, isBack: Bool) {
        var known: [ParticipantQuality] = []
        for member in participants where member.isVisible && member.number != receiver.number {
            let quality = quality(of: member) ?? .unknown
            guard quality != .unknown || isBack && member.quality.told != nil else { continue }
            known.append(ParticipantQuality(participant: member.id, quality: quality))
        }
        if !known.isEmpty { tell(receiver.key, .networkQuality(known)) }
    }

    /// How many reports were dropped for coming too often since this was last asked.
    package mutating func takeDroppedQualityReports() -> UInt64 {
        defer { qualityReportsDropped = 0 }
        return qualityReportsDropped
    }
}
