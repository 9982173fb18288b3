// Tokens that run out while their holder is in the room.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

@Suite struct TokenLifeTests {
    private func life(_ end: Int64) -> TokenLife {
        TokenLife(deadline: seconds(end), expiresAt: 1_900_000_000 + end)
    }

    private func renewal(
        _ name: String, _ end: Int64, grants: TokenGrants = TokenGrants()
    ) -> RenewedToken {
        RenewedToken(participant: who(name), grants: grants, life: life(end))
    }

    private func warning(_ end: Int64, left: Int64) -> ServerMessage {
        .tokenWillExpire(TokenWarning(deadline: 1_900_000_000 + end, secondsLeft: left))
    }

    /// Lets time pass while everybody answers the pings.
    private func pass(_ harness: inout RoomHarness, to end: MediaInstant) {
        while harness.now < end {
            harness.now = min(end, harness.now + .seconds(10))
            for session in harness.room.sessions {
                harness.room.heard(from: session, at: harness.now)
            }
            harness.room.advance(to: harness.now)
            harness.drain()
        }
    }

    @Test func T06_E03_theHolderIsWarnedThirtySecondsAheadAndOutAtTheEnd() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada", token: life(100))
        try harness.join(2, "bob")
        _ = harness.take()
        pass(&harness, to: seconds(70) - MediaDuration(nanoseconds: 1))
        #expect(harness.take() == [])
        #expect(harness.room.nextDeadline.map { $0 <= seconds(70) } == true)
        pass(&harness, to: seconds(70))
        #expect(harness.take() == [.send(key(1), warning(100, left: 30))])
        pass(&harness, to: seconds(100) - MediaDuration(nanoseconds: 1))
        #expect(harness.take() == [])
        pass(&harness, to: seconds(100))
        let effects = harness.take()
        #expect(
            effects.messages(to: 1) == [
                .disconnected(.tokenExpired, DisconnectReason.tokenExpired.message)
            ])
        #expect(effects.messages(to: 2) == [.participantLeft(who("ada"), .tokenExpired)])
        #expect(effects.contains(.drop(key(1), .tokenExpired)))
        #expect(harness.room.sessions == [key(2)])
    }

    @Test func T06_aTokenWithLessThanThirtySecondsIsWarnedOfAtOnce() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada", token: life(12))
        #expect(harness.room.nextDeadline.map { $0 <= .zero } == true)
        harness.advance(bySeconds: 0)
        guard case .joined = harness.take().messages(to: 1).first else {
            Issue.record("the warning came before the reply")
            return
        }
        var late = RoomHarness()
        try late.join(1, "ada", token: life(12))
        _ = late.take()
        late.advance(bySeconds: 2)
        #expect(late.take().messages(to: 1) == [warning(12, left: 10)])
    }

    @Test func T05_aRenewedTokenTakesThePlaceOfTheOldOne() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada", token: life(60))
        try harness.join(2, "bob")
        pass(&harness, to: seconds(40))
        _ = harness.take()
        try harness.room.renew(
            key(1), renewal("ada", 200), requestID: must(RequestID(4)), at: harness.now)
        #expect(harness.take() == [.send(key(1), .ok(must(RequestID(4)), nil))])
        pass(&harness, to: seconds(169))
        #expect(harness.take() == [])
        pass(&harness, to: seconds(170))
        #expect(harness.take() == [.send(key(1), warning(200, left: 30))])
        pass(&harness, to: seconds(200))
        #expect(harness.room.sessions == [key(2)])
    }

    @Test func T05_aTokenOfSomebodyElseChangesNothing() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada", token: life(60))
        _ = harness.take()
        let id = must(RequestID(4))
        #expect(throws: SignalingError(.tokenWrongIdentity, requestID: id)) {
            try harness.room.renew(
                key(1), renewal("bob", 200, grants: TokenGrants(publish: [])), requestID: id,
                at: harness.now)
        }
        #expect(throws: SignalingError(.invalidState)) {
            try harness.room.renew(
                key(9), renewal("ada", 200), requestID: nil, at: harness.now)
        }
        #expect(harness.take() == [])
        pass(&harness, to: seconds(60))
        #expect(harness.room.memberCount == 0)
    }

    @Test func T05_theNewGrantsTakeEffectAtOnce() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada", token: life(60))
        try harness.join(2, "bob")
        let camera = try harness.publish(1, .camera)
        let microphone = try harness.publish(1, .microphone)
        try harness.publish(2, .camera)
        #expect(harness.shown(1) == ["v0=bob/camera"])
        _ = harness.take()
        let grants = TokenGrants(publish: [.init(.microphone)], subscribe: false)
        try harness.room.renew(
            key(1), renewal("ada", 200, grants: grants), requestID: nil, at: harness.now)
        let effects = harness.take()
        #expect(
            effects.messages(to: 1).prefix(2) == [
                .permissionsChanged(grants), .trackUnpublished(who("ada"), camera),
            ])
        #expect(effects.messages(to: 2).first == .trackUnpublished(who("ada"), camera))
        #expect(harness.shown(1) == [])
        #expect(harness.shown(2) == ["a0=ada/microphone"])
        #expect(throws: SignalingError(.permissionDenied)) { try harness.publish(1, .camera) }
        // Given back, nothing is published by itself, but everybody is seen again.
        try harness.room.renew(key(1), renewal("ada", 300), requestID: nil, at: harness.now)
        #expect(harness.shown(1) == ["v0=bob/camera"])
        #expect(
            harness.room.visibleParticipants.first?.tracks.map(\.id) == [microphone])
        try harness.publish(1, .camera)
    }

    @Test func aRenewedTokenMayHideItsHolderAndBringItBack() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada", token: life(60))
        try harness.join(2, "bob")
        try harness.publish(1, .camera)
        _ = harness.take()
        try harness.room.renew(
            key(1), renewal("ada", 90, grants: TokenGrants(hidden: true)), requestID: nil,
            at: harness.now)
        #expect(harness.take().messages(to: 2).first == .participantLeft(who("ada"), .left))
        #expect(harness.shown(2) == [])
        #expect(harness.room.visibleParticipants.map(\.id) == [who("bob")])
        try harness.room.renew(key(1), renewal("ada", 90), requestID: nil, at: harness.now)
        guard case .participantJoined(let info) = harness.take().messages(to: 2).first else {
            Issue.record("did not come back")
            return
        }
        #expect(info.tracks.map(\.source) == [.camera])
        #expect(harness.shown(2) == ["v0=ada/camera"])
    }

    @Test func aSessionOverHTTPEndsWithItsTokenToo() throws {
        var harness = RoomHarness()
        var player = RoomHarness.player(1)
        player.token = life(20)
        try harness.room.join(player, at: harness.now)
        harness.room.mediaConnected(key(1), at: harness.now)
        harness.advance(bySeconds: 19)
        #expect(harness.take() == [])
        harness.advance(bySeconds: 1)
        #expect(harness.take() == [.drop(key(1), .tokenExpired)])
    }
}
