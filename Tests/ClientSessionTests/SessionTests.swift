// A client's session from joining to leaving, with breaks in between.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import ClientSession

@Suite struct SessionTests {
    @Test(
        "C07 C10 C23 C24 C26: who one is, who else is there, where one stands, and the room's info")
    func looking() throws {
        var client = try SessionHarness()
        #expect(client.session.participant == nil)
        #expect(client.session.phase == .disconnected)
        try client.join([try bob()], room: SessionHarness.roomID)
        #expect(client.session.participant?.id.text == "ada")
        #expect(client.session.roster.participants.map(\.info.id.text) == ["bob"])
        #expect(client.session.phase == .connected)
        #expect(client.session.room?.name.text == "daily")
        #expect(client.session.room?.id == SessionHarness.roomID)
    }

    @Test(
        "C09 E06 E09 E11 E16: others come, publish, mute, unpublish and go, and the roster agrees")
    func others() throws {
        var client = try SessionHarness()
        try client.join()
        let info = try bob()
        let screen = TrackInfo(id: TrackID(number: 9), source: .screen, kind: .video, muted: false)
        client.hear(.participantJoined(info))
        client.hear(.trackPublished(info.id, screen))
        client.hear(.trackMuted(info.id, screen.id, true))
        #expect(client.session.roster.participant(info.id)?.tracks.count == 3)
        #expect(client.session.roster.participant(info.id)?.tracks.last?.info.muted == true)
        client.hear(.trackUnpublished(info.id, screen.id))
        #expect(client.session.roster.participant(info.id)?.info.tracks == info.tracks)
        client.hear(.participantInterrupted(info.id))
        #expect(client.session.roster.participant(info.id)?.info.interrupted == true)
        client.hear(.participantResumed(info.id))
        #expect(client.session.roster.participant(info.id)?.info == info)
        client.hear(.participantLeft(info.id, .left))
        #expect(client.session.roster.participants.isEmpty)
        #expect(client.told.count == 7)
    }

    @Test(
        "P06 P07 P08 P14: what is asked for before joining is published on joining, idle to published"
    )
    func publishBeforeJoining() throws {
        var client = try SessionHarness()
        try client.perform { try $0.publish(.microphone, mid: MediaSectionID("0")) }
        try client.perform { try $0.publish(.camera, mid: MediaSectionID("1"), muted: true) }
        #expect(client.sent.isEmpty)
        try client.join()
        let publishes = client.sent.dropFirst()
        #expect(publishes.count == 2)
        #expect(client.publishStates(.microphone) == [.publishing])
        for (number, message) in publishes.enumerated() {
            client.hear(.ok(try #require(message.requestID), TrackID(number: UInt64(number + 1))))
        }
        #expect(client.publishStates(.microphone) == [.publishing, .published])
        #expect(client.publishStates(.camera) == [.publishing, .published])
        #expect(client.session.publications.map(\.isMuted) == [false, true])
    }

    @Test("S01: what of one's tracks anybody receives is known until they are published anew")
    func wantedLayers() throws {
        var client = try SessionHarness()
        let room = SessionHarness.roomID
        try client.perform { try $0.publish(.camera, mid: MediaSectionID("1")) }
        try client.join(room: room)
        let track = TrackID(number: 9)
        client.hear(.ok(try client.lastID, track))
        #expect(client.session.publications[0].wanted == nil)
        client.hear(.layersWanted(track, ["q"], maxBitrates: ["q": 60_000]))
        let wanted = WantedLayers(layers: ["q"], maxBitrates: ["q": 60_000])
        #expect(client.session.publications[0].wanted == wanted)
        // Of a track that is not there nothing is kept.
        client.hear(.layersWanted(TrackID(number: 8), []))
        #expect(client.session.publications[0].wanted == wanted)
        client.hear(.layersWanted(track, ["q", "h"]))
        #expect(client.session.publications[0].wanted?.maxBitrates == [:])
        #expect(client.session.publications[0].wanted?.spatialLayers == nil)
        let spatial = SpatialLayersWanted(wanted: 2, of: 3)
        client.hear(.layersWanted(track, [""], spatialLayers: spatial))
        #expect(client.session.publications[0].wanted?.spatialLayers == spatial)
        client.reconnect()
        client.hear(.error(SignalingError(.sessionNotFound, requestID: try client.lastID)))
        client.hear(try client.joined(to: try client.lastID, room: room))
        #expect(client.session.publications[0].wanted == nil)
    }

    @Test(
        "P15: a subscribed track goes from idle over subscribing to subscribed, and back when unwanted"
    )
    func subscribeStates() throws {
        var client = try SessionHarness()
        let info = try bob()
        let camera = TrackID(number: 2)
        try client.join([info])
        #expect(client.subscribeStates(camera) == [.subscribing])
        let source = SlotAssignment.Source(participant: info.id, track: camera)
        let mid = try MediaSectionID("5")
        client.hear(.slots([SlotAssignment(mid: mid, source: source)]))
        #expect(client.subscribeStates(camera) == [.subscribing])
        client.hear(.slots([SlotAssignment(mid: mid, source: source, rtpTimestamp: 7)]))
        #expect(client.subscribeStates(camera) == [.subscribing, .subscribed])
        try client.perform { try $0.setSubscribed(false, to: info.id, source: .camera) }
        client.hear(.slots([SlotAssignment(mid: mid, source: nil)]))
        #expect(client.subscribeStates(camera) == [.subscribing, .subscribed, .unsubscribed])
    }

    @Test("P10 P11: what is subscribed by itself is everything, one kind, or nothing")
    func autoSubscribe() throws {
        let wanted: [(AutoSubscribe, [SubscribeState])] = [
            (.all, [.subscribing, .subscribing]), (.audio, [.subscribing, .unsubscribed]),
            (.video, [.unsubscribed, .subscribing]), (.none, [.unsubscribed, .unsubscribed]),
        ]
        for (choice, states) in wanted {
            var client = try SessionHarness()
            var options = JoinOptions()
            options.autoSubscribe = choice
            try client.join([try bob()], options: options)
            #expect(client.session.roster.participants[0].tracks.map(\.state) == states)
        }
    }

    @Test("P12 P13: subscribing is for those in a room, and for whom is in it")
    func subscribingOutside() throws {
        var client = try SessionHarness()
        let nobody = try ParticipantID("nobody")
        #expect(throws: SignalingError(.invalidState)) {
            try client.perform { try $0.setSubscribed(true, to: nobody) }
        }
        try client.join()
        #expect(throws: SignalingError(.participantNotFound)) {
            try client.perform { try $0.setSubscribed(true, to: nobody) }
        }
    }

