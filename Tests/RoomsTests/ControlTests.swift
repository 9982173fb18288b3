// What the server's own backend sees and does.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

@Suite struct RoomControlTests {
    private func name(_ text: String) -> RoomName { must(try RoomName(text)) }

    private func drain(_ directory: inout RoomDirectory) -> [RoomEffect] {
        var effects: [RoomEffect] = []
        while let (_, effect) = directory.pollEffect() { effects.append(effect) }
        return effects
    }

    // MARK: Rooms

    @Test func V07_aRoomIsMadeWithItsOwnTimeoutsLimitsAndMetadata() throws {
        var directory = RoomDirectory()
        var options = RoomOptions()
        options.emptySeconds = 100
        options.departureSeconds = 3
        options.participantsMax = 2
        options.profile = .broadcast
        options.metadata = must(try Metadata("plan B"))
        options.dataPacketsPerSecond = 1
        try directory.create(name("a"), options: options, at: .zero)
        #expect(directory.nextDeadline == seconds(100))
        directory.advance(to: seconds(99))
        try directory.join(
            name("a"), RoomHarness.entry(1, options: JoinOptions(role: .host)), at: seconds(99))
        guard case .joined(_, let reply) = drain(&directory).messages(to: 1).first else {
            Issue.record("no reply")
            return
        }
        #expect(reply.room.metadata?.text == "plan B" && reply.room.profile == .broadcast)
        try directory.join(name("a"), RoomHarness.entry(2), at: seconds(99))
        #expect(throws: SignalingError(.roomFull)) {
            try directory.join(name("a"), RoomHarness.entry(3), at: seconds(99))
        }
        let stream = must(DataStreamID(1))
        directory.handle(.openStream(request(2), .reliableOrdered), from: key(1), at: seconds(99))
        for _ in 0..<2 {
            directory.handle(
                .sendData(request(3), OutgoingData(stream: stream, bytes: [1])), from: key(1),
                at: seconds(99))
        }
        #expect(drain(&directory).data(to: 2).count == 1)
        for number in [1, 2] as [UInt64] {
            directory.leave(key(number), reason: .left, at: seconds(99))
        }
        #expect(directory.nextDeadline.map { $0 <= seconds(102) } == true)
        directory.advance(to: seconds(102))
        _ = drain(&directory)
        #expect(directory.roomCount == 0)
    }

    @Test func V07_aRoomIsMadeOnce() throws {
        var directory = RoomDirectory()
        try directory.create(name("a"), options: RoomOptions(), at: .zero)
        #expect(throws: SignalingError(.roomExists)) {
            try directory.create(name("a"), options: RoomOptions(), at: .zero)
        }
    }

    @Test func optionsOutOfRangeAreNamed() throws {
        let base = RoomConfiguration()
        for (change, field) in [
            ({ $0.emptySeconds = -1 }, "emptySeconds"),
            ({ $0.departureSeconds = 86_401 }, "departureSeconds"),
            ({ $0.resumeSeconds = .max }, "resumeSeconds"),
            ({ $0.participantsMax = 0 }, "participantsMax"),
            ({ $0.participantsMax = 1_001 }, "participantsMax"),
            ({ $0.tracksPerParticipantMax = 17 }, "tracksPerParticipantMax"),
            ({ $0.dataStreamsPerUser = -1 }, "dataStreamsPerUser"),
            ({ $0.dataPacketBytesMax = 1 << 20 }, "dataPacketBytesMax"),
            ({ $0.dataPacketsPerSecond = 0 }, "dataPacketsPerSecond"),
            ({ $0.dataBytesPerSecond = .max }, "dataBytesPerSecond"),
            ({ $0.roomDataPacketsPerSecond = .min }, "roomDataPacketsPerSecond"),
        ] as [((inout RoomOptions) -> Void, String)] {
            var options = RoomOptions()
            change(&options)
            let error = #expect(throws: SignalingError.self) { try base.applying(options) }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("`\(field)`") == true)
        }
        #expect(try base.applying(RoomOptions()) == base)
        var options = RoomOptions()
        options.resumeSeconds = 0
        #expect(try base.applying(options).resumeTimeout == nil)
    }

    @Test func V08_roomsAndParticipantsCanBeSeen() throws {
        var directory = RoomDirectory()
        try directory.join(
            name("b"),
            RoomHarness.entry(
                1, "ghost", grants: TokenGrants(hidden: true),
                token: TokenLife(deadline: seconds(900), expiresAt: 1_900_000_000)),
            at: .zero)
        try directory.join(name("b"), RoomHarness.entry(2, "bob"), at: seconds(5))
        try directory.join(name("b"), RoomHarness.player(3), at: seconds(5))
        try directory.create(name("a"), options: RoomOptions(), at: seconds(6))
        directory.handle(
            .publish(request(2), PublishRequest(source: .camera, mid: mid("1"))), from: key(2),
            at: seconds(6))
        let rooms = directory.roomDescriptions(at: seconds(10))
        #expect(rooms.map(\.name.text) == ["a", "b"])
        #expect(
            try directory.roomDescription(of: name("b"), at: seconds(10))
                == RoomDescription(
                    id: directory.room(named: name("b"))?.id, name: name("b"),
                    profile: .communication, metadata: nil, participants: 2,
                    players: 1, tracks: 1, participantsMax: 1_000, ageSeconds: 10))
        #expect(rooms[0].profile == nil && rooms[0].participants == 0 && rooms[0].ageSeconds == 4)
        let people = try directory.participantDescriptions(in: name("b"), at: seconds(10))
        #expect(people.map(\.participant.id.text) == ["ghost", "bob"])
        #expect(people.map(\.visible) == [false, true])
        #expect(people.map(\.ageSeconds) == [10, 5])
        #expect(people.map(\.tokenExpiresAt) == [1_900_000_000, nil])
        #expect(people[1].participant.tracks.map(\.source) == [.camera])
        #expect(throws: SignalingError(.roomNotFound)) {
            try directory.participantDescriptions(in: name("c"), at: seconds(10))
        }
    }

    @Test func V06_E20_aRoomIsClosedByTheServer() throws {
        var directory = RoomDirectory()
        try directory.join(name("a"), RoomHarness.entry(1), at: .zero)
        _ = drain(&directory)
        try directory.close(name("a"), at: .zero)
        #expect(
            drain(&directory) == [
                .send(key(1), .disconnected(.roomClosed, DisconnectReason.roomClosed.message)),
                .drop(key(1), .roomClosed), .roomClosed,
            ])
        #expect(directory.roomCount == 0)
        #expect(throws: SignalingError(.roomNotFound)) {
            try directory.close(name("a"), at: .zero)
        }
    }

    // MARK: Kick

    @Test func V03_V04_V05_E19_theKickedIsToldAndOutAndTheOthersSeeWhy() throws {
        var directory = RoomDirectory()
        try directory.join(name("a"), RoomHarness.entry(1, "ada"), at: .zero)
        try directory.join(name("a"), RoomHarness.entry(2, "bob"), at: .zero)
        _ = drain(&directory)
        #expect(try directory.kick(who("ada"), from: name("a"), at: .zero))
        let effects = drain(&directory)
        #expect(
            effects.messages(to: 1) == [
                .disconnected(.kicked, DisconnectReason.kicked.message)
            ])
        #expect(effects.messages(to: 2) == [.participantLeft(who("ada"), .kicked)])
        #expect(effects.last == .drop(key(1), .kicked))
        // Without a ban one may come back.
        try directory.join(name("a"), RoomHarness.entry(3, "ada"), at: .zero)
        #expect(throws: SignalingError(.participantNotFound)) {
            try directory.kick(who("eve"), from: name("a"), at: .zero)
        }
        #expect(throws: SignalingError(.roomNotFound)) {
            try directory.kick(who("ada"), from: name("x"), at: .zero)
        }
    }

    @Test func V03_aBanKeepsAwayForItsTimeEvenAcrossRoomsOfOneName() throws {
        var directory = RoomDirectory()
        try directory.join(name("a"), RoomHarness.entry(1, "ada"), at: .zero)
        try directory.kick(who("ada"), from: name("a"), banFor: .seconds(60), at: .zero)
        _ = drain(&directory)
        func refusal(_ left: MediaDuration) -> SignalingError {
            var error = SignalingError(.banned)
            error.retryAfter = left
            return error
        }
        #expect(throws: refusal(.seconds(59))) {
            try directory.join(name("a"), RoomHarness.entry(2, "ada"), at: seconds(1))
        }
        var player = RoomHarness.player(3)
        player.participant = who("ada")
        #expect(throws: refusal(.seconds(59))) {
            try directory.join(name("a"), player, at: seconds(1))
        }
        try directory.join(name("b"), RoomHarness.entry(4, "ada"), at: seconds(1))
        // The room closes, and the next of its name knows.
        directory.advance(to: seconds(10))
        _ = drain(&directory)
        #expect(directory.room(named: name("a")) == nil)
        try directory.join(name("a"), RoomHarness.entry(5, "bob"), at: seconds(20))
        #expect(throws: refusal(.seconds(40))) {
            try directory.join(name("a"), RoomHarness.entry(6, "ada"), at: seconds(20))
        }
        try directory.join(name("a"), RoomHarness.entry(7, "ada"), at: seconds(60))
    }

    @Test func aBanHoldsForWhoHasJustGone() throws {
        var harness = RoomHarness()
        try harness.join(1, "bob")
        #expect(try harness.room.kick(who("ada"), banFor: .seconds(5), at: .zero) == false)
        #expect(throws: SignalingError.self) { try harness.join(2, "ada") }
    }

    @Test func bansAreBounded() throws {
        var bans = BanList()
        for number in 0..<BanList.countMax {
            try bans.ban(who("p\(number)"), for: .seconds(Int64(1 + number)), at: .zero)
        }
        #expect(throws: SignalingError(.tooManyBans)) {
            try bans.ban(who("x"), for: .seconds(1), at: .zero)
        }
        // An ended one makes room, a second one of the same lasts as long as the longer.
        try bans.ban(who("x"), for: .seconds(1), at: seconds(1))
        try bans.ban(who("p9"), for: .seconds(1), at: seconds(1))
        #expect(bans.timeLeft(of: who("p9"), at: seconds(1)) == .seconds(9))
        for wrong in [MediaDuration.zero, .seconds(-1), BanList.durationMax + .seconds(1)] {
            #expect(throws: SignalingError.self) { try bans.ban(who("y"), for: wrong, at: .zero) }
        }
        var closed = ClosedRoomBans()
        for number in 0..<(ClosedRoomBans.roomsMax + 5) {
            closed.keep(bans, of: name("r\(number)"))
        }
        #expect(closed.count == ClosedRoomBans.roomsMax)
        #expect(closed.take(of: name("r0"), at: seconds(1)).isEmpty)
        #expect(!closed.take(of: name("r9"), at: seconds(1)).isEmpty)
        _ = closed.take(of: name("r10"), at: seconds(5000))
        #expect(closed.count == 0)
    }

    // MARK: Messages

    @Test func theServerSendsMessagesIntoTheRoom() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada", grants: TokenGrants(hidden: true))
        try harness.join(2, "bob")
        _ = harness.take()
        try harness.room.announce(OutgoingMessage(content: "all"), at: .zero)
        let absent = try harness.room.announce(
            OutgoingMessage(to: [who("ada"), who("x")], content: "one"), at: .zero)
        #expect(absent == [who("x")])
        let effects = harness.take()
        #expect(effects.texts(to: 1) == ["all", "one"] && effects.texts(to: 2) == ["all"])
        #expect(
            effects.messages(to: 2) == [
                .messageReceived(IncomingMessage(participant: nil, toAll: true, content: "all"))
            ])
        #expect(throws: SignalingError(.packetTooLarge)) {
            try harness.room.announce(
                OutgoingMessage(content: String(repeating: "x", count: 4097)), at: .zero)
        }
    }

    @Test func V01_V02_whoeverIsAskedByMessageLeavesByItself() throws {
        var harness = RoomHarness()
        try harness.join(1, "host")
        try harness.join(2, "guest")
        _ = harness.take()
        let message = OutgoingMessage(to: [who("guest")], content: "please leave")
        _ = harness.ask(1, .sendMessage(request(2), message))
        #expect(harness.take().texts(to: 2) == ["please leave"])
        harness.room.handle(.leave(request(3)), from: key(2), at: .zero)
        #expect(harness.take().messages(to: 1) == [.participantLeft(who("guest"), .left)])
    }
}
