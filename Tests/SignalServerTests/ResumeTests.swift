// Sessions that go on over another WebSocket, and those who try to take one that is not theirs.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling
import Testing
import Wire

@testable import SignalServer

@Suite(.timeLimit(.minutes(1)))
struct ResumeTests {
    private let resumable = JoinOptions(resume: true)

    /// Joins, and lets the connection break.
    private func joinAndBreak(
        _ server: TestServer, as name: String = "anna",
        _ body: (TestClient) async throws -> Void = { _ in }
    ) async throws -> SessionID {
        try await withClient(server) { client in
            let reply = try await client.join(as: name, options: resumable)
            #expect(reply.resumeSeconds == 30)
            try await body(client)
            return reply.session
        }
    }

    private func message(_ text: String) -> OutgoingMessage { OutgoingMessage(content: text) }

    /// The text of a message that somebody sent.
    private func content(_ message: ServerMessage) -> String? {
        if case .messageReceived(let message) = message { message.content } else { nil }
    }

    @Test(
        "Messages sent while somebody's connection is broken arrive once and in order when it is back"
    )
    func aBrokenSessionGoesOnWhereItStopped() async throws {
        try await withServer { server in
            try await withClient(server) { bert in
                try await bert.join(as: "bert")
                let session = try await joinAndBreak(server)
                guard case .participantJoined = try await bert.next(),
                    case .participantInterrupted(let away) = try await bert.next()
                else { throw TestFailure("no break") }
                #expect(away.text == "anna")
                for text in ["one", "two"] {
                    try await bert.send(.sendMessage(bert.nextID(), message(text)))
                    guard case .sent = try await bert.next() else { throw TestFailure("not sent") }
                }
                try await withClient(server) { anna in
                    guard case .resumed(_, 2) = try await anna.resume(session) else {
                        throw TestFailure("not resumed")
                    }
                    #expect(content(try await anna.next()) == "one")
                    #expect(content(try await anna.next()) == "two")
                    guard case .participantResumed(let back) = try await bert.next() else {
                        throw TestFailure("nobody told")
                    }
                    #expect(back.text == "anna")
                    // It is the same session in every way.
                    let id = anna.nextID()
                    try await anna.send(
                        .publish(id, PublishRequest(source: .camera, mid: MediaSectionID("1"))))
                    guard case .ok(id, _) = try await anna.next() else {
                        throw TestFailure("not published")
                    }
                    try await anna.send(.leave(anna.nextID()))
                    #expect(await anna.closeCode() == 1000)
                }
            }
            // The break cost the media loop nothing: the peer was there all the time.
            try await server.plane.waitFor("remove 2")
            #expect(server.plane.told.filter { $0.hasPrefix("add") } == ["add 1 4", "add 2 4"])
        }
    }

    @Test func aResumeAndAnOfferMayBeSentBackToBack() async throws {
        try await withServer { server in
            let session = try await joinAndBreak(server)
            try await withClient(server) { anna in
                let (resume, offer) = (anna.nextID(), anna.nextID())
                try await anna.send(
                    .resume(resume, ResumeRequest(session: session, lastSequence: 0)))
                try await anna.send(.offer(offer, .plain(TestOffer.sdk(pairs: 2))))
                guard case .resumed(resume, 0) = try await anna.next(),
                    case .answer(offer, _) = try await anna.next()
                else { throw TestFailure("not resumed and answered") }
                try await server.plane.waitFor("update 1 6")
            }
        }
    }

    @Test func anOpenSocketIsClosedByTheOneThatTakesItsPlace() async throws {
        try await withServer { server in
            try await withClient(server) { bert in
                try await bert.join(as: "bert")
                try await withClient(server) { old in
                    let reply = try await old.join(as: "anna", options: resumable)
                    guard case .participantJoined = try await bert.next() else {
                        throw TestFailure("nobody joined")
                    }
                    try await withClient(server) { new in
                        guard case .resumed = try await new.resume(reply.session) else {
                            throw TestFailure("not resumed")
                        }
                        // What the old socket still brings is not done.
                        try? await old.send(.leave(old.nextID()))
                        #expect(await old.closeCode() == 1000)
                        try await new.send(.sendMessage(new.nextID(), message("here")))
                        guard case .sent = try await new.next() else {
                            throw TestFailure("the session has gone")
                        }
                    }
                }
                // Neither a break nor a return was told: there was none.
                #expect(content(try await bert.next()) == "here")
            }
        }
    }

    @Test func aCloseFrameWithoutLeaveIsABreakAndLeaveIsNone() async throws {
        try await withServer { server in
            try await withClient(server) { bert in
                try await bert.join(as: "bert")
                let session = try await joinAndBreak(server) { anna in
                    try await anna.send(opcode: 8, [3, 233])
                    #expect(await anna.closeCode() == 1000)
                }
                guard case .participantJoined = try await bert.next(),
                    case .participantInterrupted = try await bert.next()
                else { throw TestFailure("no break") }
                try await withClient(server) { anna in
                    guard case .resumed = try await anna.resume(session),
                        case .participantResumed = try await bert.next()
                    else { throw TestFailure("not resumed") }
                    try await anna.send(.leave(anna.nextID()))
                    guard case .participantLeft(_, .left) = try await bert.next() else {
                        throw TestFailure("not left")
                    }
                }
                try await withClient(server) {
                    try await $0.expectResumeRefused(.sessionNotFound, session)
                }
            }
        }
    }

