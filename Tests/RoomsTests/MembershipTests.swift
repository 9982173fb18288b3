// Coming, going and lifetimes.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

@Suite struct MembershipTests {
    @Test func C09_E06_joiningAndLeavingIsToldToTheOthers() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        _ = harness.take()
        try harness.join(2, "bob")
        var effects = harness.take()
        #expect(
            effects.messages(to: 1) == [.participantJoined(ParticipantInfo(id: who("bob")))])
        harness.room.leave(key(2), reason: .left, at: harness.now)
        effects = harness.take()
        #expect(effects.messages(to: 1) == [.participantLeft(who("bob"), .left)])
        #expect(effects.messages(to: 2) == [.disconnected(.left, DisconnectReason.left.message)])
        #expect(effects.last == .drop(key(2), .left))
    }

    @Test func C23_theReplyNamesEverybodyInTheRoomWithTheirTracks() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        let track = try harness.publish(1, .microphone)
        try harness.join(2, "bob")
        _ = harness.take()
        try harness.join(3, "cy")
        guard case .joined(_, let reply) = harness.take().messages(to: 3).first else {
            Issue.record("no reply")
            return
        }
        #expect(reply.room.name.text == "r")
        #expect(reply.answer == .plain("answer 3"))
        #expect(reply.participant == ParticipantInfo(id: who("cy")))
        #expect(
            reply.participants == [
                ParticipantInfo(
                    id: who("ada"),
                    tracks: [
                        TrackInfo(id: track, source: .microphone, kind: .audio, muted: false)
                    ]), ParticipantInfo(id: who("bob")),
            ])
        #expect(reply.slots.count == 11)
        #expect(
            reply.slots.filter { $0.source != nil } == [
                SlotAssignment(
                    mid: mid("x0"),
                    source: SlotAssignment.Source(participant: who("ada"), track: track))
            ])
    }

    @Test func C14_emptyRoomClosesAfterTenSeconds() throws {
        var harness = RoomHarness()
        try harness.join(1)
        harness.advance(bySeconds: 5)
        harness.room.leave(key(1), reason: .left, at: harness.now)
        #expect(harness.room.nextDeadline == seconds(15))
        harness.advance(bySeconds: 9)
        #expect(!harness.room.isClosed)
        harness.advance(bySeconds: 1)
        #expect(harness.room.isClosed)
        #expect(harness.take().last == .roomClosed)
        #expect(harness.room.nextDeadline == nil)
        #expect(throws: SignalingError(.roomClosed)) { try harness.join(2) }
    }

    @Test func C14_aJoinBeforeTheTenSecondsKeepsTheRoom() throws {
        var harness = RoomHarness()
        try harness.join(1)
        harness.room.leave(key(1), reason: .left, at: harness.now)
        harness.advance(bySeconds: 9)
        try harness.join(2)
        harness.advance(bySeconds: 5)
        #expect(!harness.room.isClosed)
    }

    @Test func C15_aRoomNobodyEntersClosesAfterThirtySeconds() {
        var harness = RoomHarness()
        #expect(harness.room.nextDeadline == seconds(30))
        harness.advance(bySeconds: 29)
        #expect(!harness.room.isClosed)
        harness.advance(bySeconds: 1)
        #expect(harness.take() == [.roomClosed])
    }

    @Test func C16_aMemberSilentForThirtySecondsIsOut() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        harness.advance(bySeconds: 20)
        harness.room.heard(from: key(1), at: harness.now)
        _ = harness.take()
        harness.advance(bySeconds: 9)
        #expect(harness.take() == [])
        harness.advance(bySeconds: 1)
        let effects = harness.take()
        #expect(effects.messages(to: 1) == [.participantLeft(who("bob"), .timeout)])
        #expect(effects.last == .drop(key(2), .timeout))
        #expect(harness.room.nextDeadline == seconds(50))
        harness.advance(bySeconds: 20)
        #expect(harness.room.memberCount == 0)
        #expect(harness.room.nextDeadline == seconds(60))
        harness.advance(bySeconds: 10)
        #expect(harness.room.isClosed)
    }

    @Test func C16_everyMessageCountsAsASignOfLife() throws {
        var harness = RoomHarness()
        try harness.join(1)
        for _ in 0..<10 {
            harness.advance(bySeconds: 20)
            harness.room.handle(.pong(lastSequence: nil), from: key(1), at: harness.now)
        }
        #expect(harness.room.memberCount == 1)
    }

    @Test func aSessionWithoutWebSocketLivesByItsMedia() throws {
        var harness = RoomHarness()
        try harness.room.join(RoomHarness.player(1), at: harness.now)
        try harness.room.join(RoomHarness.player(2), at: harness.now)
        harness.room.mediaConnected(key(1), at: harness.now)
        harness.advance(bySeconds: 30)
        #expect(harness.room.sessions == [key(1)])
        harness.advance(bySeconds: 1000)
        harness.room.mediaLost(key(1), at: harness.now)
        harness.advance(bySeconds: 29)
        #expect(harness.room.memberCount == 1)
        harness.advance(bySeconds: 1)
        #expect(harness.room.memberCount == 0)
    }

    @Test func C30_theNewestOfTwoEqualIDsStays() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.publish(1, .camera)
        try harness.join(2, "bob")
        _ = harness.take()
        try harness.join(3, "ada")
        let effects = harness.take()
        #expect(
            effects.messages(to: 1) == [
                .disconnected(.duplicateIdentity, DisconnectReason.duplicateIdentity.message)
            ])
        #expect(effects.contains(.drop(key(1), .duplicateIdentity)))
        let told = effects.messages(to: 2)
        #expect(told.first == .participantLeft(who("ada"), .duplicateIdentity))
        #expect(told.contains(.participantJoined(ParticipantInfo(id: who("ada")))))
        #expect(harness.shown(2) == [])
        #expect(harness.room.sessions == [key(2), key(3)])
        #expect(harness.room.session(of: who("ada")) == key(3))
        // The late end of the old session does not touch the new one.
        harness.room.leave(key(1), reason: .networkLost, at: harness.now)
        #expect(harness.room.sessions == [key(2), key(3)])
    }

    @Test func C30_aRoomMayRefuseASecondOfTheSameID() throws {
        var harness = RoomHarness { $0.duplicates = .reject }
        try harness.join(1, "ada")
        #expect(throws: SignalingError(.duplicateIdentity)) { try harness.join(2, "ada") }
        #expect(harness.room.sessions == [key(1)])
    }

    @Test func aFullRoomRefusesButTakesReturningIDs() throws {
        var harness = RoomHarness { $0.participantsMax = 2 }
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        #expect(throws: SignalingError(.roomFull)) { try harness.join(3, "cy") }
        try harness.join(4, "bob")
        #expect(harness.room.sessions == [key(1), key(4)])
    }

    @Test func C19_C20_aSessionJoinsOnce() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        #expect(throws: SignalingError(.invalidState)) { try harness.join(1, "ada") }
        harness.room.leave(key(1), reason: .left, at: harness.now)
        _ = harness.take()
        harness.room.leave(key(1), reason: .left, at: harness.now)
        #expect(harness.take() == [])
    }

    @Test func C22_Z08_leaveIsAnsweredThenTheSessionEnds() throws {
        var harness = RoomHarness()
        try harness.join(1)
        _ = harness.take()
        harness.room.handle(.leave(must(RequestID(5))), from: key(1), at: harness.now)
        #expect(
            harness.take() == [
                .send(key(1), .ok(must(RequestID(5)), nil)),
                .send(key(1), .disconnected(.left, DisconnectReason.left.message)),
                .drop(key(1), .left),
            ])
    }

    @Test func V06_aClosedRoomTellsEverybody() throws {
        var harness = RoomHarness()
        try harness.join(1)
        try harness.room.join(RoomHarness.player(2), at: harness.now)
        _ = harness.take()
        harness.room.close(reason: .roomClosed, at: harness.now)
        #expect(
            harness.take() == [
                .send(key(1), .disconnected(.roomClosed, DisconnectReason.roomClosed.message)),
                .drop(key(1), .roomClosed), .drop(key(2), .roomClosed), .roomClosed,
            ])
    }

    @Test func hiddenMembersAndPlayersAreSeenByNobody() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        _ = harness.take()
        try harness.join(2, "ghost", grants: TokenGrants(hidden: true))
        try harness.room.join(RoomHarness.player(3), at: harness.now)
        #expect(harness.take().messages(to: 1) == [])
        #expect(harness.room.visibleParticipants.map(\.id) == [who("ada")])
        #expect(throws: SignalingError(.permissionDenied)) { try harness.publish(2, .camera) }
        #expect(throws: SignalingError(.participantNotFound)) {
            try harness.room.setSubscribed(
                key(1), true, to: who("ghost"), source: nil, at: harness.now)
        }
        harness.room.leave(key(2), reason: .left, at: harness.now)
        harness.room.leave(key(3), reason: .left, at: harness.now)
        #expect(harness.take().messages(to: 1) == [])
    }
}
