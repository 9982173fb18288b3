// Publishing, muting, subscribing, and what is refused.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

@Suite struct TrackTests {
    private func request(_ number: Int64) -> RequestID { must(RequestID(number)) }

    @Test func P01_E09_publishIsAnsweredAndToldToTheOthersOnly() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        _ = harness.take()
        harness.room.handle(
            .publish(request(4), PublishRequest(source: .camera, mid: mid("1"))), from: key(1),
            at: harness.now)
        let effects = harness.take()
        let info = TrackInfo(
            id: TrackID(number: 1), source: .camera, kind: .video, muted: false)
        #expect(effects.messages(to: 1) == [.ok(request(4), info.id)])
        let assignment = SlotAssignment(
            mid: mid("v0"), source: .init(participant: who("ada"), track: info.id))
        #expect(
            effects.messages(to: 2) == [.trackPublished(who("ada"), info), .slots([assignment])])
        let source = SlotSource(publisher: key(1), mid: mid("1"))
        #expect(effects.contains(.bindSlot(receiver: key(2), mid: mid("v0"), source: source)))
        #expect(effects.contains(.requestKeyframe(publisher: key(1), mid: mid("1"))))
    }

    @Test func P02_roomsOfOneNameGiveTheirTracksDifferentIDs() throws {
        var random = SeededRandom(seed: 7)
        var given: Set<TrackID> = []
        for _ in 0..<100 {
            var harness = RoomHarness(id: .random(using: &random))
            try harness.join(1, "ada")
            #expect(given.insert(try harness.publish(1, .camera)).inserted)
            #expect(given.insert(try harness.publish(1, .microphone)).inserted)
        }
    }

    @Test func P02_E11_unpublishEmptiesTheSlot() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        let track = try harness.publish(1, .camera)
        _ = harness.take()
        try harness.room.unpublish(key(1), track, at: harness.now)
        let effects = harness.take()
        #expect(effects.contains(.bindSlot(receiver: key(2), mid: mid("v0"), source: nil)))
        #expect(
            effects.messages(to: 2) == [
                .trackUnpublished(who("ada"), track),
                .slots([SlotAssignment(mid: mid("v0"), source: nil)]),
            ])
        #expect(throws: SignalingError(.trackNotFound)) {
            try harness.room.unpublish(key(1), track, at: harness.now)
        }
        // The section and the source are free again, the id is not used twice.
        #expect(try harness.publish(1, .camera) == TrackID(number: 2))
    }

    @Test func P17_muteKeepsTheSlotAndPausesTheSection() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        let track = try harness.publish(1, .camera)
        _ = harness.take()
        try harness.room.mute(key(1), track, true, at: harness.now)
        #expect(
            harness.take() == [
                .setPaused(publisher: key(1), mid: mid("1"), true),
                .broadcast([key(2)], .trackMuted(who("ada"), track, true)),
            ])
        #expect(harness.shown(2) == ["v0=ada/camera"])
        try harness.room.mute(key(1), track, true, at: harness.now)
        #expect(harness.take() == [])
        try harness.room.mute(key(1), track, false, at: harness.now)
        #expect(
            harness.take() == [
                .setPaused(publisher: key(1), mid: mid("1"), false),
                .requestKeyframe(publisher: key(1), mid: mid("1")),
                .broadcast([key(2)], .trackMuted(who("ada"), track, false)),
            ])
        #expect(throws: SignalingError(.trackNotFound)) {
            try harness.room.mute(key(2), track, true, at: harness.now)
        }
    }

    @Test(
        "P17, E16, E17, E18: sound, picture and screen are muted and unmuted each by itself",
        arguments: [TrackSource.microphone, .camera, .screen])
    func everyKindIsMutedByItself(_ source: TrackSource) throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        var tracks: [TrackSource: TrackID] = [:]
        for each in [TrackSource.microphone, .camera, .screen] {
            tracks[each] = try harness.publish(1, each)
        }
        let track = must(tracks[source])
        for isMuted in [true, false] {
            _ = harness.take()
            harness.room.handle(
                .mute(request(1), track, isMuted), from: key(1), at: harness.now)
            #expect(
                harness.take().messages(to: 2) == [.trackMuted(who("ada"), track, isMuted)])
            let info = harness.room.visibleParticipants[0]
            #expect(info.tracks.filter(\.muted).map(\.id) == (isMuted ? [track] : []))
        }
    }

    @Test func whatCannotBePublishedIsRefusedWithItsCode() throws {
        var harness = RoomHarness { $0.tracksPerParticipantMax = 3 }
        let grants = TokenGrants(publish: TrackSourceSet.all.subtracting(.init(.screen)))
        try harness.join(1, "ada", grants: grants)
        try harness.join(2, "listener", grants: TokenGrants(publish: []))
        #expect(throws: SignalingError(.permissionDenied)) { try harness.publish(1, .screen) }
        #expect(throws: SignalingError(.permissionDenied)) { try harness.publish(2, .microphone) }
        #expect(throws: SignalingError(.sectionNotFound)) {
            try harness.publish(1, .camera, mid: "77")
        }
        #expect(throws: SignalingError(.sectionNotFound)) {
            try harness.publish(1, .camera, mid: "v0")
        }
        #expect(throws: SignalingError(.sourceKindMismatch)) {
            try harness.publish(1, .camera, mid: "0")
        }
        try harness.publish(1, .camera)
        #expect(throws: SignalingError(.sectionInUse)) {
            try harness.publish(1, .custom, mid: "1")
        }
        #expect(throws: SignalingError(.sourceAlreadyPublished)) {
            try harness.publish(1, .camera, mid: "2")
        }
        try harness.publish(1, .custom, mid: "2")
        try harness.publish(1, .custom, mid: "3")
        #expect(throws: SignalingError(.tooManyTracks)) { try harness.publish(1, .microphone) }
        #expect(throws: SignalingError(.invalidState)) { try harness.publish(9, .microphone) }
    }

    @Test func aRefusalCarriesTheRequestsNumber() throws {
        var harness = RoomHarness()
        try harness.join(1)
        _ = harness.take()
        harness.room.handle(
            .unpublish(request(8), TrackID(number: 5)), from: key(1), at: harness.now)
        let error = SignalingError(.trackNotFound, requestID: request(8))
        #expect(harness.take() == [.send(key(1), .error(error))])
    }

    @Test func P04_unsubscribeIsHonouredForOneSourceAndForAll() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        try harness.publish(1, .microphone)
        try harness.publish(1, .camera)
        try harness.room.setSubscribed(
            key(2), false, to: who("ada"), source: .camera, at: harness.now)
        #expect(harness.shown(2) == ["a0=ada/microphone"])
        try harness.room.setSubscribed(key(2), false, to: who("ada"), source: nil, at: harness.now)
        #expect(harness.shown(2) == [])
        // It holds for what comes later.
        try harness.publish(1, .screen)
        #expect(harness.shown(2) == [])
        try harness.room.setSubscribed(
            key(2), true, to: who("ada"), source: .screen, at: harness.now)
        #expect(harness.shown(2) == ["v0=ada/screen"])
        try harness.room.setSubscribed(key(2), true, to: who("ada"), source: nil, at: harness.now)
        #expect(harness.shown(2) == ["v0=ada/screen", "a1=ada/microphone", "v1=ada/camera"])
    }

    @Test func P10_manualSubscriptionShowsNothingUnasked() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.publish(1, .camera)
        try harness.join(2, "bob", auto: false)
        #expect(harness.shown(2) == [])
        _ = harness.take()
        harness.room.handle(
            .subscribe(request(3), who("ada"), .camera), from: key(2), at: harness.now)
        let told = harness.take().messages(to: 2)
        #expect(told.count == 2)
        #expect(told.first == .ok(request(3), nil))
        #expect(harness.shown(2) == ["v0=ada/camera"])
    }

    @Test func withoutTheGrantNothingIsReceived() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.publish(1, .camera)
        try harness.join(2, "bob", grants: TokenGrants(subscribe: false))
        #expect(harness.shown(2) == [])
        #expect(throws: SignalingError(.permissionDenied)) {
            try harness.room.setSubscribed(
                key(2), true, to: who("ada"), source: nil, at: harness.now)
        }
    }

    @Test func subscribingToNobodyOrOneselfIsRefused() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        for (name, code) in [("ada", ErrorCode.invalidArgument), ("zoe", .participantNotFound)] {
            do throws(SignalingError) {
                try harness.room.setSubscribed(
                    key(1), true, to: who(name), source: nil, at: harness.now)
                Issue.record("taken")
            } catch {
                #expect(error.code == code)
            }
        }
    }

    @Test func sectionsThatNoLongerSendLoseTheirTracks() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        let camera = try harness.publish(1, .camera)
        try harness.publish(1, .microphone)
        var sections = sdkSections()
        sections[1].use = .inactive
        _ = harness.take()
        try harness.room.updateSections(
            key(1), sections, reply: (request(6), .plain("again")), at: harness.now)
        let effects = harness.take()
        #expect(effects.messages(to: 1).first == .answer(request(6), .plain("again")))
        #expect(effects.messages(to: 2).first == .trackUnpublished(who("ada"), camera))
        #expect(harness.shown(2) == ["a0=ada/microphone"])
    }

    @Test func tooManyRequestsAreRefusedUntilTimePasses() throws {
        var harness = RoomHarness { $0.requests = RateLimit(burst: 3, perSecond: 1) }
        try harness.join(1)
        _ = harness.take()
        for _ in 0..<5 { harness.room.handle(.ping(nil), from: key(1), at: harness.now) }
        var refusal = SignalingError(.tooManyRequests)
        refusal.retryAfter = .seconds(1)
        let refused = ServerMessage.error(refusal)
        #expect(
            harness.take().messages(to: 1) == [
                .pong(nil), .pong(nil), .pong(nil), refused, refused,
            ])
        harness.advance(bySeconds: 1)
        harness.room.handle(.ping(request(2)), from: key(1), at: harness.now)
        #expect(harness.take().messages(to: 1) == [.pong(request(2))])
        // Leaving is always possible.
        harness.room.handle(.leave(request(3)), from: key(1), at: harness.now)
        #expect(harness.room.memberCount == 0)
    }

    @Test func joinAndOfferAreNoMattersOfTheRoomAlone() throws {
        var harness = RoomHarness()
        try harness.join(1)
        _ = harness.take()
        harness.room.handle(.offer(request(2), .plain("")), from: key(1), at: harness.now)
        let error = SignalingError(.invalidState, requestID: request(2))
        #expect(harness.take() == [.send(key(1), .error(error))])
    }

    @Test func E13_K04_audioLevelsNamePublishedMicrophonesOnly() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        try harness.publish(1, .microphone)
        _ = harness.take()
        harness.room.report([
            MeasuredLevel(publisher: key(1), mid: mid("0"), level: 200),
            MeasuredLevel(publisher: key(1), mid: mid("3"), level: 1),
            MeasuredLevel(publisher: key(2), mid: mid("0"), level: 1),
            MeasuredLevel(publisher: key(7), mid: mid("0"), level: 1),
        ])
        let levels = [AudioLevel(participant: who("ada"), level: 127)]
        #expect(harness.take() == [.broadcast([key(1), key(2)], .audioLevels(levels))])
        harness.room.report([])
        #expect(harness.take() == [])
    }
}