    @Test func whoDoesNotComeBackInTimeHasLeft() async throws {
        try await withServer {
            $0.rooms.room.resumeTimeout = .milliseconds(200)
        } _: { server in
            try await withClient(server) { bert in
                try await bert.join(as: "bert")
                let session = try await withClient(server) {
                    try await $0.join(as: "anna", options: resumable).session
                }
                guard case .participantJoined = try await bert.next(),
                    case .participantInterrupted = try await bert.next(),
                    case .participantLeft(_, .timeout) = try await bert.next()
                else { throw TestFailure("not left by time") }
                try await server.plane.waitFor("remove 2")
                try await withClient(server) {
                    try await $0.expectResumeRefused(.sessionNotFound, session)
                    // The same connection takes a join then.
                    try await $0.join(as: "anna")
                }
            }
        }
    }

    @Test func endedSessionsAreAnsweredByTheReasonOfTheirEnd() async throws {
        try await withServer { server in
            let replaced = try await joinAndBreak(server)
            let last = try await joinAndBreak(server)
            try await withClient(server) {
                try await $0.expectResumeRefused(.duplicateIdentity, replaced)
                guard case .resumed = try await $0.resume(last) else {
                    throw TestFailure("the newest session is gone")
                }
            }
        }
    }

    /// A session whose token ended while it lasted.
    private func sessionOfToken(
        for seconds: Int64, of server: TestServer
    ) async throws -> SessionID {
        let token = try TestServer.token(participant: "anna", expiresIn: seconds)
        return try await withClient(server) { client in
            let reply = try await client.join(token: token, options: resumable)
            guard case .tokenWillExpire = try await client.next(),
                case .disconnected(.tokenExpired, _, _) = try await client.next()
            else { throw TestFailure("the token does not end") }
            return reply.session
        }
    }

    @Test func sessionsBeyondTheirTokenAreAnsweredByThat() async throws {
        try await withServer {
            $0.isDevelopment = false
        } _: { server in
            // On a busy machine a second may be over before she has joined.
            var found: SessionID?
            for seconds in [1, 2, 4, 8] as [Int64] where found == nil {
                found = try? await sessionOfToken(for: seconds, of: server)
            }
            let session = try #require(found)
            try await withClient(server) {
                try await $0.expectResumeRefused(.tokenExpired, session)
            }
        }
    }

    @Test func whatWasRefusedBeforeTheBreakIsRefusedOnceMore() async throws {
        try await withServer { server in
            let session = try await joinAndBreak(server) { anna in
                try await anna.send("{\"type\":\"dance\",\"id\":7}")
                guard case .error = try await anna.next() else { throw TestFailure("no error") }
                // An error that comes from the negotiation, not from the room.
                try await anna.send(.offer(anna.nextID(), .plain("bogus")))
                guard case .error = try await anna.next() else { throw TestFailure("no error") }
            }
            try await withClient(server) { anna in
                guard case .resumed(_, 2) = try await anna.resume(session, after: 1),
                    case .error(let error) = try await anna.next()
                else { throw TestFailure("the second error is lost") }
                #expect(error.code == .invalidOffer)
            }
        }
    }

    @Test func moreMayBeReplayedThanElseMayWait() async throws {
        try await withServer {
            $0.limits.outboundMessagesMax = 16
        } _: { server in
            try await withClient(server) { bert in
                try await bert.join(as: "bert")
                let session = try await joinAndBreak(server)
                for _ in 0..<2 { _ = try await bert.next() }
                // Of each refusal the room remembers nothing, so these are bert's own: anna is told of a name.
                for index in 0..<40 {
                    let update = ParticipantUpdate(name: try DisplayName("b\(index)"))
                    try await bert.send(.updateSelf(bert.nextID(), update))
                    for _ in 0..<2 { _ = try await bert.next() }
                }
                try await withClient(server) { anna in
                    guard case .resumed(_, 40) = try await anna.resume(session) else {
                        throw TestFailure("not resumed")
                    }
                    for index in 0..<40 {
                        guard case .participantUpdated(let info) = try await anna.next() else {
                            throw TestFailure("update \(index) is lost")
                        }
                        #expect(info.name?.text == "b\(index)")
                    }
                }
            }
        }
    }

    // MARK: Attacks

    @Test func sessionIDsAreRandomAndTellNothing() {
        var random = SeededRandom(seed: 4)
        let ids = (0..<1_000).map { _ in SessionID.random(using: &random).text }
        #expect(Set(ids).count == 1_000)
        // 26 characters of 5 bits each behind the prefix: 130 bits.
        #expect(ids.allSatisfy { $0.utf8.count == 29 })
    }

