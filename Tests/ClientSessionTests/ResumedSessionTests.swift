// Requests, messages and data across breaks: done once, in order, or said to be unknown.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import ClientSession

@Suite struct ResumedSessionTests {
    private func text(_ message: ClientMessage) -> String? {
        if case .sendMessage(_, let message) = message { message.content } else { nil }
    }

    @Test(
        "3.3: a resumed session says how far it has heard, and sends again what has no answer, once"
    )
    func resume() throws {
        var client = try SessionHarness()
        try client.join([try bob()])
        client.hear(.participantInterrupted(try ParticipantID("bob")))
        _ = try client.perform { try $0.send(OutgoingMessage(content: "one")) }
        let first = try client.lastID
        _ = try client.perform { try $0.send(OutgoingMessage(content: "two")) }
        let second = try client.lastID
        client.reconnect()
        guard case .resume(let resume, let request)? = client.sent.last else {
            Issue.record("no resume")
            return
        }
        #expect(request.lastSequence == 1)
        let before = client.sent.count
        // The server did the first, and its answer was lost with the link.
        client.hear(.resumed(resume, sequence: 3))
        client.hear(.sent(first, unreachable: []))
        #expect(client.sent.count == before)
        client.hear(.participantResumed(try ParticipantID("bob")))
        #expect(client.sent.dropFirst(before).compactMap(text) == ["two"])
        #expect(client.sent.last?.requestID == second)
        #expect(client.session.reason == .resumed)
        client.hear(.sent(second, unreachable: []))
        #expect(client.session.lastSequence == 4)
        let answered = client.events.filter {
            if case .answered = $0 { true } else { false }
        }
        #expect(answered.count == 2)
    }

    @Test func newCredentialsOfRelaysGoToTheMediaAndHaveTheirNumber() throws {
        let old = [ICEServer(urls: ["turn:t"], username: "1:ada", credential: "a")]
        let new = [ICEServer(urls: ["turn:t"], username: "2:ada", credential: "b")]
        var client = try SessionHarness()
        try client.join()
        let told = client.events.count
        client.hear(.iceServersChanged(old))
        #expect(client.session.iceServers == old && client.session.lastSequence == 1)
        client.reconnect()
        client.hear(.resumed(try client.lastID, sequence: 2))
        client.hear(.iceServersChanged(new))
        #expect(client.session.iceServers == new && client.session.lastSequence == 2)
        #expect(client.relaysUsed == [old, new])
        // Passwords are nothing for an application.
        let isTold = client.events.dropFirst(told).contains {
            if case .told = $0 { true } else { false }
        }
        #expect(!isTold)
    }

    @Test func whatIsAskedDuringABreakIsSentAfterIt() throws {
        var client = try SessionHarness()
        try client.join()
        client.session.socketClosed(at: client.now)
        client.drain()
        let before = client.sent.count
        _ = try client.perform { try $0.send(OutgoingMessage(content: "later")) }
        #expect(client.sent.count == before)
        client.session.socketOpened(at: client.now)
        client.drain()
        client.hear(.resumed(try client.lastID, sequence: 0))
        #expect(client.sent.compactMap(text) == ["later"])
    }

