// A room to which random verbs happen.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

@testable import Rooms

/// A room, the world outside, and one verb after the other.
struct RandomisedRun {
    var random: SeededRandom
    var room: RoomCore
    var world = RandomisedWorld()
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

    mutating func drain() {
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
}
