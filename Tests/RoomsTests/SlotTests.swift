// Who sits where: pairs, audio-only slots, screens, players and waiting.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

@Suite struct SlotTests {
    private func request(_ number: Int64) -> RequestID { must(RequestID(number)) }

    @Test func cameraAndMicrophoneOfOneShareAPair() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        try harness.join(3, "cy")
        for number in 1...2 as ClosedRange<UInt64> {
            try harness.publish(number, .camera)
            try harness.publish(number, .microphone)
        }
        #expect(
            harness.shown(3) == [
                "a0=ada/microphone", "v0=ada/camera", "a1=bob/microphone", "v1=bob/camera",
            ])
        #expect(harness.shown(1) == ["a0=bob/microphone", "v0=bob/camera"])
    }

    @Test func nobodyReceivesHimself() throws {
        var harness = RoomHarness()
        try harness.join(1)
        for source in [TrackSource.camera, .microphone, .screen, .screenAudio] {
            try harness.publish(1, source)
        }
        #expect(harness.shown(1) == [])
    }

    @Test func aScreenShareTakesAPairOfItsOwn() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        for source in [TrackSource.screenAudio, .microphone, .camera, .screen] {
            try harness.publish(1, source)
        }
        #expect(
            harness.shown(2) == [
                "a0=ada/microphone", "v0=ada/camera", "a1=ada/screenAudio", "v1=ada/screen",
            ])
    }

    @Test func speakersWithoutPictureSitInAudioOnlySlotsFirst() throws {
        var harness = RoomHarness { $0.audioRanking = nil }
        try harness.join(9, "viewer")
        for number in 1...4 as ClosedRange<UInt64> {
            try harness.join(number)
            try harness.publish(number, .microphone)
        }
        #expect(
            harness.shown(9) == [
                "a3=p4/microphone", "x0=p1/microphone", "x1=p2/microphone", "x2=p3/microphone",
            ])
        // With a camera sound and picture move to a pair together.
        try harness.publish(2, .camera)
        #expect(
            harness.shown(9) == [
                "a0=p2/microphone", "v0=p2/camera", "a3=p4/microphone", "x0=p1/microphone",
                "x2=p3/microphone",
            ])
    }

    @Test func whoIsOnlyHeardLeavesAPairToAPicture() throws {
        var harness = RoomHarness()
        try harness.join(9, "viewer", sections: sdkSections(pairs: 1, audio: 1))
        try harness.join(1)
        try harness.join(2)
        try harness.publish(1, .microphone)
        try harness.publish(2, .microphone)
        #expect(harness.shown(9) == ["a0=p2/microphone", "x0=p1/microphone"])
        // No audio slot is free: the picture waits.
        try harness.publish(1, .camera)
        #expect(harness.shown(9) == ["a0=p2/microphone", "x0=p1/microphone"])
        harness.room.leave(key(2), reason: .left, at: harness.now)
        #expect(harness.shown(9) == ["a0=p1/microphone", "v0=p1/camera"])
        try harness.join(3)
        try harness.publish(3, .microphone)
        #expect(
            harness.shown(9) == ["a0=p1/microphone", "v0=p1/camera", "x0=p3/microphone"])
    }

    @Test func Z04_aLeaversSlotIsEmptiedAndThenGivenToTheNextWhoWaits() throws {
        var harness = RoomHarness()
        try harness.join(9, "viewer", sections: sdkSections(pairs: 2, audio: 0))
        for number in 1...4 as ClosedRange<UInt64> {
            try harness.join(number)
            try harness.publish(number, .camera)
        }
        #expect(harness.shown(9) == ["v0=p1/camera", "v1=p2/camera"])
        _ = harness.take()
        harness.room.leave(key(1), reason: .left, at: harness.now)
        let effects = harness.take()
        let slot = effects.filter {
            if case .bindSlot(receiver: key(9), mid: mid("v0"), _) = $0 { true } else { false }
        }
        let next = SlotSource(publisher: key(3), mid: mid("1"))
        #expect(
            slot == [
                .bindSlot(receiver: key(9), mid: mid("v0"), source: nil),
                .bindSlot(receiver: key(9), mid: mid("v0"), source: next),
            ])
        // Told once, after the leave, as it stands.
        let told = effects.messages(to: 9)
        #expect(told.count == 2)
        #expect(told.first == .participantLeft(who("p1"), .left))
        #expect(effects.slots(to: 9).first?.map(\.source?.participant) == [who("p3")])
        #expect(harness.shown(9) == ["v0=p3/camera", "v1=p2/camera"])
        // Nothing of the leaver may be forwarded once its peer is gone.
        let drop = try #require(effects.firstIndex(of: .drop(key(1), .left)))
        #expect(
            !effects[drop...].contains { if case .bindSlot = $0 { true } else { false } })
    }

    @Test func aMicrophoneWithoutCameraKeepsItsPair() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        try harness.publish(1, .microphone)
        let camera = try harness.publish(1, .camera)
        try harness.room.unpublish(key(1), camera, at: harness.now)
        #expect(harness.shown(2) == ["a0=ada/microphone"])
    }

    @Test func customVideoTakesAPairAndCustomAudioAnAudioSlot() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        try harness.publish(1, .custom, mid: "1")
        try harness.publish(1, .custom, mid: "2")
        try harness.publish(1, .custom, mid: "3")
        #expect(harness.shown(2) == ["v0=ada/custom", "v1=ada/custom", "x0=ada/custom"])
    }

    // MARK: Asking for more

    @Test func slotsAreAskedForOncePerOfferInEights() throws {
        var harness = RoomHarness()
        try harness.join(99, "viewer", sections: sdkSections(pairs: 1, audio: 0))
        for number in 1...10 as ClosedRange<UInt64> {
            try harness.join(number)
            try harness.publish(number, .camera)
        }
        #expect(harness.take().demands(to: 99) == [SlotDemand(video: 8, audio: 0)])
        try harness.room.updateSections(
            key(99), sdkSections(pairs: 9, audio: 0), reply: (request(2), .plain("")),
            at: harness.now)
        let effects = harness.take()
        #expect(effects.demands(to: 99) == [SlotDemand(video: 8, audio: 0)])
        #expect(effects.slots(to: 99).first?.count == 8)
        #expect(harness.shown(99).count == 9)
        #expect(harness.shown(99).first == "v0=p1/camera")
        // Who was seated was not touched by the offer.
        #expect(
            !effects.contains {
                if case .bindSlot(_, mid: mid("v0"), _) = $0 { true } else { false }
            })
        try harness.room.updateSections(
            key(99), sdkSections(pairs: 17, audio: 0), reply: nil, at: harness.now)
        #expect(harness.take().demands(to: 99) == [])
        #expect(harness.shown(99).count == 10)
    }

    @Test func slotsAreNotAskedForBeyondTheBound() throws {
        var harness = RoomHarness {
            $0.pairSlotsMax = 2
            $0.audioSlotsMax = 1
        }
        try harness.join(99, "viewer", sections: sdkSections(pairs: 1, audio: 1))
        for number in 1...5 as ClosedRange<UInt64> {
            try harness.join(number)
            try harness.publish(number, .camera)
            try harness.publish(number, .screenAudio)
        }
        #expect(harness.take().demands(to: 99) == [SlotDemand(video: 1, audio: 0)])
        try harness.room.updateSections(
            key(99), sdkSections(pairs: 2, audio: 1), reply: nil, at: harness.now)
        #expect(harness.take().demands(to: 99) == [])
    }

    @Test func aReplyToJoinComesBeforeTheDemandForSlots() throws {
        var harness = RoomHarness()
        for number in 1...3 as ClosedRange<UInt64> {
            try harness.join(number)
            try harness.publish(number, .camera)
        }
        _ = harness.take()
        try harness.join(9, "viewer", sections: sdkSections(pairs: 2, audio: 0))
        let told = harness.take().messages(to: 9)
        #expect(told.count == 2)
        #expect(told.last == .needSlots(SlotDemand(video: 8, audio: 0)))
    }

    @Test func slotsTakenAwayByAnOfferAreGivenUp() throws {
        var harness = RoomHarness()
        try harness.join(9, "viewer", sections: sdkSections(pairs: 2, audio: 0))
        try harness.join(1)
        try harness.publish(1, .camera)
        var sections = sdkSections(pairs: 2, audio: 0)
        sections[4].use = .inactive
        sections[5].use = .inactive
        try harness.room.updateSections(key(9), sections, reply: nil, at: harness.now)
        #expect(harness.shown(9) == ["v1=p1/camera"])
    }

    // MARK: Media flows

    @Test func aStartedSlotIsToldWithItsTimestampUnlessGivenAwaySince() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        let track = try harness.publish(1, .camera)
        _ = harness.take()
        let source = SlotSource(publisher: key(1), mid: mid("1"))
        harness.room.slotStarted(
            receiver: key(2), mid: mid("v0"), source: source, rtpTimestamp: 77)
        let told = SlotAssignment(
            mid: mid("v0"), source: .init(participant: who("ada"), track: track),
            rtpTimestamp: 77)
        #expect(harness.take() == [.send(key(2), .slots([told]))])
        for (receiver, name, source) in [
            (2, "v1", source), (2, "nowhere", source), (7, "v0", source),
            (2, "v0", SlotSource(publisher: key(1), mid: mid("2"))),
        ] as [(UInt64, String, SlotSource)] {
            harness.room.slotStarted(
                receiver: key(receiver), mid: mid(name), source: source, rtpTimestamp: 1)
        }
        #expect(harness.take() == [])
    }

    @Test func howMuchOfAPictureComesIsToldToItsReceiverAlone() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        try harness.join(2, "bob")
        try harness.join(3, "cy")
        let track = try harness.publish(1, .camera)
        _ = harness.take()
        let source = SlotSource(publisher: key(1), mid: mid("1"))
        harness.room.slotQuality(
            receiver: key(2), mid: mid("v0"), source: source, .reduced)
        #expect(
            harness.take() == [.send(key(2), .trackQuality(who("ada"), track, .reduced))])
        for (receiver, name, source) in [
            (2, "v1", source), (2, "nowhere", source), (7, "v0", source),
            (2, "v0", SlotSource(publisher: key(1), mid: mid("2"))),
        ] as [(UInt64, String, SlotSource)] {
            harness.room.slotQuality(
                receiver: key(receiver), mid: mid(name), source: source, .paused)
        }
        #expect(harness.take() == [])
    }

    // MARK: WHIP and WHEP

    @Test func aPlayerIsFilledWithAScreenFirstThenFirstComeFirstShown() throws {
        var harness = RoomHarness()
        for number in 1...3 as ClosedRange<UInt64> {
            try harness.join(number)
            try harness.publish(number, .microphone)
            try harness.publish(number, .camera)
        }
        let screen = try harness.publish(3, .screen)
        _ = harness.take()
        try harness.room.join(RoomHarness.player(9), at: harness.now)
        #expect(harness.shown(9) == ["v=p3/screen", "a=p3/microphone"])
        // Players hear no messages.
        #expect(harness.take().messages(to: 9) == [])
        // Whoever is shown stays, by camera when the screen ends.
        try harness.room.unpublish(key(3), screen, at: harness.now)
        #expect(harness.shown(9) == ["v=p3/camera", "a=p3/microphone"])
        harness.room.leave(key(3), reason: .left, at: harness.now)
        #expect(harness.shown(9) == ["v=p1/camera", "a=p1/microphone"])
        harness.room.leave(key(1), reason: .left, at: harness.now)
        #expect(harness.shown(9) == ["v=p2/camera", "a=p2/microphone"])
        harness.room.leave(key(2), reason: .left, at: harness.now)
        #expect(harness.shown(9) == [])
    }

    @Test func aPlayerMayWaitForPublishersAndBeBoundToOne() throws {
        var harness = RoomHarness()
        try harness.room.join(RoomHarness.player(8), at: harness.now)
        try harness.room.join(RoomHarness.player(9, of: "bob"), at: harness.now)
        try harness.join(1, "ada")
        try harness.publish(1, .camera)
        try harness.join(2, "bob")
        try harness.publish(2, .camera)
        #expect(harness.shown(8) == ["v=ada/camera"])
        #expect(harness.shown(9) == ["v=bob/camera"])
        // Two players do not replace one another.
        #expect(harness.room.memberCount == 4)
    }

    @Test func aPlayersNthAudioGoesWithItsNthVideoInWhateverOrder() throws {
        var harness = RoomHarness()
        for number in 1...2 as ClosedRange<UInt64> {
            try harness.join(number)
            try harness.publish(number, .microphone)
            try harness.publish(number, .camera)
        }
        let orders: [UInt64: [String]] = [
            8: ["a0", "a1", "v0", "v1"], 9: ["v0", "v1", "a0", "a1"],
            10: ["v0", "a0", "a1", "v1"],
        ]
        for (number, names) in orders {
            let sections = names.map {
                RoomSection(
                    mid: mid($0), kind: $0.hasPrefix("a") ? .audio : .video, use: .slot)
            }
            try harness.room.join(RoomHarness.player(number, sections: sections), at: harness.now)
            #expect(
                Set(harness.shown(number)) == [
                    "a0=p1/microphone", "v0=p1/camera", "a1=p2/microphone", "v1=p2/camera",
                ])
        }
    }

    @Test func aPlayersExtraAudioSectionsCarryThoseWhoAreNotShown() throws {
        var harness = RoomHarness()
        let sections = [
            RoomSection(mid: mid("0"), kind: .audio, use: .slot),
            RoomSection(mid: mid("1"), kind: .video, use: .slot),
            RoomSection(mid: mid("2"), kind: .audio, use: .slot),
        ]
        for number in 1...2 as ClosedRange<UInt64> {
            try harness.join(number)
            try harness.publish(number, .microphone)
            try harness.publish(number, .camera)
        }
        try harness.room.join(RoomHarness.player(9, sections: sections), at: harness.now)
        #expect(
            harness.shown(9) == ["0=p1/microphone", "1=p1/camera", "2=p2/microphone"])
    }

    @Test func anIngestIsAnOrdinaryParticipant() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada")
        let entry = RoomEntry(
            key: key(2), kind: .ingest, participant: who("obs"),
            sections: Array(sdkSections().prefix(2)))
        try harness.room.join(entry, at: harness.now)
        try harness.publish(2, .microphone)
        try harness.publish(2, .camera)
        #expect(harness.shown(1) == ["a0=obs/microphone", "v0=obs/camera"])
        try harness.publish(1, .camera)
        let effects = harness.take()
        #expect(effects.messages(to: 2) == [])
        #expect(
            effects.messages(to: 1).contains(.participantJoined(ParticipantInfo(id: who("obs")))))
    }
}
