// One member of a room, as the room keeps it.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

/// A member: who it is, what it publishes, what it wants and what it sees.
struct Participant: Sendable {
    /// Its place in the order of joining; never used twice in a room.
    let number: UInt64
    let entry: RoomEntry
    /// Its sections as of the last offer.
    var sections: [RoomSection]
    /// What it publishes, in the order of publishing.
    var tracks: [PublishedTrack] = []
    /// What it wants of whom.
    var subscriptions: SubscriptionTable
    /// What it sees.
    var board = SlotBoard()
    /// The slots to be told to the client at the end of the verb, as sections of the board.
    var untoldSections: [Int] = []
    /// Whether the end of the verb has something to tell it.
    var isUntold = false
    /// Whether it was asked for more slots and has not offered since.
    var wasAskedForSlots = false
    /// When it was last heard of; `nil` while its media says that it lives.
    var silentSince: MediaInstant?
    var requests: RequestBucket

    var key: SessionKey { entry.key }
    var id: ParticipantID { entry.participant }

    /// Whether the others see it.
    var isVisible: Bool { !isPlayer && !entry.grants.hidden }

    /// Whether it came by WHEP.
    var isPlayer: Bool { entry.isPlayer }

    /// How its receiving sections go together.
    var pairing: SlotBoard.Pairing { isPlayer ? .counted : .adjacent }

    /// Whether it has a WebSocket.
    var hearsMessages: Bool {
        if case .signaling = entry.kind { return true }
        return false
    }

    /// The participant as the others see it.
    var info: ParticipantInfo {
        ParticipantInfo(
            id: id, name: entry.name, metadata: entry.metadata, tracks: tracks.map(\.info))
    }
}

/// A track as the room keeps it.
struct PublishedTrack: Hashable, Sendable {
    /// Its number in the room.
    let number: UInt64
    let source: TrackSource
    let kind: TrackKind
    let mid: MediaSectionID
    var isMuted: Bool

    var id: TrackID { TrackID(number: number) }

    var info: TrackInfo { TrackInfo(id: id, source: source, kind: kind, muted: isMuted) }

    /// Which presentation it belongs to, for receivers that are no players.
    var aspect: Presentation.Aspect {
        switch source {
        case .microphone, .camera: .person
        case .screen, .screenAudio: .screen
        case .custom: .custom(number)
        }
    }
}

/// Which sources of whom a receiver wants.
struct SubscriptionTable: Sendable {
    /// What holds for those nothing was said about.
    let initial: TrackSourceSet
    /// What was said, by participant number. Only looked up, never iterated.
    private var chosen: [UInt64: TrackSourceSet] = [:]

    init(initial: TrackSourceSet) { self.initial = initial }

    /// Of how many participants something is remembered.
    var count: Int { chosen.count }

    /// The sources wanted of a participant.
    func sources(of publisher: UInt64) -> TrackSourceSet { chosen[publisher] ?? initial }

    /// Wants more or less of a participant.
    mutating func set(_ wanted: Bool, _ sources: TrackSourceSet, of publisher: UInt64) {
        let before = self.sources(of: publisher)
        chosen[publisher] = wanted ? before.union(sources) : before.subtracting(sources)
    }

    /// Forgets a participant who left.
    mutating func forget(_ publisher: UInt64) { chosen[publisher] = nil }
}

/// How many requests a session may still make: a bucket that refills with time.
struct RequestBucket: Sendable {
    private let burst: Int64
    private let perSecond: Int64
    /// What is in the bucket, in billionths of a request.
    private var level: Int64
    private var filledAt: MediaInstant

    private static let one: Int64 = 1_000_000_000

    init(burst: Int64, perSecond: Int64, at now: MediaInstant) {
        self.burst = min(max(burst, 1), 1_000_000)
        self.perSecond = min(max(perSecond, 1), 1_000_000)
        level = self.burst * Self.one
        filledAt = now
    }

    /// Takes one request out; false if there is none.
    mutating func take(at now: MediaInstant) -> Bool {
        let elapsed = max((now - filledAt).nanoseconds, 0)
        filledAt = max(filledAt, now)
        let (gain, overflow) = elapsed.multipliedReportingOverflow(by: perSecond)
        let full = burst * Self.one
        level = overflow || gain > full - level ? full : level + gain
        guard level >= Self.one else { return false }
        level -= Self.one
        return true
    }
}
