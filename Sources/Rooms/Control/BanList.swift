// Who may not come back to a room for a while.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

/// Participants who were sent away, each until a moment.
package struct BanList: Sendable {
    /// The most participants banned from one room at a time.
    package static let countMax = 1_000
    /// The longest ban.
    package static let durationMax = MediaDuration.seconds(365 * 24 * 3600)

    private struct Ban: Sendable {
        var participant: ParticipantID
        var until: MediaInstant
    }

    private var bans: [Ban] = []

    /// Nobody.
    package init() {}

    /// Whether nobody is on it, not even somebody whose ban has ended.
    package var isEmpty: Bool { bans.isEmpty }

    /// Bans somebody; of two bans the later end holds.
    /// - Throws: `.tooManyBans` or `.invalidArgument`.
    package mutating func ban(
        _ participant: ParticipantID, for duration: MediaDuration, at now: MediaInstant
    ) throws(SignalingError) {
        guard duration > .zero, duration <= Self.durationMax else {
            throw SignalingError(
                .invalidArgument, detail: "A ban lasts more than nothing and at most a year.")
        }
        removeEnded(at: now)
        let until = now + duration
        if let index = bans.firstIndex(where: { $0.participant == participant }) {
            bans[index].until = max(bans[index].until, until)
            return
        }
        guard bans.count < Self.countMax else { throw SignalingError(.tooManyBans) }
        bans.append(Ban(participant: participant, until: until))
    }

    /// How long somebody must stay away yet; `nil`: not at all.
    package func timeLeft(of participant: ParticipantID, at now: MediaInstant) -> MediaDuration? {
        let ban = bans.first { $0.participant == participant }
        guard let ban, ban.until > now else { return nil }
        return ban.until - now
    }

    /// Forgets bans that have ended.
    package mutating func removeEnded(at now: MediaInstant) {
        bans.removeAll { $0.until <= now }
    }
}

/// The bans of rooms that closed, for the next rooms of their names; a ban outlives its room.
package struct ClosedRoomBans: Sendable {
    /// The most rooms remembered; beyond, the one closed first is forgotten.
    package static let roomsMax = 1_000

    private var rooms: [(name: RoomName, bans: BanList)] = []

    /// No rooms.
    package init() {}

    /// How many rooms are remembered.
    package var count: Int { rooms.count }

    /// Remembers a closed room's bans, if it has any.
    package mutating func keep(_ bans: BanList, of name: RoomName) {
        guard !bans.isEmpty else { return }
        rooms.removeAll { $0.name == name }
        if rooms.count >= Self.roomsMax { rooms.removeFirst() }
        rooms.append((name, bans))
    }

    /// Hands out the bans of a room that comes into being.
    package mutating func take(of name: RoomName, at now: MediaInstant) -> BanList {
        for index in rooms.indices { rooms[index].bans.removeEnded(at: now) }
        rooms.removeAll { $0.bans.isEmpty }
        guard let index = rooms.firstIndex(where: { $0.name == name }) else { return BanList() }
        return rooms.remove(at: index).bans
    }
}
