// Profiles, roles and what the others see of them.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

@Suite struct RoleTests {
    private func request(_ number: Int64) -> RequestID { must(RequestID(number)) }

    /// A broadcast with host `ada` (1), host `bob` (2) and listener `cy` (3).
    private func broadcast(
        _ change: (inout RoomConfiguration) -> Void = { _ in }
    ) throws -> RoomHarness {
        var harness = RoomHarness {
            $0.profile = .broadcast
            change(&$0)
        }
        try harness.join(1, "ada", options: JoinOptions(role: .host))
        try harness.join(2, "bob", options: JoinOptions(role: .host))
        try harness.join(3, "cy")
        _ = harness.take()
        return harness
    }

    private func reply(_ effects: [RoomEffect], to number: UInt64) throws -> JoinedReply {
        guard case .joined(_, let reply) = effects.messages(to: number).first else {
            throw SignalingError(.internalError)
        }
        return reply
    }

    private func setRole(
        _ harness: inout RoomHarness, _ number: UInt64, _ role: ParticipantRole
    ) -> [RoomEffect] {
        harness.room.handle(.setRole(request(5), role), from: key(number), at: harness.now)
        return harness.take()
    }

    // MARK: Profiles

    @Test func R01_theFirstToJoinChoosesTheProfileAndItStays() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada", options: JoinOptions(profile: .broadcast, role: .host))
        #expect(try reply(harness.take(), to: 1).room.profile == .broadcast)
        #expect(throws: SignalingError(.profileMismatch)) {
            try harness.join(2, "bob", options: JoinOptions(profile: .communication))
        }
        try harness.join(3, "cy")
        #expect(try reply(harness.take(), to: 3).room.profile == .broadcast)
        #expect(harness.room.sessions == [key(1), key(3)])
    }

    @Test func R01_withoutAWordARoomIsAConversationAndTheServersWordGoesFirst() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        #expect(try reply(harness.take(), to: 1).room.profile == .communication)
        var chosen = RoomHarness { $0.profile = .broadcast }
        #expect(throws: SignalingError(.profileMismatch)) {
            try chosen.join(1, "ada", options: JoinOptions(profile: .communication))
        }
    }

    @Test func R01_aPlayerOrAnIngestThatComesFirstDecidesNothing() throws {
        var harness = RoomHarness()
        try harness.room.join(RoomHarness.player(8), at: harness.now)
        let ingest = RoomEntry(
            key: key(9), kind: .ingest, participant: who("obs"), sections: sdkSections(pairs: 0))
        try harness.room.join(ingest, at: harness.now)
        try harness.join(1, "ada", options: JoinOptions(profile: .broadcast))
        #expect(try reply(harness.take(), to: 1).room.profile == .broadcast)
    }

    @Test func R02_inAConversationEverybodyPublishesAndReceives() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        try harness.publish(1, .camera)
        try harness.publish(2, .camera)
        #expect(harness.shown(1) == ["v0=bob/camera"])
        #expect(harness.shown(2) == ["v0=ada/camera"])
    }

    @Test func R02_R07_inABroadcastTheAudienceOnlyReceives() throws {
        var harness = try broadcast()
        try harness.publish(1, .camera)
        #expect(harness.shown(3) == ["v0=ada/camera"])
        #expect(throws: SignalingError(.permissionDenied)) { try harness.publish(3, .camera) }
    }

    // MARK: The first role (3.1 row 8)

    @Test func R03_theRoleToBeginWithIsTheTokensElseThatOfTheProfile() throws {
        func role(
            _ profile: RoomProfile, _ token: ParticipantRole?, wished: ParticipantRole? = nil,
            changeRole: Bool = true
        ) throws -> ParticipantRole {
            var harness = RoomHarness { $0.profile = profile }
            try harness.join(
                1, "ada", grants: TokenGrants(role: token, changeRole: changeRole),
                options: JoinOptions(role: wished))
            return try reply(harness.take(), to: 1).participant.role
        }
        #expect(try role(.communication, nil) == .host)
        #expect(try role(.broadcast, nil) == .audience)
        #expect(try role(.broadcast, .host) == .host)
        #expect(try role(.communication, .audience) == .audience)
        #expect(try role(.broadcast, nil, wished: .host) == .host)
        #expect(try role(.broadcast, .host, wished: .audience) == .audience)
        #expect(try role(.broadcast, .audience, wished: .host, changeRole: false) == .audience)
        #expect(try role(.broadcast, nil, wished: .host, changeRole: false) == .audience)
    }

    // MARK: Presence (3.1 row 10)

    @Test func R04_C27_E15_theAudienceIsNotSeenAndSeesTheHosts() throws {
        var harness = RoomHarness { $0.profile = .broadcast }
        try harness.join(1, "ada", options: JoinOptions(role: .host))
        try harness.join(2, "bob")
        _ = harness.take()
        try harness.join(3, "cy")
        let effects = harness.take()
        #expect(effects.messages(to: 1) == [])
        #expect(effects.messages(to: 2) == [])
        #expect(try reply(effects, to: 3).participants.map(\.id) == [who("ada")])
        harness.room.leave(key(3), reason: .left, at: harness.now)
        let leaving = harness.take()
        #expect(leaving.messages(to: 1) == [])
        #expect(leaving.messages(to: 2) == [])
        #expect(harness.room.visibleParticipants.map(\.id) == [who("ada")])
    }

    @Test func R04_theAudienceIsSeenWhereTheRoomSaysSo() throws {
        var harness = try broadcast { $0.showsAudience = true }
        try harness.publish(1, .camera)
        #expect(harness.room.visibleParticipants.map(\.role) == [.host, .host, .audience])
        _ = harness.take()
        let effects = setRole(&harness, 1, .audience)
        let told = effects.messages(to: 2)
        guard case .trackUnpublished(who("ada"), _) = told.first,
            case .participantUpdated(let info)? = told.first(where: { $0.isUpdate })
        else {
            Issue.record("told \(told)")
            return
        }
        #expect(info.role == .audience && info.tracks == [])
        let back = setRole(&harness, 1, .host).messages(to: 3)
        #expect(
            back.contains {
                if case .trackPublished(who("ada"), _) = $0 { true } else { false }
            })
        #expect(harness.shown(3) == ["v0=ada/camera"])
    }

    // MARK: Changing roles (3.1 row 9)

    @Test func R05_E08_E15_whoBecomesAudienceStopsSendingAndLeavesAsTheOthersSeeIt() throws {
        var harness = try broadcast()
        try harness.publish(1, .camera)
        try harness.publish(1, .microphone)
        #expect(harness.shown(2) == ["a0=ada/microphone", "v0=ada/camera"])
        _ = harness.take()
        let effects = setRole(&harness, 1, .audience)
        #expect(
            effects.messages(to: 1) == [.ok(request(5), nil), .roleChanged(.audience)])
        #expect(
            effects.messages(to: 2).first == .participantLeft(who("ada"), .becameAudience))
        #expect(!effects.messages(to: 2).contains { $0.isTrackEvent })
        for receiver in [2, 3] as [UInt64] {
            #expect(harness.shown(receiver) == [])
            for name in ["a0", "v0"] {
                #expect(
                    effects.contains(
                        .bindSlot(receiver: key(receiver), mid: mid(name), source: nil)))
            }
        }
        for name in ["0", "1"] {
            #expect(effects.contains(.setPaused(publisher: key(1), mid: mid(name), true)))
        }
        #expect(throws: SignalingError(.permissionDenied)) { try harness.publish(1, .screen) }
        #expect(harness.room.memberCount == 3)
    }

    @Test func R06_E08_E14_whoBecomesHostAgainIsSeenAndItsTracksResume() throws {
        var harness = try broadcast()
        let camera = try harness.publish(1, .camera)
        let microphone = try harness.publish(1, .microphone)
        try harness.room.mute(key(1), microphone, true, at: harness.now)
        _ = setRole(&harness, 1, .audience)
        let effects = setRole(&harness, 1, .host)
        #expect(effects.messages(to: 1) == [.ok(request(5), nil), .roleChanged(.host)])
        let info = ParticipantInfo(
            id: who("ada"),
            tracks: [
                TrackInfo(id: camera, source: .camera, kind: .video, muted: false),
                TrackInfo(id: microphone, source: .microphone, kind: .audio, muted: true),
            ])
        for receiver in [2, 3] as [UInt64] {
            #expect(effects.messages(to: receiver).first == .participantJoined(info))
            #expect(harness.shown(receiver) == ["a0=ada/microphone", "v0=ada/camera"])
        }
        #expect(effects.contains(.setPaused(publisher: key(1), mid: mid("1"), false)))
        #expect(effects.contains(.setPaused(publisher: key(1), mid: mid("0"), true)))
        #expect(effects.contains(.requestKeyframe(publisher: key(1), mid: mid("1"))))
    }

    @Test func R06_aListenerWhoBecomesHostIsSeenFromThenOn() throws {
        var harness = try broadcast()
        let effects = setRole(&harness, 3, .host)
        #expect(
            effects.messages(to: 1) == [.participantJoined(ParticipantInfo(id: who("cy")))])
        try harness.publish(3, .camera)
        #expect(harness.shown(1) == ["v0=cy/camera"])
    }

    @Test func R06_whatWasUnpublishedOrLostItsSectionMeanwhileStaysAway() throws {
        var harness = try broadcast()
        let camera = try harness.publish(1, .camera)
        try harness.publish(1, .microphone)
        try harness.publish(1, .screen)
        _ = setRole(&harness, 1, .audience)
        try harness.room.unpublish(key(1), camera, at: harness.now)
        var sections = sdkSections()
        sections[2].use = .inactive
        try harness.room.updateSections(key(1), sections, reply: nil, at: harness.now)
        _ = setRole(&harness, 1, .host)
        #expect(harness.room.visibleParticipants.first?.tracks.map(\.source) == [.microphone])
    }

    @Test func R06_muteHoldsForWhatIsSuspended() throws {
        var harness = try broadcast()
        let camera = try harness.publish(1, .camera)
        _ = setRole(&harness, 1, .audience)
        try harness.room.mute(key(1), camera, true, at: harness.now)
        #expect(harness.take() == [])
        let effects = setRole(&harness, 1, .host)
        #expect(effects.contains(.setPaused(publisher: key(1), mid: mid("1"), true)))
        #expect(harness.room.visibleParticipants.first?.tracks.first?.muted == true)
    }

    @Test func R05_settingTheSameRoleChangesNothing() throws {
        var harness = try broadcast()
        #expect(setRole(&harness, 1, .host) == [.send(key(1), .ok(request(5), nil))])
    }

    @Test func aTokenMayForbidToChangeTheRoleAndTheServerMayStill() throws {
        var harness = RoomHarness { $0.profile = .broadcast }
        try harness.join(1, "ada", grants: TokenGrants(changeRole: false))
        try harness.join(2, "bob", options: JoinOptions(role: .host))
        _ = harness.take()
        #expect(
            setRole(&harness, 1, .host) == [
                .send(
                    key(1), .error(SignalingError(.permissionDenied, requestID: request(5))))
            ])
        try harness.room.updateParticipant(
            who("ada"), ParticipantChange(role: .host), at: harness.now)
        let effects = harness.take()
        #expect(effects.messages(to: 1).first == .roleChanged(.host))
        #expect(
            effects.messages(to: 2) == [.participantJoined(ParticipantInfo(id: who("ada")))])
    }

    @Test func whoComesByWHIPComesToPublish() throws {
        var harness = try broadcast()
        let entry = RoomEntry(
            key: key(9), kind: .ingest, participant: who("obs"), sections: sdkSections(pairs: 0))
        try harness.room.join(entry, at: harness.now)
        try harness.publish(9, .camera)
        #expect(harness.shown(3) == ["v0=obs/camera"])
    }
}

