// Breaks: who is kept how long, what the others are told, and what comes back.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import Rooms

@Suite struct ResumeTests {
    private let tick = MediaDuration(nanoseconds: 1)

    /// `ada` (1), who can resume, and `bob` (2), who answers pings.
    private func harness(
        _ change: (inout RoomConfiguration) -> Void = { _ in }
    ) throws -> RoomHarness {
        var harness = RoomHarness(change)
        try harness.join(2, "bob")
        try harness.join(1, "ada", options: JoinOptions(resume: true))
        _ = harness.take()
        return harness
    }

    private func pass(_ harness: inout RoomHarness, to end: MediaInstant, alive: [UInt64]) {
        while harness.now < end {
            harness.now = min(end, harness.now + .seconds(1))
            for number in alive { harness.room.heard(from: key(number), at: harness.now) }
            harness.room.advance(to: harness.now)
            harness.drain()
        }
    }

    private func resume(
        _ harness: inout RoomHarness, _ sequence: UInt64
    ) throws(SignalingError) -> [ServerMessage] {
        _ = harness.take()
        try harness.room.resume(
            key(1), lastSequence: sequence, requestID: request(9), at: harness.now)
        return harness.take().messages(to: 1)
    }

    // MARK: The clock of a break (3.3)

    @Test func C16_B28_aBrokenConnectionIsKeptForThirtySecondsAndNoLonger() throws {
        var harness = try harness()
        try harness.publish(1, .camera)
        pass(&harness, to: seconds(10), alive: [1, 2])
        _ = harness.take()
        harness.room.connectionLost(key(1), at: harness.now)
        #expect(harness.take() == [.broadcast([key(2)], .participantInterrupted(who("ada")))])
        pass(&harness, to: seconds(40) - tick, alive: [1, 2])
        // Its tracks are there, and a late sign of the old socket is none.
        #expect(harness.take().withoutQualities == [])
        #expect(harness.shown(2) == ["v0=ada/camera"])
        pass(&harness, to: seconds(40), alive: [2])
        let effects = harness.take()
        #expect(effects.messages(to: 2).first == .participantLeft(who("ada"), .timeout))
        #expect(effects.contains(.drop(key(1), .timeout)))
        #expect(effects.messages(to: 1) == [])
        #expect(harness.shown(2) == [])
    }