    @Test(
        "3.3: a new session publishes and subscribes as the one before, and tells only what differs"
    )
    func restart() throws {
        var client = try SessionHarness()
        let info = try bob()
        let room = SessionHarness.roomID
        try client.perform { try $0.publish(.camera, mid: MediaSectionID("1")) }
        try client.join([info, try bob(firstTrack: 5, name: "cy")], room: room)
        client.hear(.ok(try client.lastID, TrackID(number: 3)))
        try client.perform { try $0.mute(mid: MediaSectionID("1"), true) }
        client.hear(.ok(try client.lastID, nil))
        try client.perform { try $0.setSubscribed(false, to: info.id, source: .camera) }
        client.hear(.ok(try client.lastID, nil))
        _ = try client.perform { try $0.send(OutgoingMessage(content: "lost")) }
        let lost = try client.lastID
        let before = (sent: client.sent.count, told: client.told.count)
        client.reconnect()
        client.hear(
            .error(SignalingError(.sessionNotFound, requestID: try client.lastID)))
        guard case .join(let id, let request)? = client.sent.last else {
            Issue.record("no join")
            return
        }
        // The same person, whoever chose the name.
        #expect(request.participant?.text == "ada")
        #expect(client.mediaEnded == 1)
        #expect(client.events.contains(.answered(lost, .lost)))
        var changed = info
        changed.tracks[0].muted = true
        client.hear(
            try client.joined(
                to: id, participants: [changed, try bob(firstTrack: 8, name: "dan")], room: room))
        #expect(client.session.reason == .restarted)
        let again = client.sent.dropFirst(before.sent + 2).filter { $0.requestID != nil }
        #expect(
            again.contains {
                if case .publish(_, let publish) = $0 { publish.muted } else { false }
            })
        #expect(
            again.contains {
                if case .unsubscribe(_, info.id, .camera) = $0 { true } else { false }
            })
        #expect(
            client.told.dropFirst(before.told).map { "\($0)".prefix(15) } == [
                "participantLeft", "trackMuted(bob,", "participantJoin",
            ])
        #expect(client.session.roster.participants.map(\.info.id.text) == ["bob", "dan"])
    }

    @Test func aRoomThatBeganAnewHasNoTrackOfBefore() throws {
        var client = try SessionHarness()
        try client.join([try bob()], room: SessionHarness.roomID)
        client.reconnect()
        client.hear(.error(SignalingError(.sessionNotFound, requestID: try client.lastID)))
        // The same ids, and other tracks.
        client.hear(
            try client.joined(to: client.lastID, participants: [try bob()], room: nil))
        let told = client.told.map { "\($0)".prefix(10) }
        #expect(told == ["trackUnpub", "trackUnpub", "trackPubli", "trackPubli"])
    }

    @Test func whoComesBackLaterThanOneselfIsWantedAsBefore() throws {
        var client = try SessionHarness()
        let info = try bob()
        try client.join([info], room: SessionHarness.roomID)
        try client.perform { try $0.setSubscribed(false, to: info.id, source: .camera) }
        client.hear(.ok(try client.lastID, nil))
        client.reconnect()
        client.hear(.error(SignalingError(.sessionNotFound, requestID: try client.lastID)))
        client.hear(try client.joined(to: client.lastID))
        let before = client.sent.count
        client.hear(.participantJoined(info))
        guard case .unsubscribe(let id, info.id, .camera)? = client.sent.last else {
            Issue.record("not asked again")
            return
        }
        client.hear(.ok(id, nil))
        // Who leaves and comes back by itself is somebody new.
        client.hear(.participantLeft(info.id, .left))
        client.hear(.participantJoined(info))
        #expect(client.sent.count == before + 1)
        #expect(
            client.session.roster.participants[0].tracks.map(\.state) == [
                .subscribing, .subscribing,
            ])
    }

    @Test("T05: a renewed token is the one to come back with")
    func renewedToken() throws {
        var client = try SessionHarness()
        try client.join()
        _ = try client.perform { try $0.renewToken("new") }
        client.hear(.ok(try client.lastID, nil))
        client.reconnect()
        client.hear(.error(SignalingError(.sessionNotFound, requestID: try client.lastID)))
        guard case .join(_, let request)? = client.sent.last else {
            Issue.record("no join")
            return
        }
        #expect(request.token == "new")
    }

    @Test("3.3: media that is lost is restarted by an offer, and refused, by a new session")
    func mediaRestart() throws {
        var client = try SessionHarness()
        try client.join()
        for _ in 0..<6 {
            client.pass(.milliseconds(500))
            client.hear(.pong(nil))
        }
        #expect(client.session.lostLink == .media)
        #expect(client.tickets.last?.purpose == .restart)
        guard case .offer(let id, _)? = client.sent.last else {
            Issue.record("no offer")
            return
        }
        client.hear(.answer(id, .plain("answer")))
        #expect(client.answers == [.join, .restart])
        client.session.mediaHeard(at: client.now)
        client.drain()
        #expect(client.session.phase == .connected)
        #expect(client.session.reason == .resumed)
    }

    @Test func theServersPingIsAnsweredWithHowFarOneHasHeard() throws {
        var client = try SessionHarness()
        try client.join()
        client.hear(.ping)
        client.hear(.participantJoined(try bob()))
        client.hear(.ping)
        #expect(client.pongs == [0, 1])
    }

    @Test func moreRequestsThanMayWaitAreRefused() throws {
        var client = try SessionHarness()
        try client.join()
        for number in 0..<PendingRequests.countMax {
            _ = try client.perform { try $0.send(OutgoingMessage(content: "\(number)")) }
        }
        #expect(throws: SignalingError(.tooManyRequests)) {
            try client.perform { try $0.send(OutgoingMessage(content: "one more")) }
        }
    }
}