@Suite struct ParticipantUpdateTests {
    private func request(_ number: Int64) -> RequestID { must(RequestID(number)) }

    @Test func textsChangeWhileTheirOwnerIsInTheRoom() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada", grants: TokenGrants(updateSelf: true))
        try harness.join(2, "bob")
        _ = harness.take()
        func update(_ update: ParticipantUpdate) -> [RoomEffect] {
            harness.room.handle(.updateSelf(request(3), update), from: key(1), at: harness.now)
            return harness.take()
        }
        var info = ParticipantInfo(
            id: who("ada"), name: must(try DisplayName("Ada")),
            metadata: must(try Metadata("x")),
            attributes: must(try ParticipantAttributes(["hand": "up", "seat": "4"])))
        var effects = update(
            ParticipantUpdate(
                name: info.name, metadata: info.metadata,
                attributes: AttributePatch(["hand": "up", "seat": "4"])))
        #expect(effects.messages(to: 1) == [.ok(request(3), nil), .participantUpdated(info)])
        #expect(effects.messages(to: 2) == [.participantUpdated(info)])
        effects = update(ParticipantUpdate(attributes: AttributePatch(["hand": nil])))
        info.attributes = must(try ParticipantAttributes(["seat": "4"]))
        #expect(effects.messages(to: 2) == [.participantUpdated(info)])
        #expect(update(ParticipantUpdate()).messages(to: 1) == [.ok(request(3), nil)])
        // A newcomer sees what is, not what was.
        try harness.join(3, "cy")
        guard case .joined(_, let reply) = harness.take().messages(to: 3).first else { return }
        #expect(reply.participants.first == info)
    }

    @Test func textsTooLongChangeNothing() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada", grants: TokenGrants(updateSelf: true))
        _ = harness.take()
        let half = String(repeating: "x", count: 2048)
        for (patch, isTaken) in [
            (["a": half], true), (["b": half], false), (["b": "", "": ""], false),
            (["a": nil, "b": half], true), (["\u{7}": "x"], false),
            ([String(repeating: "n", count: 65): "x"], false),
        ] as [([String: String?], Bool)] {
            harness.room.handle(
                .updateSelf(
                    request(3),
                    ParticipantUpdate(
                        metadata: must(try Metadata("\(isTaken)")),
                        attributes: AttributePatch(patch))),
                from: key(1), at: harness.now)
            let messages = harness.take().messages(to: 1)
            guard case .error(let error) = messages.first else {
                #expect(isTaken)
                continue
            }
            #expect(!isTaken && error.code == .invalidMetadata && messages.count == 1)
            #expect(harness.room.visibleParticipants.first?.metadata?.text == "true")
        }
    }

    @Test func withoutTheGrantOnlyTheServerChangesTexts() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        _ = harness.take()
        harness.room.handle(
            .updateSelf(request(3), ParticipantUpdate(metadata: must(try Metadata("x")))),
            from: key(1), at: harness.now)
        #expect(
            harness.take() == [
                .send(
                    key(1), .error(SignalingError(.permissionDenied, requestID: request(3))))
            ])
        try harness.room.updateParticipant(
            who("ada"), ParticipantChange(metadata: must(try Metadata("x"))), at: harness.now)
        #expect(
            harness.take().messages(to: 1) == [
                .participantUpdated(
                    ParticipantInfo(id: who("ada"), metadata: must(try Metadata("x"))))
            ])
    }

    @Test func whatTheAudienceMayNotPublishAnyMoreIsToldToItAndDoesNotComeBack() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        let microphone = try harness.publish(1, .microphone)
        let camera = try harness.publish(1, .camera)
        try harness.room.updateParticipant(
            who("ada"), ParticipantChange(role: .audience), at: harness.now)
        _ = harness.take()
        let grants = TokenGrants(publish: TrackSourceSet(.microphone))
        try harness.room.updateParticipant(
            who("ada"), ParticipantChange(grants: GrantsChange(publish: grants.publish)),
            at: harness.now)
        #expect(
            harness.take().messages(to: 1) == [
                .permissionsChanged(grants), .trackUnpublished(who("ada"), camera),
            ])
        try harness.room.updateParticipant(
            who("ada"), ParticipantChange(role: .host), at: harness.now)
        #expect(harness.room.participants.first?.tracks.map(\.id) == [microphone])
    }

    @Test func grantsChangeLiveByOrderOfTheServer() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        let camera = try harness.publish(1, .camera)
        _ = harness.take()
        try harness.room.updateParticipant(
            who("ada"), ParticipantChange(grants: GrantsChange(publish: [])), at: harness.now)
        var effects = harness.take()
        #expect(
            effects.messages(to: 1).prefix(2) == [
                .permissionsChanged(TokenGrants(publish: [])),
                .trackUnpublished(who("ada"), camera),
            ])
        #expect(effects.messages(to: 2).first == .trackUnpublished(who("ada"), camera))
        try harness.room.updateParticipant(
            who("bob"), ParticipantChange(grants: GrantsChange(hidden: true)), at: harness.now)
        effects = harness.take()
        #expect(effects.messages(to: 1).first == .participantLeft(who("bob"), .left))
        #expect(throws: SignalingError(.participantNotFound)) {
            try harness.room.updateParticipant(
                who("cy"), ParticipantChange(role: .host), at: harness.now)
        }
    }
}

extension ServerMessage {
    var isUpdate: Bool {
        if case .participantUpdated = self { true } else { false }
    }

    var isTrackEvent: Bool {
        switch self {
        case .trackPublished, .trackUnpublished, .trackMuted: true
        default: false
        }
    }
}