    @Test("R05 R06 E08: audience sends nothing, and what was published is back with the role")
    func roles() throws {
        var client = try SessionHarness()
        try client.perform { try $0.publish(.camera, mid: MediaSectionID("1")) }
        try client.join()
        client.hear(.ok(try client.lastID, TrackID(number: 1)))
        client.hear(.roleChanged(.audience))
        #expect(client.publishStates(.camera) == [.publishing, .published, .unpublished])
        client.hear(.roleChanged(.host))
        #expect(client.publishStates(.camera).last == .published)
        #expect(client.session.publications.first?.track == TrackID(number: 1))
    }

    @Test("Z03 Z04 Z08: leaving says so, ends the media, and can be followed by another join")
    func leaving() throws {
        var client = try SessionHarness()
        try client.perform { try $0.publish(.camera, mid: MediaSectionID("1")) }
        try client.join()
        client.hear(.ok(try client.lastID, TrackID(number: 1)))
        let now = client.now
        client.perform { $0.leave(at: now) }
        guard case .leave(let id)? = client.sent.last else {
            Issue.record("nothing was said")
            return
        }
        client.hear(.ok(id, nil))
        client.hear(.disconnected(.left, "You left the room."))
        #expect(client.session.phase == .disconnected)
        #expect(client.session.reason == .left)
        #expect(client.mediaEnded == 1)
        #expect(client.publishStates(.camera).last == .unpublished)
        try client.join()
        #expect(client.session.phase == .connected)
    }

    @Test("C02 C03: join in any other state is refused and changes nothing")
    func joinTwice() throws {
        var client = try SessionHarness()
        try client.join()
        #expect(throws: SignalingError.self) { try client.join() }
        #expect(client.session.phase == .connected)
    }

    @Test func aJoinThatIsRefusedSaysWhy() throws {
        var client = try SessionHarness()
        let request = JoinRequest(room: try RoomName("daily"), offer: .plain(""))
        let now = client.now
        try client.perform { try $0.join(request, at: now) }
        client.session.socketOpened(at: client.now)
        client.drain()
        client.hear(.error(SignalingError(.tokenRequired, requestID: try client.lastID)))
        #expect(client.session.phase == .disconnected)
        #expect(client.session.reason == .tokenRequired)
    }

    @Test func anErrorThatNamesNoRequestEndsAJoinAtOnce() throws {
        var client = try SessionHarness()
        let request = JoinRequest(room: try RoomName("daily"), offer: .plain(""))
        let now = client.now
        try client.perform { try $0.join(request, at: now) }
        client.session.socketOpened(at: client.now)
        // Nothing was asked for yet: that is about nothing of ours.
        client.hear(.error(SignalingError(.messageTooLarge)))
        #expect(client.session.phase == .connecting)
        client.drain()
        client.hear(.error(SignalingError(.messageTooLarge)))
        #expect(client.session.phase == .disconnected)
    }

    @Test func answersOfStrangersAndOfTheWrongKindAreIgnored() throws {
        var client = try SessionHarness()
        try client.join()
        let stranger = try #require(RequestID(999))
        client.hear(.ok(stranger, TrackID(number: 3)))
        client.hear(.resumed(stranger, sequence: 99))
        client.hear(.answer(stranger, .plain("x")))
        client.hear(try client.joined(to: stranger))
        client.hear(.streamOpened(stranger, try #require(DataStreamID(1))))
        client.hear(.error(SignalingError(.internalError)))
        #expect(client.session.phase == .connected)
        #expect(client.session.lastSequence == 4)
    }
}
