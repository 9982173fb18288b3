// The signalling flow over a real socket: join, publish, slots, leave.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker
import Rooms
import Signaling
import Testing
import Wire

@testable import SignalServer

@Suite(.timeLimit(.minutes(1)))
struct SignallingTests {
    @Test func aRoomWhoseDescriptionIsLargerThanMayWaitCanBeJoined() async throws {
        try await withServer {
            $0.limits.outboundBytesMax = 16 * 1024
        } _: { server in
            try await withClient(server) { ada in
                try await ada.join(as: "ada", offer: TestOffer.sdk(pairs: 40))
                try await withClient(server) { bob in
                    // The answer alone is larger.
                    let reply = try await bob.join(as: "bob", offer: TestOffer.sdk(pairs: 40))
                    guard case .plain(let answer) = reply.answer else {
                        throw TestFailure("no SDP")
                    }
                    #expect(answer.utf8.count > 16 * 1024)
                    #expect(reply.participants.map(\.id.text) == ["ada"])
                }
            }
        }
    }

    @Test func joinAnswersWithAnswerAndSnapshot() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                let reply = try await client.join(as: "anna")
                #expect(reply.participant.id.text == "anna")
                #expect(reply.room.name.text == "demo")
                #expect(reply.participants.isEmpty)
                #expect(reply.slots.map(\.mid.text) == ["2", "3"])
                guard case .plain(let answer) = reply.answer else { throw TestFailure("no SDP") }
                #expect(answer.contains("a=ice-lite"))
                #expect(answer.contains("192.0.2.1 7881 typ host"))
                #expect(server.plane.told.first == "add 1 4")
            }
            try await server.plane.waitFor("remove 1")
        }
    }

    @Test func whatOnePublishesTheOtherSees() async throws {
        try await withServer { server in
            try await withClient(server) { anna in
                try await anna.join(as: "anna")
                try await withClient(server) { bert in
                    let reply = try await bert.join(as: "bert")
                    #expect(reply.participants.map(\.id.text) == ["anna"])
                    guard case .participantJoined(let info) = try await anna.next() else {
                        throw TestFailure("nobody joined")
                    }
                    #expect(info.id.text == "bert")

                    let id = anna.nextID()
                    try await anna.send(
                        .publish(id, PublishRequest(source: .camera, mid: MediaSectionID("1"))))
                    guard case .ok(id, let track?) = try await anna.next() else {
                        throw TestFailure("not published")
                    }
                    guard case .trackPublished(let publisher, let published) = try await bert.next()
                    else { throw TestFailure("nothing published") }
                    #expect(publisher.text == "anna")
                    #expect(published.id == track)
                    guard case .slots(let slots) = try await bert.next() else {
                        throw TestFailure("no slots")
                    }
                    #expect(slots.first?.mid.text == "3")
                    #expect(slots.first?.source?.participant.text == "anna")
                    #expect(slots.first?.rtpTimestamp == nil)
                    try await server.plane.waitFor("slot 2/3 1/1")

                    server.plane.emit(
                        .slotStarted(
                            receiver: 2, mid: "3", source: SlotBinding(publisher: 1, mid: "1"),
                            rtpTimestamp: 4711))
                    guard case .slots(let started) = try await bert.next() else {
                        throw TestFailure("no start")
                    }
                    #expect(started.first?.rtpTimestamp == 4711)

                    let mute = anna.nextID()
                    try await anna.send(.mute(mute, track, true))
                    guard case .ok(mute, nil) = try await anna.next() else {
                        throw TestFailure("not muted")
                    }
                    guard case .trackMuted(_, track, true) = try await bert.next() else {
                        throw TestFailure("nobody told")
                    }
                    try await server.plane.waitFor("pause 1/1")
                }
                guard case .participantLeft(let id, .networkLost) = try await anna.next() else {
                    throw TestFailure("nobody left")
                }
                #expect(id.text == "bert")
            }
        }
    }

    @Test func leavingIsAnsweredAndTold() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                try await client.join()
                let id = client.nextID()
                try await client.send(.leave(id))
                guard case .ok(id, nil) = try await client.next() else {
                    throw TestFailure("no ok")
                }
                guard case .disconnected(.left, _, _) = try await client.next() else {
                    throw TestFailure("not told")
                }
                let code = await client.closeCode()
                #expect(code == 1000)
            }
        }
    }

    @Test func theSameNameAgainTakesThePlace() async throws {
        try await withServer { server in
            try await withClient(server) { first in
                try await first.join(as: "anna")
                try await withClient(server) { second in
                    try await second.join(as: "anna")
                    guard case .disconnected(.duplicateIdentity, _, _) = try await first.next()
                    else {
                        throw TestFailure("not told")
                    }
                    let code = await first.closeCode()
                    #expect(code == 1000)
                    try await server.plane.waitFor("remove 1")
                }
            }
        }
    }

    @Test func aLaterOfferIsAnsweredAndHandedOn() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                try await client.join()
                let id = client.nextID()
                try await client.send(.offer(id, .plain(TestOffer.sdk(pairs: 3))))
                guard case .answer(id, .plain(let answer)) = try await client.next() else {
                    throw TestFailure("no answer")
                }
                #expect(answer.contains("a=mid:7"))
                try await server.plane.waitFor("update 1 8")
            }
        }
    }

    @Test func whoOnlySignalsNeedsNoMedia() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                let reply = try await client.join(
                    offer: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n")
                guard case .plain(let answer) = reply.answer else { throw TestFailure("no SDP") }
                #expect(answer.hasPrefix("v=0\r\n") && !answer.contains("m="))
                #expect(server.plane.told == [])
                // It may offer media later, as anybody may.
                try await client.send(.offer(client.nextID(), .plain(TestOffer.sdk())))
                guard case .answer = try await client.next() else { throw TestFailure("none") }
                try await server.plane.waitFor("add 1 4")
            }
            try await server.plane.waitFor("remove 1")
        }
    }

    @Test func whatIsToldToManyIsEncodedOnce() async throws {
        @Sendable func encoded(_ server: TestServer) async throws -> Int {
            let page = try await request(server, "GET", "/metrics").body
            let line = page.split(separator: "\n").first {
                $0.hasPrefix("martlet_messages_encoded_total ")
            }
            return line.flatMap { Int($0.split(separator: " ")[1]) } ?? -1
        }
        try await withServer { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (seen, seenIn) = AsyncStream.makeStream(of: [UInt8].self)
                let (ready, readyIn) = AsyncStream.makeStream(of: Void.self)
                for index in 0..<20 {
                    group.addTask {
                        try await withClient(server) { client in
                            try await client.join(as: "p\(index)")
                            readyIn.yield()
                            while true {
                                guard case .text(let bytes) = await client.nextFrame() else {
                                    return
                                }
                                guard
                                    case .participantUpdated = try ServerMessage.decode(bytes)
                                else { continue }
                                seenIn.yield(bytes)
                            }
                        }
                    }
                }
                var readyOnes = ready.makeAsyncIterator()
                for _ in 0..<20 { await readyOnes.next() }
                try await withClient(server) { client in
                    try await client.join(as: "teller")
                    let before = try await encoded(server)
                    let update = ParticipantUpdate(name: try DisplayName("T"))
                    try await client.send(.updateSelf(client.nextID(), update))
                    var texts: [[UInt8]] = []
                    for await bytes in seen {
                        texts.append(bytes)
                        if texts.count == 20 { break }
                    }
                    #expect(Set(texts).count == 1)
                    // The answer, and one event for 21 members.
                    #expect(try await encoded(server) - before == 2)
                }
                group.cancelAll()
            }
        }
    }

    @Test func deflatedOffersAreTaken() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                let text = Array(TestOffer.sdk().utf8)
                // One stored block (RFC 1951 §3.2.4) is a deflate stream like any other.
                let count = UInt16(text.count)
                let stream: [UInt8] =
                    [
                        1, UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255),
                        UInt8(~count >> 8),
                    ]
                    + text
                let id = client.nextID()
                try await client.send(
                    .join(id, JoinRequest(room: RoomName("demo"), offer: .deflated(stream))))
                guard case .joined(id, _) = try await client.next() else {
                    throw TestFailure("not joined")
                }
            }
        }
    }

    @Test func pingsComeAndAreAnswered() async throws {
        try await withServer {
            $0.limits.pingInterval = .milliseconds(20)
        } _: { server in
            try await withClient(server) { client in
                try await client.send(.ping(nil))
                guard case .pong(nil) = try await client.next() else {
                    throw TestFailure("no pong")
                }
                try await client.join()
                var pings = 0
                while pings < 3 {
                    guard case .text(let bytes) = await client.nextFrame() else {
                        throw TestFailure("ended")
                    }
                    if try ServerMessage.decode(bytes) == .ping { pings += 1 }
                }
            }
        }
    }

    @Test func theSilentAreSentAway() async throws {
        try await withServer {
            $0.rooms.room.livenessTimeout = .milliseconds(300)
        } _: { server in
            try await withClient(server) { client in
                try await client.join()
                guard case .disconnected(.timeout, _, _) = try await client.next() else {
                    throw TestFailure("not told")
                }
            }
            try await server.plane.waitFor("remove 1")
        }
    }

    @Test func whoNeverJoinsIsClosed() async throws {
        try await withServer {
            $0.limits.joinTimeout = .milliseconds(50)
            $0.limits.pingInterval = .milliseconds(20)
        } _: { server in
            try await withClient(server) { client in
                let code = await client.closeCode()
                #expect(code == 1008)
            }
        }
    }

    @Test func failedMediaEndsTheSession() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                try await client.join()
                server.plane.emit(.peerFailed(1, reason: "DTLS"))
                guard case .disconnected(.networkLost, _, _) = try await client.next() else {
                    throw TestFailure("not told")
                }
            }
        }
    }

    @Test func loudnessIsTold() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                try await client.join(as: "anna")
                try await client.send(
                    .publish(
                        client.nextID(),
                        PublishRequest(source: .microphone, mid: MediaSectionID("0"))))
                _ = try await client.next()
                server.plane.emit(
                    .audioLevels([AudioLevelReport(publisher: 1, mid: "0", level: 30)]))
                guard case .audioLevels(let levels) = try await client.next() else {
                    throw TestFailure("no levels")
                }
                #expect(levels == [AudioLevel(participant: try ParticipantID("anna"), level: 30)])
            }
        }
    }

    @Test(
        "A stopping server tells everybody to come back, or that this was all",
        arguments: [
            ShutdownNotice.rejoin, .end,
        ])
    func stoppingTellsEverybody(_ notice: ShutdownNotice) async throws {
        try await withServer {
            $0.onShutdown = notice
        } _: { server in
            try await withClient(server) { client in
                let reply = try await client.join()
                #expect(reply.room.id?.text.hasPrefix("RM_") == true)
                server.stop()
                guard case .disconnected(.serverShutdown, _, let rejoin) = try await client.next()
                else { throw TestFailure("not told") }
                #expect(rejoin == (notice == .rejoin))
                let code = await client.closeCode()
                #expect(code == 1001)
            }
        }
    }

    @Test func withoutATokenADevelopmentServerLetsEverybodyModerate() async throws {
        try await withServer { server in
            try await withClient(server) { anna in
                let reply = try await anna.join(as: "anna")
                #expect(reply.grants.admin && reply.grants.updateSelf)
                try await withClient(server) { bert in
                    try await bert.join(as: "bert")
                    _ = try await anna.next()
                    let id = anna.nextID()
                    try await anna.send(
                        .removeParticipant(id, ParticipantID("bert"), banSeconds: 60))
                    guard case .ok(id, nil) = try await anna.next(),
                        case .disconnected(.kicked, _, false) = try await bert.next()
                    else { throw TestFailure("not removed") }
                    #expect(await bert.closeCode() == 1000)
                }
                // The ban outlives the room.
                try await anna.send(.leave(anna.nextID()))
                _ = await anna.closeCode()
            }
            try await withClient(server) { bert in
                try await bert.send(
                    .join(
                        bert.nextID(),
                        JoinRequest(
                            room: RoomName("demo"), participant: ParticipantID("bert"),
                            offer: .plain(TestOffer.sdk()))))
                guard case .error(let error) = try await bert.next() else {
                    throw TestFailure("not refused")
                }
                #expect(error.code == .banned)
            }
        }
    }

    @Test func aFullMediaLoopRefusesNewcomers() async throws {
        try await withServer { server in
            server.plane.setFull(true)
            try await withClient(server) { client in
                try await client.expectRefused(.serverOverloaded)
                server.plane.setFull(false)
                try await client.join()
            }
        }
    }

    @Test func commandsWaitForAFullMediaLoop() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                try await client.join()
                server.plane.setFull(true)
                try await client.send(.leave(client.nextID()))
                _ = await client.closeCode()
            }
            server.plane.setFull(false)
            try await server.plane.waitFor("remove 1")
        }
    }

    // MARK: Tokens

    @Test(
        "T01, T07, C28, C29: in service a token is needed, and a wrong one is refused by its code")
    func tokensOpenTheirRoomOnly() async throws {
        try await withServer {
            $0.isDevelopment = false
        } _: { server in
            try await withClient(server) { client in
                try await client.expectRefused(.tokenRequired)
                let other = try TestServer.token(participant: "anna", room: "other")
                try await client.expectRefused(.tokenWrongRoom, token: other)
                let expired = try TestServer.token(participant: "anna", expiresIn: -60)
                try await client.expectRefused(.tokenExpired, token: expired)
                let unsigned = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ0ZXN0Iiwic3ViIjoiYSIsImV4cCI6OTl9."
                try await client.expectRefused(.tokenAlgorithmRefused, token: unsigned)
                let good = try TestServer.token(participant: "anna")
                let forged = String(good.dropLast(4)) + "AAAA"
                try await client.expectRefused(.tokenSignatureInvalid, token: forged)
                let reply = try await client.join(token: good)
                #expect(reply.participant.id.text == "anna")
            }
        }
    }
}
