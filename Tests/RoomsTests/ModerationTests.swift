// Who may send others away and change them from inside the room, and whose media goes first.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

@Suite struct ModerationTests {
    /// `mod` (1) with the grant, `bob` (2) and `cy` (3) without.
    private func harness(
        _ profile: RoomProfile = .communication, role: ParticipantRole? = nil
    ) throws -> RoomHarness {
        var harness = RoomHarness { $0.profile = profile }
        try harness.join(
            1, "mod", grants: TokenGrants(role: role, admin: true))
        try harness.join(2, "bob", grants: TokenGrants(role: .host))
        try harness.join(3, "cy", grants: TokenGrants(role: .host))
        _ = harness.take()
        return harness
    }

    private func act(
        _ message: ClientMessage, _ number: UInt64, _ harness: inout RoomHarness
    ) -> [RoomEffect] {
        harness.room.handle(message, from: key(number), at: harness.now)
        return harness.take()
    }

    private func code(_ effects: [RoomEffect], to number: UInt64) -> ErrorCode? {
        if case .error(let error) = effects.messages(to: number).first { error.code } else { nil }
    }

    @Test func V01_V03_V04_whoHasTheGrantSendsOthersAway() throws {
        var harness = try harness()
        let effects = act(
            .removeParticipant(request(20), who("bob"), banSeconds: nil), 1, &harness)
        #expect(effects.messages(to: 1).first == .ok(request(20), nil))
        #expect(
            effects.messages(to: 2) == [.disconnected(.kicked, DisconnectReason.kicked.message)])
        #expect(effects.messages(to: 3) == [.participantLeft(who("bob"), .kicked)])
        #expect(effects.contains(.drop(key(2), .kicked)))
        // Without a ban it may come back at once.
        try harness.join(4, "bob")
    }

    @Test func V03_aBanKeepsSomebodyAwayForItsTime() throws {
        var harness = try harness()
        _ = act(.removeParticipant(request(20), who("bob"), banSeconds: 60), 1, &harness)
        harness.now = seconds(59)
        #expect(throws: SignalingError.self) { try harness.join(4, "bob") }
        harness.now = seconds(60)
        try harness.join(5, "bob")
        _ = harness.take()
        for wrong in [0, -1, .max, 365 * 24 * 3600 + 1] as [Int64] {
            let effects = act(
                .removeParticipant(request(20), who("cy"), banSeconds: wrong), 1, &harness)
            #expect(code(effects, to: 1) == .invalidArgument)
            #expect(effects.count == 1)
        }
    }

    @Test func V01_withoutTheGrantOrTheRoleNobodyIsTouched() throws {
        var harness = try harness()
        let remove = ClientMessage.removeParticipant(request(20), who("cy"), banSeconds: 60)
        let change = ClientMessage.changeParticipant(
            request(21), who("cy"), ParticipantChange(role: .audience))
        for message in [remove, change] {
            let effects = act(message, 2, &harness)
            #expect(code(effects, to: 2) == .permissionDenied)
            #expect(effects.count == 1)
        }
        // In a broadcast the audience moderates nothing, whatever its grants.
        var show = try self.harness(.broadcast, role: .audience)
        for message in [remove, change] {
            #expect(code(act(message, 1, &show), to: 1) == .permissionDenied)
        }
        _ = act(.setRole(request(2), .host), 1, &show)
        #expect(act(change, 1, &show).messages(to: 1).first == .ok(request(21), nil))
        #expect(act(remove, 1, &show).contains(.drop(key(3), .kicked)))
    }

    @Test func whoIsNotHereCannotBeRemovedOrChanged() throws {
        var harness = try harness()
        let nobody = who("nobody")
        #expect(
            code(
                act(.removeParticipant(request(20), nobody, banSeconds: nil), 1, &harness), to: 1)
                == .participantNotFound)
        #expect(
            code(
                act(.changeParticipant(request(20), nobody, ParticipantChange()), 1, &harness),
                to: 1) == .participantNotFound)
        // A ban holds for who has just gone.
        let effects = act(.removeParticipant(request(20), nobody, banSeconds: 5), 1, &harness)
        #expect(effects == [.send(key(1), .ok(request(20), nil))])
        #expect(throws: SignalingError.self) { try harness.join(4, "nobody") }
    }

    @Test func aModeratorMayRemoveItselfAndIsAnsweredFirst() throws {
        var harness = try harness()
        let effects = act(
            .removeParticipant(request(20), who("mod"), banSeconds: nil), 1, &harness)
        #expect(
            effects.messages(to: 1) == [
                .ok(request(20), nil),
                .disconnected(.kicked, DisconnectReason.kicked.message),
            ])
    }

    @Test func R05_whoHasTheGrantChangesRolesTextsAndGrantsOfOthers() throws {
        var harness = try harness()
        try harness.publish(2, .camera)
        try harness.publish(2, .microphone)
        _ = harness.take()
        let change = ParticipantChange(
            name: must(try DisplayName("B")),
            grants: GrantsChange(publish: TrackSourceSet(.microphone), updateSelf: true))
        let effects = act(.changeParticipant(request(21), who("bob"), change), 1, &harness)
        #expect(effects.messages(to: 1).first == .ok(request(21), nil))
        let told = effects.messages(to: 2)
        #expect(
            told.contains {
                if case .permissionsChanged(let grants) = $0 {
                    grants.publish == TrackSourceSet(.microphone) && !grants.admin
                } else {
                    false
                }
            })
        #expect(harness.room.visibleParticipants[1].tracks.map(\.source) == [.microphone])
        #expect(harness.room.visibleParticipants[1].name?.text == "B")
        let role = act(
            .changeParticipant(request(22), who("bob"), ParticipantChange(role: .audience)), 1,
            &harness)
        #expect(role.messages(to: 2).contains(.roleChanged(.audience)))
    }

    // MARK: Priority

    private func priorities(_ harness: RoomHarness) -> [String] {
        harness.room.visibleParticipants.filter { $0.priority == .high }.map(\.id.text)
    }

    private func high(preempts: Bool = false) -> JoinOptions {
        JoinOptions(priority: .high, preempts: preempts)
    }

    @Test func S03_S04_oneOfARoomIsHighAndASecondSilentlyStaysNormal() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob", options: high())
        try harness.join(3, "cy", options: high())
        #expect(priorities(harness) == ["bob"])
        let effects = harness.take()
        guard case .joined(_, let reply) = effects.messages(to: 3).first else {
            Issue.record("no reply")
            return
        }
        #expect(reply.participant.priority == .normal)
        #expect(reply.participants.map(\.priority) == [.normal, .high])
        #expect(
            !effects.messages(to: 2).contains {
                if case .participantUpdated = $0 { true } else { false }
            })
        // When the first has left, the place is free for the next who asks at joining, nobody else.
        harness.room.leave(key(2), reason: .left, at: harness.now)
        #expect(priorities(harness) == [])
        try harness.join(4, "dan", options: high())
        #expect(priorities(harness) == ["dan"])
    }

    @Test func S04_whoPreemptsIsHighAndTheFormerStaysNormalForGood() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada", options: high())
        try harness.join(2, "bob")
        _ = harness.take()
        try harness.join(3, "cy", options: high(preempts: true))
        let effects = harness.take()
        for number in [1, 2] as [UInt64] {
            #expect(
                effects.messages(to: number).first
                    == .participantUpdated(ParticipantInfo(id: who("ada"))))
        }
        guard case .joined(_, let reply) = effects.messages(to: 3).first else {
            Issue.record("no reply")
            return
        }
        #expect(reply.participant.priority == .high)
        #expect(priorities(harness) == ["cy"])
        harness.room.leave(key(3), reason: .left, at: harness.now)
        #expect(priorities(harness) == [])
    }

    @Test func S03_S04_theMediaLoopKnowsWhoseTracksGoFirst() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada", options: high())
        try harness.join(2, "bob")
        _ = harness.take()
        func ranks(_ effects: [RoomEffect]) -> [String] {
            effects.compactMap {
                guard case .setRank(let publisher, _, let source, let priority) = $0 else {
                    return nil
                }
                return "\(publisher.rawValue) \(source) \(priority)"
            }
        }
        try harness.publish(1, .microphone)
        try harness.publish(1, .camera)
        try harness.publish(1, .screen)
        try harness.publish(2, .camera)
        #expect(ranks(harness.take()) == ["1 camera high", "1 screen high", "2 camera normal"])
        // Whoever preempts takes it away from what is published already.
        try harness.join(3, "cy", options: high(preempts: true))
        try harness.publish(3, .camera)
        #expect(ranks(harness.take()) == ["1 camera normal", "1 screen normal", "3 camera high"])
    }

    @Test func S03_aPriorityOutlivesBreaksAndIsTakenOverByTheSameID() throws {
        var harness = RoomHarness()
        var options = high()
        options.resume = true
        try harness.join(1, "ada", options: options)
        harness.room.connectionLost(key(1), at: harness.now)
        #expect(priorities(harness) == ["ada"])
        try harness.join(2, "ada", options: high())
        #expect(priorities(harness) == ["ada"])
    }

    // MARK: Kinds that are subscribed as they come

    @Test func P11_onlyTheKindAskedForIsSubscribedAsItComes() throws {
        for (wish, shown) in [
            (AutoSubscribe.audio, ["ada/microphone", "ada/screenAudio"]),
            (.video, ["ada/camera", "ada/screen"]), (.none, []),
            (.all, ["ada/camera", "ada/microphone", "ada/screen", "ada/screenAudio"]),
        ] {
            var harness = RoomHarness()
            try harness.join(1, "ada")
            try harness.join(2, "bob", options: JoinOptions(autoSubscribe: wish))
            for source in [TrackSource.microphone, .camera, .screen, .screenAudio] {
                try harness.publish(1, source)
            }
            #expect(
                harness.shown(2).map { String($0.split(separator: "=")[1]) }.sorted() == shown)
        }
    }

    @Test func P11_customTracksGoByTheirKindAndChoicesGoBeforeIt() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob", options: JoinOptions(autoSubscribe: .audio))
        try harness.publish(1, .custom, mid: "1")
        try harness.publish(1, .custom, mid: "3")
        #expect(harness.shown(2) == ["x0=ada/custom"])
        harness.room.handle(
            .subscribe(request(1), who("ada"), .custom), from: key(2), at: harness.now)
        #expect(harness.shown(2).count == 2)
        harness.room.handle(
            .unsubscribe(request(2), who("ada"), .custom), from: key(2), at: harness.now)
        #expect(harness.shown(2) == [])
    }

    // MARK: Links

    @Test func B23_aSilentMediaPathIsABreakUntilBothLinksAreWell() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada", options: JoinOptions(resume: true))
        try harness.join(2, "bob")
        _ = harness.take()
        harness.room.mediaLost(key(1), at: harness.now)
        harness.room.mediaLost(key(1), at: harness.now)
        #expect(harness.take() == [.broadcast([key(2)], .participantInterrupted(who("ada")))])
        #expect(harness.room.visibleParticipants[0].interrupted)
        // The other link breaks too: nothing new.
        harness.room.connectionLost(key(1), at: harness.now)
        harness.room.mediaConnected(key(1), at: harness.now)
        #expect(harness.take() == [])
        try harness.room.resume(
            key(1), lastSequence: 1, requestID: request(1), at: harness.now)
        #expect(harness.take().messages(to: 2) == [.participantResumed(who("ada"))])
        // It holds for those too who cannot resume.
        harness.room.mediaLost(key(2), at: harness.now)
        #expect(harness.take().messages(to: 1) == [.participantInterrupted(who("bob"))])
        harness.room.mediaConnected(key(2), at: harness.now)
        #expect(harness.take().messages(to: 1) == [.participantResumed(who("bob"))])
    }

    // MARK: The end of a server, and names of rooms

    @Test func aClosingRoomTellsWhetherToComeBack() throws {
        for rejoin in [true, false] {
            var harness = RoomHarness()
            try harness.join(1, "ada")
            _ = harness.take()
            harness.room.close(reason: .serverShutdown, rejoin: rejoin, at: harness.now)
            #expect(
                harness.take().messages(to: 1) == [
                    .disconnected(
                        .serverShutdown, DisconnectReason.serverShutdown.message, rejoin: rejoin)
                ])
        }
    }

    @Test func C26_eachRoomHasAnIDOfItsOwn() throws {
        var directory = RoomDirectory()
        let name = must(try RoomName("a"))
        var ids: [RoomID?] = []
        for round in 0..<3 as Range<Int64> {
            let now = seconds(round * 100)
            try directory.join(name, RoomHarness.entry(UInt64(round + 1)), at: now)
            ids.append(directory.room(named: name)?.info.id)
            directory.leave(key(UInt64(round + 1)), reason: .left, at: now)
            directory.advance(to: now + .seconds(99))
            while directory.pollEffect() != nil {}
        }
        #expect(!ids.contains(nil) && Set(ids).count == 3)
    }
}