    @Test func E14_whoComesBackAfterThirtySecondsJoinsAnew() throws {
        var harness = try harness()
        harness.room.connectionLost(key(1), at: harness.now)
        pass(&harness, to: seconds(31), alive: [2])
        _ = harness.take()
        try harness.join(3, "ada", options: JoinOptions(resume: true))
        #expect(
            harness.take().messages(to: 2) == [
                .participantJoined(ParticipantInfo(id: who("ada")))
            ])
    }

    @Test func C14_theTenSecondsOfAnEmptyRoomBeginWhenTheSessionIsDropped() throws {
        var harness = RoomHarness()
        try harness.join(1, "ada", options: JoinOptions(resume: true))
        harness.room.connectionLost(key(1), at: .zero)
        harness.advance(bySeconds: 30)
        #expect(harness.room.memberCount == 0)
        #expect(harness.room.nextDeadline == seconds(40))
        harness.advance(bySeconds: 10)
        #expect(harness.room.isClosed)
    }

    @Test func B28_withinThirtySecondsNobodySeesALeave() throws {
        var harness = try harness()
        let track = try harness.publish(1, .camera)
        harness.room.connectionLost(key(1), at: harness.now)
        pass(&harness, to: seconds(30) - tick, alive: [2])
        _ = harness.take()
        try harness.room.resume(
            key(1), lastSequence: 0, requestID: request(9), at: harness.now)
        let effects = harness.take()
        #expect(effects.messages(to: 2) == [.participantResumed(who("ada"))])
        #expect(harness.room.session(of: who("ada")) == key(1))
        #expect(harness.room.visibleParticipants.last?.tracks.map(\.id) == [track])
        #expect(harness.room.visibleParticipants.last?.interrupted == false)
        // It lives on as before.
        pass(&harness, to: seconds(200), alive: [1, 2])
        #expect(harness.room.memberCount == 2)
    }

    @Test func threeSecondsOfSilenceAreAnInterruptionAndWordsEndIt() throws {
        var harness = try harness()
        pass(&harness, to: seconds(3) - tick, alive: [2])
        #expect(harness.take() == [])
        pass(&harness, to: seconds(3), alive: [2])
        #expect(
            harness.take().withoutQualities == [
                .broadcast([key(2)], .participantInterrupted(who("ada")))
            ])
        // The socket is there still, so what happens is sent, once.
        try harness.publish(2, .microphone)
        #expect(!harness.take().messages(to: 1).isEmpty)
        let pong = ClientMessage.pong(lastSequence: nil)
        harness.room.handle(pong, from: key(1), at: harness.now)
        #expect(harness.take() == [])
        harness.now = harness.now + .milliseconds(500)
        harness.room.handle(pong, from: key(1), at: harness.now)
        #expect(harness.take() == [.broadcast([key(2)], .participantResumed(who("ada")))])
    }

    @Test func B28_whatAnOldSocketStillBringsIsNoReturn() throws {
        var harness = try harness()
        pass(&harness, to: seconds(5), alive: [2])
        #expect(harness.take().messages(to: 2).first == .participantInterrupted(who("ada")))
        // What was under way arrives when the network passes again, at once, and then the end of
        // the socket, which the client gave up meanwhile.
        for _ in 0..<3 {
            harness.room.handle(.pong(lastSequence: nil), from: key(1), at: harness.now)
        }
        harness.room.connectionLost(key(1), at: harness.now)
        #expect(harness.take().withoutQualities == [])
        try harness.room.resume(
            key(1), lastSequence: 0, requestID: request(9), at: harness.now)
        #expect(harness.take().messages(to: 2) == [.participantResumed(who("ada"))])
    }

    @Test func aWordNowAndThenIsNoReturn() throws {
        var harness = try harness()
        for second in [4, 8, 12] {
            pass(&harness, to: seconds(Int64(second)), alive: [2])
            harness.room.handle(.pong(lastSequence: nil), from: key(1), at: harness.now)
        }
        #expect(
            harness.take().withoutQualities == [
                .broadcast([key(2)], .participantInterrupted(who("ada")))
            ])
    }

    @Test func aSilentSessionIsDroppedThirtySecondsAfterItsLastWordWheneverItsSocketEnds() throws {
        var harness = try harness()
        pass(&harness, to: seconds(20), alive: [2])
        harness.room.connectionLost(key(1), at: harness.now)
        pass(&harness, to: seconds(30) - tick, alive: [2])
        #expect(harness.room.memberCount == 2)
        pass(&harness, to: seconds(30), alive: [2])
        #expect(harness.room.memberCount == 1)
        #expect(
            harness.take().withoutQualities.messages(to: 2) == [
                .participantInterrupted(who("ada")), .participantLeft(who("ada"), .timeout),
            ])
    }

    @Test func whoJoinsMeanwhileSeesTheInterruption() throws {
        var harness = try harness()
        harness.room.connectionLost(key(1), at: harness.now)
        try harness.join(3, "cy")
        let reply = harness.take().messages(to: 3).first
        guard case .joined(_, let joined) = reply else {
            Issue.record("no reply")
            return
        }
        #expect(joined.participants.map(\.interrupted) == [false, true])
        #expect(joined.resumeSeconds == nil)
    }

    // MARK: Who is kept

    @Test func aClientThatCannotResumeLeavesWithItsSocket() throws {
        var harness = try harness()
        harness.room.connectionLost(key(2), at: harness.now)
        #expect(
            harness.take().messages(to: 1) == [.participantLeft(who("bob"), .networkLost)])
        #expect(harness.room.sessions == [key(1)])
        #expect(throws: SignalingError(.sessionNotFound, requestID: request(9))) {
            try harness.room.resume(
                key(2), lastSequence: 0, requestID: request(9), at: harness.now)
        }
    }

    @Test func aRoomMayKeepNobody() throws {
        var harness = try harness { $0.resumeTimeout = nil }
        harness.room.connectionLost(key(1), at: harness.now)
        #expect(
            harness.take().messages(to: 2) == [.participantLeft(who("ada"), .networkLost)])
    }

    @Test func theReplySaysHowLongTheSessionIsKept() throws {
        var harness = RoomHarness()
        try harness.join(1, options: JoinOptions(resume: true))
        guard case .joined(_, let reply) = harness.take().messages(to: 1).first else { return }
        #expect(reply.resumeSeconds == 30)
    }

    @Test func theAudienceIsNotToldOfEither() throws {
        var harness = RoomHarness { $0.profile = .broadcast }
        try harness.join(2, "bob", options: JoinOptions(role: .host))
        try harness.join(1, "ada", options: JoinOptions(resume: true))
        _ = harness.take()
        harness.room.connectionLost(key(1), at: harness.now)
        #expect(harness.take() == [])
        try harness.room.resume(key(1), lastSequence: 0, requestID: request(9), at: harness.now)
        #expect(harness.take() == [.send(key(1), .resumed(request(9), sequence: 0))])
    }

    @Test func theOwnerOfABrokenSessionMayJoinAnewEvenWhereASecondIsRefused() throws {
        var harness = try harness { $0.duplicates = .reject }
        #expect(throws: SignalingError(.duplicateIdentity)) { try harness.join(3, "ada") }
        harness.room.connectionLost(key(1), at: harness.now)
        try harness.join(4, "ada")
        #expect(harness.room.sessions == [key(2), key(4)])
    }

    // MARK: What comes back

    @Test func everythingMissedIsSentOnceAndInOrder() throws {
        var harness = try harness()
        let stream = must(harness.openStream(2))
        #expect(harness.send(2, stream, [1]) == nil)
        // ada has had the first packet; the second was lost with the connection.
        #expect(harness.send(2, stream, [2]) == nil)
        harness.room.connectionLost(key(1), at: harness.now)
        for byte in 3...5 as ClosedRange<UInt8> { #expect(harness.send(2, stream, [byte]) == nil) }
        #expect(harness.take().messages(to: 1).count == 2)
        let track = try harness.publish(2, .microphone)
        let replayed = try resume(&harness, 1)
        #expect(replayed.first == .resumed(request(9), sequence: 7))
        #expect(
            replayed.dropFirst().prefix(4).map { $0 }
                == [2, 3, 4, 5].map {
                    .dataReceived(
                        IncomingData(participant: who("bob"), stream: stream, bytes: [$0]))
                })
        guard case .trackPublished(who("bob"), let info)? = replayed.dropFirst(5).first,
            case .slots? = replayed.last
        else {
            Issue.record("replayed \(replayed)")
            return
        }
        #expect(info.id == track && replayed.count == 7)
        // Acknowledged, nothing is left to send again.
        harness.room.handle(.pong(lastSequence: 7), from: key(1), at: harness.now)
        #expect(try resume(&harness, 7) == [.resumed(request(9), sequence: 7)])
    }

    @Test func anAnswerLostWithTheConnectionComesBackSoThatNothingIsDoneTwice() throws {
        var harness = try harness()
        let stream = must(harness.openStream(1))
        harness.room.handle(
            .sendData(request(4), OutgoingData(stream: stream, bytes: [1])), from: key(1),
            at: harness.now)
        harness.room.connectionLost(key(1), at: harness.now)
        // This one was still under way: it is not done, and not answered.
        harness.room.handle(
            .sendData(request(5), OutgoingData(stream: stream, bytes: [2])), from: key(1),
            at: harness.now)
        #expect(harness.take().data(to: 2) == ["ada/1:[1]"])
        #expect(
            try resume(&harness, 1) == [
                .resumed(request(9), sequence: 2), .ok(request(4), nil),
            ])
        #expect(harness.send(1, stream, [2]) == nil)
        #expect(harness.take().data(to: 2) == ["ada/1:[2]"])
    }

    @Test func aNewSocketTakesOverWithoutABreakBeingSeen() throws {
        var harness = try harness()
        #expect(try resume(&harness, 0) == [.resumed(request(9), sequence: 0)])
        #expect(harness.take() == [])
    }

    @Test func aNumberThatCannotBeIsRefused() throws {
        var harness = try harness()
        let stream = must(harness.openStream(2))
        for byte in 1...4 as ClosedRange<UInt8> { _ = harness.send(2, stream, [byte]) }
        harness.room.handle(.pong(lastSequence: 3), from: key(1), at: harness.now)
        harness.room.connectionLost(key(1), at: harness.now)
        for sequence in [2, 5, UInt64.max] {
            let error = #expect(throws: SignalingError.self) { try resume(&harness, sequence) }
            #expect(error?.code == .invalidArgument && error?.requestID == request(9))
        }
        #expect(harness.room.visibleParticipants.last?.interrupted == true)
        #expect(try resume(&harness, 3).count == 2)
        harness.room.handle(.pong(lastSequence: 9), from: key(1), at: harness.now)
        guard case .error(let error) = harness.take().messages(to: 1).first else {
            Issue.record("taken")
            return
        }
        #expect(error.code == .invalidArgument)
    }

    @Test func levelsAndPingsTakeNoNumber() throws {
        var harness = try harness()
        try harness.publish(2, .microphone)
        _ = harness.take()
        harness.room.report([MeasuredLevel(publisher: key(2), mid: mid("0"), level: 9)])
        harness.room.handle(.ping(nil), from: key(1), at: harness.now)
        #expect(harness.take().messages(to: 1).count == 2)
        guard case .resumed(_, let sequence) = try resume(&harness, 0).first else { return }
        // The track and its slot.
        #expect(sequence == 2)
        #expect(ServerMessage.disconnected(.left, "").isSequenced == false)
        #expect(ServerMessage.ok(request(1), nil).isSequenced)
    }

    // MARK: Bounds

    @Test func whoFallsTooFarBehindIsDroppedWithAReason() throws {
        var harness = try harness { $0.replayMessagesMax = 3 }
        let stream = must(harness.openStream(2))
        harness.room.connectionLost(key(1), at: harness.now)
        for _ in 0..<3 { #expect(harness.send(2, stream, [1]) == nil) }
        _ = harness.take()
        #expect(harness.room.memberCount == 2)
        // The sender is answered as ever; the receiver is out as soon as time passes.
        #expect(harness.send(2, stream, [1]) == nil)
        #expect(harness.room.nextDeadline.map { $0 <= harness.now } == true)
        #expect(throws: SignalingError(.sessionNotFound, requestID: request(9))) {
            try resume(&harness, 0)
        }
        harness.advance(bySeconds: 0)
        let effects = harness.take()
        #expect(effects.messages(to: 2).last == .participantLeft(who("ada"), .fellBehind))
        #expect(effects.last == .drop(key(1), .fellBehind))
    }

    @Test func whoAcknowledgesFallsNeverBehind() throws {
        var harness = try harness {
            $0.replayMessagesMax = 3
            $0.data.packets = RateLimit(burst: 1_000, perSecond: 1)
            $0.requests = RateLimit(burst: 1_000, perSecond: 1)
        }
        let stream = must(harness.openStream(2))
        for number in 1...500 as ClosedRange<UInt64> {
            #expect(harness.send(2, stream, [1]) == nil)
            harness.room.handle(.pong(lastSequence: number), from: key(1), at: harness.now)
        }
        harness.advance(bySeconds: 0)
        #expect(harness.room.memberCount == 2)
        #expect(harness.take().data(to: 1).count == 500)
    }

    @Test func theBytesKeptAreBoundedToo() throws {
        var harness = try harness { $0.replayBytesMax = 4_000 }
        let stream = must(harness.openStream(2))
        harness.room.connectionLost(key(1), at: harness.now)
        let kilobyte = Array(repeating: 1 as UInt8, count: 1024)
        for _ in 0..<3 { _ = harness.send(2, stream, kilobyte) }
        harness.advance(bySeconds: 0)
        #expect(harness.room.memberCount == 2)
        _ = harness.send(2, stream, kilobyte)
        harness.advance(bySeconds: 0)
        #expect(harness.room.memberCount == 1)
    }

    @Test func aSessionIsResumedOnlySoOften() throws {
        var harness = try harness { $0.resumes = RateLimit(burst: 3, perSecond: 1) }
        for _ in 0..<3 { _ = try resume(&harness, 0) }
        do throws(SignalingError) {
            _ = try resume(&harness, 0)
            Issue.record("a storm is taken")
        } catch {
            #expect(error.code == .tooManyRequests)
            #expect(error.retryAfterMilliseconds == 1_000)
        }
        harness.now = harness.now + .seconds(1)
        _ = try resume(&harness, 0)
    }

    // MARK: The end while away

    @Test func aTokenRunsOutDuringABreakToo() throws {
        var harness = RoomHarness()
        try harness.join(
            1, "ada", token: TokenLife(deadline: seconds(10), expiresAt: 0),
            options: JoinOptions(resume: true))
        harness.advance(bySeconds: 0)
        harness.room.connectionLost(key(1), at: harness.now)
        _ = harness.take()
        harness.advance(bySeconds: 10)
        #expect(harness.take() == [.drop(key(1), .tokenExpired)])
    }

    @Test func whoComesBackTooLateIsToldWhy() throws {
        let room = must(try RoomName("a"))
        for (reason, code) in [
            (.kicked, .kicked), (.roomClosed, .roomClosed), (.timeout, .sessionNotFound),
            (.duplicateIdentity, .duplicateIdentity), (.tokenExpired, .tokenExpired),
        ] as [(DisconnectReason, ErrorCode)] {
            var directory = RoomDirectory()
            let entry = RoomHarness.entry(1, "ada", options: JoinOptions(resume: true))
            guard case .signaling(let parts) = entry.kind else { return }
            let resume = ResumeRequest(session: parts.session, lastSequence: 0)
            try directory.join(room, entry, at: .zero)
            #expect(
                try directory.resume(resume, requestID: request(1), at: .zero) == key(1))
            directory.connectionLost(key(1), at: .zero)
            directory.leave(key(1), reason: reason, at: .zero)
            while directory.pollEffect() != nil {}
            #expect(throws: SignalingError(code, requestID: request(2)), "\(reason)") {
                try directory.resume(resume, requestID: request(2), at: .zero)
            }
        }
        var directory = RoomDirectory()
        var random = SeededRandom(seed: 9)
        let unknown = ResumeRequest(session: .random(using: &random), lastSequence: 0)
        #expect(throws: SignalingError(.sessionNotFound, requestID: request(2))) {
            try directory.resume(unknown, requestID: request(2), at: .zero)
        }
    }

    @Test func endedSessionsAreForgottenInTheEnd() {
        var ended = EndedSessions()
        var random = SeededRandom(seed: 1)
        let first = SessionID.random(using: &random)
        ended.note(first, .kicked)
        ended.note(first, .left)
        #expect(ended.refusal(of: first).code == .kicked)
        for _ in 0..<EndedSessions.countMax - 1 {
            ended.note(.random(using: &random), .left)
        }
        #expect(ended.refusal(of: first).code == .kicked)
        ended.note(.random(using: &random), .left)
        #expect(ended.refusal(of: first).code == .sessionNotFound)
        #expect(ended.count == EndedSessions.countMax)
    }
}
