// One room: verbs in, effects out; no SDP, socket, clock or randomness.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

/// The state of one room and everything decided in it.
///
/// Call a verb, then drain `pollEffect` until `nil`; call `advance(to:)` at `nextDeadline`. The same
/// verbs at the same times give the same effects, byte for byte. A verb costs at most
/// O(members x presentations); nothing here runs per packet.
package struct RoomCore: Sendable {
    /// The room's name.
    package let name: RoomName
    /// Its id, which no other room of that name has; `nil` if it was given none.
    package let id: RoomID?
    let configuration: RoomConfiguration

    /// When it came into being.
    let openedAt: MediaInstant
    /// Who may not come back for a while. When the room has closed, they are for the next of its name.
    package internal(set) var bans: BanList

    /// In the order of joining, so sorted by number.
    var participants: [Participant] = []
    /// Looked up, never iterated.
    private var numberBySession: [SessionKey: UInt64] = [:]
    /// Those whose ids are taken: all but players. Looked up, never iterated.
    private var numberByID: [ParticipantID: UInt64] = [:]
    private var nextParticipantNumber: UInt64 = 1
    var nextTrackNumber: UInt64

    /// Members whose network's quality changed and was not told, by number.
    var untoldQualities: [UInt64] = []
    /// When everybody is told of them; `nil` while there are none.
    var qualityDue: MediaInstant?
    /// When everybody was told last.
    var qualityToldAt: MediaInstant?
    var qualityReportsDropped: UInt64 = 0

    /// What all sessions together may still send.
    var roomData: DataBudget
    /// Who is heard, where only the loudest are.
    var ranking = AudioRanking()
    /// From when on somebody who begins to speak may change the ranking again.
    var nextVoice = MediaInstant.zero

    private var effects: [RoomEffect] = []
    private var effectsTaken = 0
    /// Members with something to be told at the end of the verb, by number.
    private var untold: [UInt64] = []

    /// How the room is used; `nil` until somebody joins a room that nothing was said of.
    package private(set) var profile: RoomProfile?
    /// When the room closes if it stays empty; `nil` while somebody is in it.
    private var closesAt: MediaInstant?
    /// Nothing is due for any member before this; `nil` while nothing can be at all.
    var nextMemberCheck: MediaInstant?
    /// Whether the room is gone; it takes nobody any more.
    package private(set) var isClosed = false

    /// Opens a room, which closes again if nobody enters within `emptyTimeout`.
    package init(
        name: RoomName, id: RoomID? = nil, configuration: RoomConfiguration,
        bans: BanList = BanList(), at now: MediaInstant
    ) {
        self.name = name
        self.id = id
        self.configuration = configuration
        openedAt = now
        self.bans = bans
        nextTrackNumber = id?.firstTrackNumber ?? 1
        profile = configuration.profile
        roomData = DataBudget(
            packets: configuration.data.roomPackets, bytes: configuration.data.roomBytes, at: now)
        closesAt = now + configuration.emptyTimeout
    }

    // MARK: Driving

    /// The next thing to do; `nil`: nothing more for now.
    package mutating func pollEffect() -> RoomEffect? {
        guard effectsTaken < effects.count else {
            effects.removeAll(keepingCapacity: effects.count < 256)
            effectsTaken = 0
            return nil
        }
        defer { effectsTaken += 1 }
        return effects[effectsTaken]
    }

    /// When `advance(to:)` has something to do at the latest; it may find nothing to do then.
    package var nextDeadline: MediaInstant? {
        earliest(earliest(closesAt, nextMemberCheck), qualityDue)
    }

    /// Lets time pass: tokens run out, silent members go, an empty room closes.
    package mutating func advance(to now: MediaInstant) {
        guard !isClosed else { return }
        if let check = nextMemberCheck, check <= now {
            serveMembers(at: now)
            flush()
        }
        tellQualities(at: now)
        if let closesAt, closesAt <= now {
            isClosed = true
            self.closesAt = nil
            emit(.roomClosed)
        }
    }

    // MARK: Membership

    /// Whether somebody may enter, as far as is known without its sections: to refuse early.
    /// - Throws: What `join` would throw.
    package func checkEntry(
        participant: ParticipantID, asPlayer: Bool, at now: MediaInstant
    ) throws(SignalingError) {
        guard !isClosed else { throw SignalingError(.roomClosed) }
        if let timeLeft = bans.timeLeft(of: participant, at: now) {
            var refusal = SignalingError(.banned)
            refusal.retryAfter = timeLeft
            throw refusal
        }
        let present = asPlayer ? nil : index(of: participant).map { participants[$0] }
        let isReturning = present != nil
        // Somebody whose connection broke must not be kept out by what is left of his session.
        if let present, !present.isInterrupted, configuration.duplicates == .reject {
            throw SignalingError(.duplicateIdentity)
        }
        guard isReturning || participants.count < configuration.participantsMax else {
            throw SignalingError(.roomFull)
        }
    }

    /// Lets somebody in. Whoever had the same id is told `duplicateIdentity` and dropped.
    /// - Throws: `.roomClosed`, `.banned`, `.roomFull`, `.duplicateIdentity`, `.profileMismatch` or
    ///   `.invalidState`; then nothing has changed.
    package mutating func join(
        _ entry: RoomEntry, at now: MediaInstant
    ) throws(SignalingError) {
        guard numberBySession[entry.key] == nil else { throw SignalingError(.invalidState) }
        let profile = self.profile ?? entry.options.profile ?? .communication
        var participant = Participant(
            number: nextParticipantNumber, entry: entry, profile: profile,
            configuration: configuration, at: now)
        try checkEntry(
            participant: entry.participant, asPlayer: participant.isPlayer, at: now)
        guard entry.options.profile == nil || entry.options.profile == profile else {
            throw SignalingError(.profileMismatch)
        }
        // Only who could have named a profile decides by not naming one.
        if participant.hearsMessages { self.profile = profile }
        if !participant.isPlayer, let former = numberByID[entry.participant],
            let index = index(of: former)
        {
            remove(at: index, reason: .duplicateIdentity, at: now)
        }
        participant.priority = grantPriority(to: entry)
        nextParticipantNumber += 1
        closesAt = nil
        participant.board.layOut(entry.sections, pairing: participant.pairing)
        participants.append(participant)
        numberBySession[entry.key] = participant.number
        if !participant.isPlayer { numberByID[entry.participant] = participant.number }
        let index = participants.count - 1
        noteDeadline(of: index)
        seatEverybody(forReceiverAt: index)
        welcome(index)
        flush()
    }

    /// Tells the newcomer of the room and the room of the newcomer.
    private mutating func welcome(_ index: Int) {
        let newcomer = participants[index]
        // The reply names every slot, so there is nothing left to tell of them.
        participants[index].untoldSections = []
        if case .signaling(let parts) = newcomer.entry.kind {
            var others: [ParticipantInfo] = []
            for other in participants where other.number != newcomer.number && other.isVisible {
                others.append(other.info)
            }
            let reply = JoinedReply(
                session: parts.session, room: info, participant: newcomer.info,
                grants: newcomer.grants, resumeSeconds: resumeSeconds(of: newcomer),
                answer: parts.answer, iceServers: parts.iceServers, participants: others,
                slots: newcomer.board.sections.indices.map { assignment($0, of: index) })
            tell(newcomer.key, .joined(parts.requestID, reply))
            tellKnownQualities(to: newcomer, isBack: false)
        }
        if newcomer.isVisible {
            broadcast(.participantJoined(newcomer.info), except: newcomer.number)
        }
    }

    /// Lets somebody go, whatever the reason; nothing happens if the session is not in the room.
    package mutating func leave(
        _ session: SessionKey, reason: DisconnectReason, at now: MediaInstant
    ) {
        guard !isClosed, let index = index(of: session) else { return }
        remove(at: index, reason: reason, at: now)
        flush()
    }

    /// Closes the room: everybody is told and dropped, and it is gone.
    /// - Parameter rejoin: Whether clients are to come back by themselves.
    package mutating func close(
        reason: DisconnectReason, rejoin: Bool = false, at now: MediaInstant
    ) {
        guard !isClosed else { return }
        for participant in participants {
            dismiss(participant, reason: reason, rejoin: rejoin)
        }
        participants = []
        numberBySession = [:]
        numberByID = [:]
        untold = []
        untoldQualities = []
        qualityDue = nil
        closesAt = nil
        nextMemberCheck = nil
        isClosed = true
        emit(.roomClosed)
    }

    /// How long a member is kept after a break, rounded down.
    private func resumeSeconds(of member: Participant) -> Int64? {
        guard member.outbox != nil else { return nil }
        return configuration.resumeTimeout.map { $0.milliseconds / 1_000 }
    }

    private mutating func dismiss(
        _ participant: Participant, reason: DisconnectReason, rejoin: Bool = false
    ) {
        if participant.hearsMessages && participant.hasSocket {
            emit(.send(participant.key, .disconnected(reason, reason.message, rejoin: rejoin)))
        }
        emit(.drop(participant.key, reason))
    }

    mutating func remove(at index: Int, reason: DisconnectReason, at now: MediaInstant) {
        let leaver = participants.remove(at: index)
        ranking.noteChange()
        numberBySession[leaver.key] = nil
        if numberByID[leaver.id] == leaver.number { numberByID[leaver.id] = nil }
        if leaver.isVisible {
            broadcast(.participantLeft(leaver.id, reason), except: leaver.number)
            clearSeats(ofPublisher: leaver.number)
        }
        dismiss(leaver, reason: reason)
        if participants.isEmpty {
            closesAt = now + configuration.departureTimeout
            nextMemberCheck = nil
        }
    }

    // MARK: Looking

    /// The room as its members see it.
    package var info: RoomInfo {
        RoomInfo(
            id: id, name: name, profile: profile ?? .communication, metadata: configuration.metadata
        )
    }

    /// How many are in the room, players included.
    package var memberCount: Int { participants.count }

    /// How many tracks are published.
    package var trackCount: Int { participants.reduce(0) { $0 + $1.tracks.count } }

    /// Everybody the members see, in the order of joining.
    package var visibleParticipants: [ParticipantInfo] {
        participants.filter(\.isVisible).map(\.info)
    }

    /// Every session in the room, in the order of joining.
    package var sessions: [SessionKey] { participants.map(\.key) }

    /// The session of a participant who is no player.
    package func session(of participant: ParticipantID) -> SessionKey? {
        guard let number = numberByID[participant], let index = index(of: number) else {
            return nil
        }
        return participants[index].key
    }

    /// Whose session it is; `nil` if it is not here.
    package func participant(of session: SessionKey) -> ParticipantID? {
        index(of: session).map { participants[$0].id }
    }

    /// What the slots of a session show, in the order of its sections; empty if it is not here.
    package func slots(of session: SessionKey) -> [SlotAssignment] {
        guard let index = index(of: session) else { return [] }
        return participants[index].board.sections.indices.map { assignment($0, of: index) }
    }

    func index(of session: SessionKey) -> Int? {
        numberBySession[session].flatMap { index(of: $0) }
    }

    func index(of participant: ParticipantID) -> Int? {
        numberByID[participant].flatMap { index(of: $0) }
    }

    /// Where the participant of that number stands; O(log n).
    func index(of number: UInt64) -> Int? {
        var low = 0
        var high = participants.count
        while low < high {
            let middle = (low + high) / 2
            if participants[middle].number < number { low = middle + 1 } else { high = middle }
        }
        guard low < participants.count, participants[low].number == number else { return nil }
        return low
    }

    // MARK: Effects

    mutating func emit(_ effect: RoomEffect) { effects.append(effect) }

    /// Sends to one session; nothing happens if it is gone or has no WebSocket.
    mutating func tell(_ session: SessionKey, _ message: ServerMessage) {
        guard let index = index(of: session), participants[index].hearsMessages else { return }
        if message.isSequenced, participants[index].outbox != nil {
            keep(KeptMessage(message), forParticipantAt: index)
        }
        if participants[index].hasSocket { emit(.send(session, message)) }
    }

    /// Sends to everybody with a WebSocket but one, or to those of them chosen.
    mutating func broadcast(
        _ message: ServerMessage, except number: UInt64?,
        where isChosen: ((Participant) -> Bool)? = nil
    ) {
        var audience: [SessionKey] = []
        var kept: KeptMessage?
        for index in participants.indices {
            guard participants[index].hearsMessages, participants[index].number != number,
                isChosen.map({ $0(participants[index]) }) ?? true
            else { continue }
            if participants[index].hasSocket { audience.append(participants[index].key) }
            guard message.isSequenced, participants[index].outbox != nil else { continue }
            let shared = kept ?? KeptMessage(message)
            kept = shared
            keep(shared, forParticipantAt: index)
        }
        if !audience.isEmpty { emit(.broadcast(audience, message)) }
    }

    private mutating func keep(_ message: KeptMessage, forParticipantAt index: Int) {
        participants[index].outbox?.append(message)
        // The verb goes on; `advance`, due at once, lets the member go.
        if participants[index].outbox?.isOverflown == true { noteDeadline(of: index) }
    }

    /// Remembers that a member's slots changed.
    mutating func markUntold(_ index: Int) {
        guard !participants[index].isUntold else { return }
        participants[index].isUntold = true
        untold.append(participants[index].number)
    }

    /// Ends a verb: tells each member of its changed slots, once, after the events behind them.
    mutating func flush() {
        updateRanking()
        let numbers = untold
        untold = []
        for number in numbers {
            guard let index = index(of: number) else { continue }
            participants[index].isUntold = false
            tellSlots(index)
        }
    }
}
