// One member of a room, as the room keeps it.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

/// A member: who it is, what it publishes, what it wants and what it sees.
struct Participant: Sendable {
    /// Its place in the order of joining; never used twice in a room.
    let number: UInt64
    let entry: RoomEntry
    let joinedAt: MediaInstant
    /// The name shown to people.
    var name: DisplayName?
    /// Free text of the application.
    var metadata: Metadata?
    /// Small named texts of the application.
    var attributes: ParticipantAttributes
    /// Whether it is one of those who publish.
    var role: ParticipantRole
    /// Whether the audience of this room is seen.
    let isAudienceSeen: Bool
    /// What it may do now; the entry's grants are those it came with.
    var grants: TokenGrants
    /// How long its token lasts; `nil`: it needs none.
    var token: TokenLife?
    /// Whether it was warned of the end of that token.
    var wasWarned = false
    /// Its sections as of the last offer.
    var sections: [RoomSection]
    /// What it publishes, in the order of publishing.
    var tracks: [PublishedTrack] = []
    /// What it published until it lost its place among the seen, to come back with it.
    var suspendedTracks: [PublishedTrack] = []
    /// What it wants of whom.
    var subscriptions: SubscriptionTable
    /// How much of whose pictures it wants.
    var videoChoices = VideoChoiceTable()
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
    var requests: TokenBucket
    var resumes: TokenBucket
    /// Its data streams.
    var data: DataSender
    /// What it may have to be told again; `nil`: it cannot be resumed.
    var outbox: Outbox?
    /// Whether there is a socket to send to; always for those that cannot be resumed.
    var hasSocket = true
    /// Whether its client's messages have ceased to come.
    var isSignalLost = false
    /// Since when they come again over the socket they had ceased to come over; `nil`: they do not.
    var heardAgainSince: MediaInstant?
    /// Whether its media path is silent, though its client once said something over it.
    var isMediaLost = false
    /// Whether its media goes first.
    var priority = MediaPriority.normal
    /// How good its network is.
    var quality = QualityRecord()

    /// A newcomer.
    init(
        number: UInt64, entry: RoomEntry, profile: RoomProfile,
        configuration: RoomConfiguration, at now: MediaInstant
    ) {
        self.number = number
        self.entry = entry
        joinedAt = now
        name = entry.name
        metadata = entry.metadata
        attributes = entry.attributes
        role = entry.firstRole(in: profile)
        isAudienceSeen = profile == .communication || configuration.showsAudience
        grants = entry.grants
        token = entry.token
        sections = entry.sections
        subscriptions = SubscriptionTable(initial: entry.options.autoSubscribe)
        silentSince = now
        requests = TokenBucket(configuration.requests, at: now)
        resumes = TokenBucket(configuration.resumes, at: now)
        data = DataSender(configuration.data, at: now)
        if entry.options.resume, configuration.resumeTimeout != nil, hearsMessages {
            outbox = Outbox(
                messagesMax: configuration.replayMessagesMax,
                bytesMax: configuration.replayBytesMax)
        }
    }

    /// Whether the others are told that its connection is broken.
    var isInterrupted: Bool { isSignalLost || isMediaLost }

    var key: SessionKey { entry.key }
    var id: ParticipantID { entry.participant }

    /// Whether the others see it.
    var isVisible: Bool {
        !isPlayer && !grants.hidden && (role == .host || isAudienceSeen)
    }

    /// Whether it may publish at all.
    var isPublisher: Bool { !isPlayer && !grants.hidden && role == .host }

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
            id: id, name: name, metadata: metadata, attributes: attributes, role: role,
            interrupted: isInterrupted, priority: priority, tracks: tracks.map(\.info))
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

/// Which tracks of whom a receiver wants.
struct SubscriptionTable: Sendable {
    /// What is wanted of one participant.
    private struct Choice: Sendable {
        var sources: TrackSourceSet
        /// The kind of custom tracks wanted; `nil`: both.
        var customKind: TrackKind?
    }

    /// What holds for those nothing was said about.
    private let initial: Choice
    /// What was said, by participant number. Only looked up, never iterated.
    private var chosen: [UInt64: Choice] = [:]

    init(initial: AutoSubscribe) {
        switch initial {
        case .all: self.initial = Choice(sources: .all)
        case .none: self.initial = Choice(sources: [])
        case .audio, .video:
            let kind: TrackKind = initial == .audio ? .audio : .video
            var sources = TrackSourceSet(.custom)
            for source in TrackSource.allCases where source.kind == kind {
                sources.insert(TrackSourceSet(source))
            }
            self.initial = Choice(sources: sources, customKind: kind)
        }
    }

    /// Of how many participants something is remembered.
    var count: Int { chosen.count }

    /// Whether a participant's tracks of a source and kind are wanted.
    func wants(_ source: TrackSource, _ kind: TrackKind, of publisher: UInt64) -> Bool {
        let choice = chosen[publisher] ?? initial
        guard choice.sources.contains(source) else { return false }
        return source != .custom || choice.customKind == nil || choice.customKind == kind
    }

    /// Wants more or less of a participant.
    mutating func set(_ wanted: Bool, _ sources: TrackSourceSet, of publisher: UInt64) {
        var choice = chosen[publisher] ?? initial
        if wanted { choice.sources.formUnion(sources) } else { choice.sources.subtract(sources) }
        // Who names them wants, or does not want, those of both kinds.
        if sources.contains(.custom) { choice.customKind = nil }
        chosen[publisher] = choice
    }

    /// Forgets a participant who left.
    mutating func forget(_ publisher: UInt64) { chosen[publisher] = nil }
}