    @Test(
        "Session hijack by resume: guessed ids are refused, counted and rationed, and a join still goes"
    )
    func guessedSessionsAreRefusedAndRationed() async throws {
        try await withServer {
            $0.limits.resumesPerMinuteMax = 3
        } _: { server in
            let session = try await joinAndBreak(server)
            try await withClient(server) { client in
                // One character off is as wrong as anything.
                let near = try SessionID(String(session.text.dropLast()) + "_")
                for guess in [near, try SessionID("SE_"), try SessionID("anna")] {
                    try await client.expectResumeRefused(.sessionNotFound, guess)
                }
                // Not even the right one is looked at now.
                try await client.expectResumeRefused(.tooManyRequests, session)
                try await client.join("other")
            }
            let metrics = try await request(server, "GET", "/metrics").body
            #expect(metrics.contains("martlet_refusals_total{code=\"3006\"} 3\n"))
            #expect(metrics.contains("martlet_resumes_total 0\n"))
            try await withClient(server) {
                guard case .resumed = try await $0.resume(session) else {
                    throw TestFailure("the session suffered")
                }
            }
        }
    }

    @Test func lastSequencesThatCannotBeAreRefusedAndHarmNothing() async throws {
        try await withServer { server in
            let session = try await joinAndBreak(server) { anna in
                for _ in 0..<3 {
                    try await anna.send("{}")
                    guard case .error = try await anna.next() else {
                        throw TestFailure("no error")
                    }
                }
                try await anna.send(.pong(lastSequence: 2))
                try await anna.send(.ping(anna.nextID()))
                guard case .pong = try await anna.next() else { throw TestFailure("no pong") }
            }
            try await withClient(server) { client in
                // Never sent, or acknowledged and forgotten.
                for sequence in [4, UInt64.max, 1, 0] {
                    try await client.expectResumeRefused(
                        .invalidArgument, session, after: sequence)
                }
                try await client.send(
                    "{\"type\":\"resume\",\"id\":9,\"session\":\"\(session.text)\",\"lastSequence\":-1}"
                )
                guard case .error(let error) = try await client.next() else {
                    throw TestFailure("not refused")
                }
                #expect(error.code == .malformedMessage || error.code == .invalidArgument)
                guard case .resumed(_, 3) = try await client.resume(session, after: 2) else {
                    throw TestFailure("not resumed")
                }
            }
        }
    }

    @Test("Resume storms are rationed for each session and cost the others nothing")
    func resumeStormsAreRationed() async throws {
        try await withServer { server in
            try await withClient(server) { bert in
                try await bert.join(as: "bert")
                let session = try await joinAndBreak(server)
                var taken = 0
                for _ in 0..<30 {
                    try await withClient(server) { client in
                        switch try await client.resume(session) {
                        case .resumed: taken += 1
                        case .error(let error):
                            #expect(error.code == .tooManyRequests)
                            #expect(error.retryAfterMilliseconds.map { $0 > 0 } == true)
                        default: throw TestFailure("neither resumed nor refused")
                        }
                    }
                }
                // A slow machine lets a few more seconds pass.
                #expect((10...25).contains(taken))
                let id = bert.nextID()
                try await bert.send(.ping(id))
                var isAnswered = false
                for _ in 0..<100 where !isAnswered {
                    isAnswered = try await bert.next() == .pong(id)
                }
                #expect(isAnswered)
            }
        }
    }

    @Test func aReaderThatWasCutOffMayComeBack() async throws {
        try await withServer {
            $0.limits.outboundBytesMax = 64 * 1024
            $0.limits.messagesPerSecondMax = 1_000_000
            $0.limits.messageBytesPerSecondMax = .max
            $0.rooms.room.data.messages = RateLimit(burst: 1_000_000, perSecond: 1_000_000)
            $0.rooms.room.data.messageBytes = RateLimit(
                burst: 1_000_000_000, perSecond: 1_000_000_000)
            $0.rooms.room.requests = RateLimit(burst: 1_000_000, perSecond: 1_000_000)
        } _: { server in
            try await withClient(server) { bert in
                try await bert.join(as: "bert")
                let session = try await withConnection(server, receiveBufferBytes: 4096) {
                    let anna = try await TestClient($0)
                    let session = try await anna.join(as: "anna", options: resumable).session
                    guard case .participantJoined = try await bert.next() else {
                        throw TestFailure("nobody joined")
                    }
                    // More than she takes without reading, less than is kept for her.
                    let text = String(repeating: "x", count: 4_000)
                    for _ in 0..<200 {
                        try await bert.send(.sendMessage(bert.nextID(), message(text)))
                        var isSent = false
                        while !isSent {
                            if case .sent = try await bert.next() { isSent = true }
                        }
                    }
                    return session
                }
                let metrics = try await request(server, "GET", "/metrics").body
                #expect(metrics.contains("martlet_slow_readers_total 1\n"))
                try await withClient(server) { anna in
                    guard case .resumed(_, let last) = try await anna.resume(session) else {
                        throw TestFailure("not resumed")
                    }
                    #expect(last == 200)
                    for _ in 0..<200 { #expect(content(try await anna.next()) != nil) }
                }
            }
        }
    }
}
