// Random verbs of many seeds keep what must always hold.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

/// What the world outside believes, built from effects alone.
private struct World {
    var alive: [SessionKey] = []
    /// The clients of those with a WebSocket.
    var clients: [SessionKey: ClientModel] = [:]
    var closed = false
    /// What should not have happened.
    var problems: [String] = []
    /// What each slot forwards, as the media worker was told.
    var bound: [SlotKey: SlotSource] = [:]
    /// What each slot shows, as its client was told.
    var told: [SlotKey: SlotAssignment.Source] = [:]
    /// The sections that are not forwarded to anybody.
    var paused: [SlotKey: Bool] = [:]
    /// Whom each client believes to be in the room.
    var known: [SessionKey: [ParticipantID]] = [:]

    struct SlotKey: Hashable {
        var session: SessionKey
        var mid: MediaSectionID
    }

    private mutating func require(_ holds: Bool, _ problem: @autoclosure () -> String) {
        if !holds { problems.append(problem()) }
    }

    mutating func apply(_ effect: RoomEffect) {
        require(!closed, "an effect after the room closed: \(effect)")
        switch effect {
        case .send(let session, let message): apply(message, to: session)
        case .broadcast(let sessions, let message):
            for session in sessions { apply(message, to: session) }
        case .bindSlot(let receiver, let mid, let source):
            require(source.map { alive.contains($0.publisher) } ?? true, "bound to the gone")
            require(source?.publisher != receiver, "bound to oneself")
            bound[SlotKey(session: receiver, mid: mid)] = source
        case .drop(let session, _):
            require(alive.contains(session), "dropped twice")
            alive.removeAll { $0 == session }
            bound = bound.filter { $0.key.session != session }
            told = told.filter { $0.key.session != session }
            known[session] = nil
            clients[session] = nil
        case .setQuality(let receiver, let mid, _):
            require(
                bound[SlotKey(session: receiver, mid: mid)] != nil, "a choice for an empty slot")
        case .setPaused(let publisher, let mid, let isPaused):
            require(alive.contains(publisher), "an order for the gone")
            paused[SlotKey(session: publisher, mid: mid)] = isPaused
        case .requestKeyframe(let publisher, _), .setRank(let publisher, _, _, _):
            require(alive.contains(publisher), "an order for the gone")
        case .roomClosed: closed = true
        }
    }

    private mutating func apply(_ message: ServerMessage, to session: SessionKey) {
        require(alive.contains(session), "told to the gone: \(message)")
        require(clients[session]?.link != .gone, "told over no socket: \(message)")
        guard clients[session]?.link == .up else { return }
        clients[session]?.receive(message)
        switch message {
        case .joined(_, let reply):
            known[session] = reply.participants.map(\.id)
            tell(reply.slots, to: session)
        case .slots(let assignments): tell(assignments, to: session)
        case .participantJoined(let info): known[session, default: []].append(info.id)
        case .participantLeft(let id, _):
            require(known[session]?.contains(id) == true, "left who never came")
            known[session]?.removeAll { $0 == id }
        default: break
        }
    }

    private mutating func tell(_ assignments: [SlotAssignment], to session: SessionKey) {
        for assignment in assignments {
            told[SlotKey(session: session, mid: assignment.mid)] = assignment.source
        }
    }
}

private struct Run {
    var random: SeededRandom
    var room: RoomCore
    var world = World()
    var now = MediaInstant.zero
    var nextKey: UInt64 = 1
    var nextRequest: Int64 = 1
    var pairs: [SessionKey: Int] = [:]
    var log: [RoomEffect] = []
    /// When time was last let pass.
    var checkedAt = MediaInstant.zero

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        var configuration = RoomConfiguration()
        configuration.participantsMax = 9
        configuration.tracksPerParticipantMax = 4
        configuration.pairSlotsMax = 6
        configuration.slotGrowthStep = 2
        configuration.replayMessagesMax = seed % 3 == 0 ? 12 : 60
        configuration.data.packets = RateLimit(burst: 3, perSecond: 1)
        configuration.resumeTimeout = seed % 5 == 0 ? nil : .seconds(20)
        configuration.profile = [nil, .communication, .broadcast, .broadcast][Int(seed % 4)]
        configuration.showsAudience = seed % 8 == 3
        room = RoomCore(name: must(try RoomName("r")), configuration: configuration, at: .zero)
    }

    mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(max(count, 1))) }

    mutating func someone() -> SessionKey {
        world.alive.isEmpty ? key(0) : world.alive[pick(world.alive.count)]
    }

    mutating func step() {
        switch pick(31) {
        case 0, 1, 23: joinSomebody()
        case 2 where pick(2) == 0: room.leave(someone(), reason: .left, at: now)
        case 3, 4, 5:
            let source = TrackSource.allCases[pick(5)]
            let section = mid("\(pick(5))")
            let muted = pick(4) == 0
            act(.publish(id, PublishRequest(source: source, mid: section, muted: muted)))
        case 6, 7:
            let track = someTrack()
            let owner = room.participants.first {
                ($0.tracks + $0.suspendedTracks).contains { $0.id == track }
            }
            act(
                pick(3) == 0 ? .unpublish(id, track) : .mute(id, track, pick(2) == 0),
                from: owner?.key ?? someone())
        case 8, 9:
            let source: TrackSource? = pick(2) == 0 ? nil : TrackSource.allCases[pick(5)]
            let participant = who("p\(pick(7))")
            act(
                pick(2) == 0
                    ? .subscribe(id, participant, source) : .unsubscribe(id, participant, source))
        case 10: reoffer()
        case 11:
            now = now + .milliseconds(Int64(pick(9_000)))
            room.advance(to: now)
            checkedAt = now
        case 12 where pick(2) == 0: room.mediaLost(someone(), at: now)
        case 12: room.mediaConnected(someone(), at: now)
        case 13: act(.setRole(id, pick(2) == 0 ? .host : .audience))
        case 14:
            let text = must(try Metadata("\(pick(100))"))
            act(.updateSelf(id, ParticipantUpdate(metadata: text)))
        case 15: renewSomebody()
        case 16: changeSomebody()
        case 17, 18, 19, 20: sendData()
        case 21: breakConnection()
        case 22, 24: comeBack()
        case 25:
            let session = someone()
            if let client = world.clients[session], client.link == .up {
                act(.pong(lastSequence: client.sequence), from: session)
            }
        case 26 where pick(4) == 0:
            let ban: MediaDuration? = pick(2) == 0 ? nil : .seconds(Int64(1 + pick(20)))
            _ = try? room.kick(who("p\(pick(7))"), banFor: ban, at: now)
        case 28:
            let grades = NetworkGrade.allCases
            act(
                .reportQuality(
                    NetworkQuality(up: grades[pick(grades.count)], down: grades[pick(7)])))
        case 29 where pick(3) == 0:
            act(
                .removeParticipant(
                    id, who("p\(pick(7))"), banSeconds: pick(2) == 0 ? nil : Int64(pick(20))))
        case 31, 32:
            let sources: [TrackSource] = [.camera, .screen, .custom, .microphone]
            let choice = VideoChoice(
                quality: VideoQuality.allCases[pick(3)],
                view: pick(3) == 0 ? ViewSize(width: UInt16(pick(4)) * 300, height: 200) : nil)
            act(.setQuality(id, who("p\(pick(7))"), sources[pick(4)], choice))
        case 30:
            var change = ParticipantChange(role: pick(2) == 0 ? .host : .audience)
            change.grants = GrantsChange(hidden: pick(6) == 0)
            act(.changeParticipant(id, who("p\(pick(7))"), change))
        default: act(pick(20) == 0 ? .leave(id) : .ping(nil))
        }
        drain()
    }

    private mutating func drain() {
        while let effect = room.pollEffect() {
            world.apply(effect)
            log.append(effect)
        }
    }

    private var id: RequestID { must(RequestID(1)) }

    private mutating func act(_ message: ClientMessage) { act(message, from: someone()) }

    private mutating func act(_ message: ClientMessage, from session: SessionKey) {
        // A client without a connection says nothing.
        guard world.clients[session]?.link != .gone else { return }
        room.handle(message, from: session, at: now)
    }

    // MARK: Data and breaks

    private mutating func sendData() {
        let session = someone()
        guard let client = world.clients[session], client.link != .gone else { return }
        nextRequest += 1
        let request = ClientModel.Request(
            id: must(RequestID(nextRequest)), tag: UInt8(truncatingIfNeeded: nextRequest))
        world.clients[session]?.unanswered.append(request)
        // What goes up may be lost too, and the client cannot know.
        if client.link == .losing && pick(2) == 0 { return }
        handIn(request, from: session)
    }

    /// Hands in a packet; if it is accepted, everybody in the room is to have it.
    private mutating func handIn(_ request: ClientModel.Request, from session: SessionKey) {
        drain()
        let stream = must(DataStreamID(1))
        let before = log.count
        room.handle(
            .sendData(request.id, OutgoingData(stream: stream, bytes: [request.tag])),
            from: session, at: now)
        for receiver in room.participants where receiver.key != session {
            guard world.clients[receiver.key]?.receivesData == true else { continue }
            world.clients[receiver.key]?.expected.append(request.tag)
        }
        drain()
        if log[before...].contains(.send(session, .ok(request.id, nil))) { return }
        for receiver in room.participants where receiver.key != session {
            guard world.clients[receiver.key]?.receivesData == true else { continue }
            world.clients[receiver.key]?.expected.removeLast()
        }
    }

    private mutating func breakConnection() {
        let session = someone()
        guard let client = world.clients[session] else { return }
        if client.canResume, client.link == .up, pick(2) == 0 {
            world.clients[session]?.link = .losing
        } else {
            room.connectionLost(session, at: now)
            if client.canResume { world.clients[session]?.link = .gone }
        }
    }

    private mutating func comeBack() {
        let session = world.alive.first { world.clients[$0].map { $0.link != .up } ?? false }
        guard let session, let client = world.clients[session] else { return }
        drain()
        do throws(SignalingError) {
            try room.resume(
                session, lastSequence: client.sequence, requestID: id, at: now)
        } catch {
            let isOverflown = room.index(of: session).map {
                room.participants[$0].outbox?.isOverflown == true
            }
            require(isOverflown == true, "could not resume: \(error)")
            return
        }
        world.clients[session]?.link = .up
        drain()
        for request in world.clients[session]?.unanswered ?? [] {
            handIn(request, from: session)
        }
    }

    private mutating func someTrack() -> TrackID {
        let tracks = room.participants.flatMap { $0.tracks + $0.suspendedTracks }
        return pick(8) == 0 || tracks.isEmpty
            ? TrackID(number: 1 + UInt64(pick(40))) : tracks[pick(tracks.count)].id
    }

    private mutating func joinSomebody() {
        let number = nextKey
        nextKey += 1
        pairs[key(number)] = pick(4)
        var entry: RoomEntry
        if pick(5) == 0 {
            entry = RoomHarness.player(number, of: pick(2) == 0 ? "p\(pick(7))" : nil)
        } else {
            entry = RoomHarness.entry(
                number, "p\(pick(7))", sections: sections(of: key(number)),
                grants: someGrants(),
                token: pick(3) == 0
                    ? TokenLife(deadline: now + .seconds(Int64(1 + pick(50))), expiresAt: 0) : nil,
                options: JoinOptions(
                    autoSubscribe: AutoSubscribe.allCases[pick(4)],
                    priority: pick(3) == 0 ? .high : .normal, preempts: pick(2) == 0))
        }
        if pick(2) == 0 { entry.options.resume = true }
        entry.options.receivesData = pick(6) != 0
        world.alive.append(entry.key)
        if !entry.isPlayer {
            world.clients[entry.key] = ClientModel(
                canResume: entry.options.resume && room.configuration.resumeTimeout != nil,
                receivesData: entry.options.receivesData)
        }
        do throws(SignalingError) {
            try room.join(entry, at: now)
        } catch {
            world.alive.removeAll { $0 == entry.key }
            world.clients[entry.key] = nil
            return
        }
        act(.openStream(id, .reliableOrdered), from: entry.key)
    }

    private mutating func someGrants() -> TokenGrants {
        TokenGrants(
            publish: TrackSourceSet(rawValue: pick(3) == 0 ? UInt8(pick(32)) : 31),
            subscribe: pick(8) != 0,
            role: [nil, nil, .host, .audience][pick(4)], changeRole: pick(4) != 0,
            updateSelf: pick(2) == 0, admin: pick(4) == 0, hidden: pick(12) == 0)
    }

    private mutating func renewSomebody() {
        let session = someone()
        guard let index = room.index(of: session) else { return }
        let token = RenewedToken(
            participant: room.participants[index].id, grants: someGrants(),
            life: TokenLife(deadline: now + .milliseconds(Int64(1 + pick(60_000))), expiresAt: 0))
        try? room.renew(session, token, requestID: nil, at: now)
    }

    private mutating func changeSomebody() {
        let change = ParticipantChange(
            metadata: must(try Metadata("\(pick(100))")),
            role: [nil, .host, .audience][pick(3)],
            grants: GrantsChange(
                publish: pick(3) != 0 ? nil : TrackSourceSet(rawValue: UInt8(pick(32))),
                subscribe: pick(4) != 0, hidden: pick(8) == 0))
        try? room.updateParticipant(who("p\(pick(7))"), change, at: now)
    }

    private mutating func reoffer() {
        let session = someone()
        guard let index = room.index(of: session), !room.participants[index].isPlayer else {
            return
        }
        pairs[session] = min(pairs[session, default: 0] + pick(3), 6)
        var offered = sections(of: session)
        if pick(3) == 0 { offered[pick(offered.count)].use = .inactive }
        // The worker forgets slots that an offer took away; so does the client.
        let kept = offered.filter { $0.use == .slot }.map(\.mid)
        world.bound = world.bound.filter {
            $0.key.session != session || kept.contains($0.key.mid)
        }
        world.told = world.told.filter { $0.key.session != session || kept.contains($0.key.mid) }
        try? room.updateSections(session, offered, reply: nil, at: now)
    }

    private mutating func sections(of session: SessionKey) -> [RoomSection] {
        sdkSections(pairs: pairs[session, default: 0], audio: 2)
    }

    // MARK: What must hold

    mutating func check() {
        require(room.sessions.sorted() == world.alive.sorted(), "membership differs")
        require(world.closed == room.isClosed, "closing differs")
        var bound: [World.SlotKey: SlotSource] = [:]
        var told: [World.SlotKey: SlotAssignment.Source] = [:]
        for (index, receiver) in room.participants.enumerated() {
            checkBoard(of: receiver)
            checkRights(of: receiver)
            for section in receiver.board.sections.indices {
                let slot = room.assignment(section, of: index)
                guard let source = slot.source else { continue }
                let slotKey = World.SlotKey(session: receiver.key, mid: slot.mid)
                if isUpToDate(receiver) { told[slotKey] = source }
                bound[slotKey] = checkedSource(source, for: receiver)
            }
            require(
                receiver.subscriptions.count < max(room.memberCount, 1),
                "subscriptions to the gone are remembered")
            checkClient(of: receiver)
            if isUpToDate(receiver) {
                let others = room.participants.filter { $0.isVisible && $0.key != receiver.key }
                require(
                    world.known[receiver.key]?.sorted() == others.map(\.id).sorted(),
                    "a client knows others than are here")
            }
        }
        require(bound == world.bound, "the worker forwards something else than the room says")
        let toldToThem = world.told.filter { world.clients[$0.key.session]?.link == .up }
        require(told == toldToThem, "a client was told something else than the room says")
    }

    private mutating func require(_ holds: Bool, _ problem: String) {
        if !holds { world.problems.append(problem) }
    }

    /// The section behind a slot; a track that is gone or unwanted is a problem.
    private mutating func checkedSource(
        _ source: SlotAssignment.Source, for receiver: Participant
    ) -> SlotSource? {
        let publisher = room.participants.first { $0.id == source.participant && $0.isVisible }
        let track = publisher?.tracks.first { $0.id == source.track }
        guard let publisher, let track else {
            require(false, "a slot holds a track that is gone")
            return nil
        }
        require(
            receiver.grants.subscribe
                && receiver.subscriptions.wants(track.source, track.kind, of: publisher.number),
            "a slot holds a track that is not wanted")
        return SlotSource(publisher: publisher.key, mid: track.mid)
    }

    /// What a receiver should wish for, found by another way than the room's own.
    private func wantedPresentations(of receiver: Participant) -> Set<Presentation> {
        var wanted: Set<Presentation> = []
        guard receiver.grants.subscribe else { return wanted }
        for publisher in room.participants where publisher.number != receiver.number {
            if case .playback(of: let only?) = receiver.entry.kind, only != publisher.id {
                continue
            }
            for track in publisher.tracks
            where receiver.subscriptions.wants(track.source, track.kind, of: publisher.number) {
                let aspect = receiver.isPlayer ? .whole : track.aspect
                wanted.insert(Presentation(publisher: publisher.number, aspect: aspect))
            }
        }
        return wanted
    }

    /// Whether a client has been told everything.
    private func isUpToDate(_ receiver: Participant) -> Bool {
        world.clients[receiver.key]?.link == .up
    }

    private mutating func checkClient(of member: Participant) {
        require(
            room.participants.count { $0.priority == .high } <= 1, "two of them go first")
        require(
            member.isPlayer || room.bans.timeLeft(of: member.id, at: now) == nil,
            "somebody banned is here")
        guard let client = world.clients[member.key] else { return }
        for problem in client.problems { require(false, problem) }
        require(member.hasSocket == (client.link != .gone), "the link differs")
        require((member.outbox != nil) == client.canResume, "resuming differs")
        if let outbox = member.outbox, client.link == .up, !outbox.isOverflown {
            require(outbox.lastSequence == client.sequence, "the numbers differ")
            require(outbox.count <= room.configuration.replayMessagesMax, "kept too much")
        }
        guard client.link == .up else { return }
        let away = room.participants.filter {
            $0.isVisible && $0.isInterrupted && $0.key != member.key
        }
        require(
            client.interrupted.sorted() == away.map(\.id).sorted(), "interruptions differ")
    }

    /// What somebody publishes is what it may, and the worker forwards that and nothing else.
    private mutating func checkRights(of member: Participant) {
        require(member.isPublisher || member.tracks.isEmpty, "published without the right")
        require(!member.isPublisher || member.suspendedTracks.isEmpty, "kept though it may")
        for track in member.tracks {
            require(member.grants.publish.contains(track.source), "a source not granted")
        }
        for track in member.tracks + member.suspendedTracks {
            let slot = World.SlotKey(session: member.key, mid: track.mid)
            let isSuspended = !member.tracks.contains(track)
            require(
                world.paused[slot] == (isSuspended || track.isMuted), "pausing differs")
        }
        require(member.token.map { $0.deadline > checkedAt } ?? true, "a token outlived")
    }

    private mutating func checkBoard(of receiver: Participant) {
        let board = receiver.board
        let wished = Set(board.wishes.map(\.presentation))
        require(wished == wantedPresentations(of: receiver), "wishes differ from what is wanted")
        require(wished.count == board.wishes.count, "a wish stands twice")
        let freePairs = board.seats.count { $0.video != nil && $0.holder == nil }
        let freeAudio = board.seats.count { $0.video == nil && $0.holder == nil }
        let freePairsWithAudio = board.seats.count {
            $0.video != nil && $0.audio != nil && $0.holder == nil
        }
        let someoneCouldMove = board.wishes.contains {
            $0.video == nil && $0.seat.map { board.seats[$0].video != nil } == true
        }
        for wish in board.wishes {
            let seat = wish.seat.map { board.seats[$0] }
            require(seat == nil || seat?.holder == wish.presentation, "two in one seat")
            if wish.video != nil && seat?.video == nil {
                require(freePairs == 0, "a picture waits though a pair is free")
                require(wish.audio == nil || seat != nil || freeAudio == 0, "sound waits")
                require(!someoneCouldMove || freeAudio == 0, "a listener could make room")
            }
            if wish.video == nil && seat == nil {
                require(freeAudio == 0 && freePairsWithAudio == 0, "a speaker waits")
            }
            if let video = seat?.video {
                require(board.sections[video].source?.track == wish.video, "wrong picture")
            }
            if let audio = seat?.audio {
                require(board.sections[audio].source?.track == wish.audio, "wrong sound")
            }
        }
        for seat in board.seats where seat.holder == nil {
            let shown = [seat.audio, seat.video].compactMap { $0 }.filter {
                board.sections[$0].source != nil
            }
            require(shown.isEmpty, "an empty seat shows something")
        }
    }
}

@Suite struct RandomisedTests {
    @Test(arguments: [0..<125, 125..<250, 250..<375, 375..<500] as [Range<UInt64>])
    func randomVerbsOfManySeedsKeepWhatMustHold(_ seeds: Range<UInt64>) {
        for seed in seeds {
            var run = Run(seed: seed)
            for _ in 0..<240 where !run.room.isClosed && run.world.problems.isEmpty {
                run.step()
                run.check()
            }
            // Let everybody fall silent: the room empties, closes and leaves nothing behind.
            for _ in 0..<3 {
                for session in run.room.sessions { run.room.mediaLost(session, at: run.now) }
                run.now = run.now + .seconds(31)
                run.room.advance(to: run.now)
                while let effect = run.room.pollEffect() { run.world.apply(effect) }
            }
            #expect(run.world.problems == [], "seed \(seed)")
            #expect(run.world.closed, "seed \(seed)")
            #expect(run.world.alive == [], "seed \(seed)")
            #expect(run.room.nextDeadline == nil, "seed \(seed)")
        }
    }

    @Test func oneSeedGivesOneLog() {
        for seed in 0..<20 as Range<UInt64> {
            var logs: [[[UInt8]]] = []
            for _ in 0..<2 {
                var run = Run(seed: seed)
                for _ in 0..<120 where !run.room.isClosed { run.step() }
                logs.append(run.log.map { Array("\($0)".utf8) })
            }
            #expect(logs[0] == logs[1], "seed \(seed)")
        }
    }
}
