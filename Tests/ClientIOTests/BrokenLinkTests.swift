// What driven sessions do when sockets, servers, media links and applications fail them.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import Rooms
import SignalServer
import Signaling
import Testing
import Wire

@testable import ClientIO

@Suite(.timeLimit(.minutes(1)))
struct BrokenLinkTests {
    @Test func aServerThatIsNotThereIsAFailedLink() async throws {
        // A port that was free a moment ago.
        let port = try await withServer { $0.port }
        let client = try TestClient(port: port)
        let error = await #expect(throws: SessionFailure.self) { try await client.join("anna") }
        #expect(error == .linkFailed(.refused(host: "127.0.0.1", port: port)))
        #expect(error?.code == 6000)
        #expect(try await client.reach(.disconnected) == .linkFailed)
    }

    @Test func aServerThatDiesAndComesBackIsJoinedAnew() async throws {
        let (client, port) = try await withServer { server in
            let client = try TestClient(port: server.port)
            try await client.join("anna")
            try await client.driver.publish(.microphone, mid: MediaSectionID("0"))
            return (NonSendable(client), server.port)
        }
        let anna = client.value
        #expect(try await anna.reach(.reconnecting) == .signalLost)
        // Asked while there is nobody to ask: kept, and lost with the session.
        let driver = anna.driver
        let waiting = Task { try await driver.sendMessage(OutgoingMessage(content: "?")) }
        try await withServer(port: port) { [client] _ in
            let anna = client.value
            #expect(try await anna.reach(.connected) == .restarted)
            let state = try await anna.next { event -> PublishState? in
                if case .publishing(_, _, let to) = event, to == .published { to } else { nil }
            }
            #expect(state == .published)
            #expect(
                anna.media.calls == [
                    "offer join", "answer join", "end", "offer join", "answer join",
                ])
        }
        await #expect(throws: SessionFailure.linkLost(.signalLost)) { try await waiting.value }
    }

    @Test func aServerThatStaysAwayEndsTheSessionWithTheWindow() async throws {
        var options = DriverOptions()
        // Half a minute in a third of a second.
        options.timing.window = .seconds(30)
        options.clock = DriverClock(rate: 100)
        // The server runs on the other clock.
        options.timing.joinTimeout = .seconds(1_000)
        options.timing.pingInterval = .seconds(10)
        options.timing.signalTimeout = .seconds(200)
        options.timing.mediaTimeout = .seconds(1_000)
        let client = try await withServer { [options] server in
            let client = try TestClient(port: server.port, options: options)
            try await client.join("anna")
            return NonSendable(client)
        }
        let anna = client.value
        #expect(try await anna.reach(.reconnecting) == .signalLost)
        #expect(try await anna.reach(.disconnected) == .reconnectTimedOut)
        #expect(await anna.driver.state.failure == .linkLost(.reconnectTimedOut))
        #expect(anna.media.calls.last == "end")
    }

    @Test func aBrokenSocketIsResumedAndNothingIsDoneTwice() async throws {
        try await withServer { server in
            let anna = try TestClient(port: server.port)
            let bert = try TestClient(port: server.port)
            try await anna.join("anna")
            try await bert.join("bert")
            // Several at once are one.
            for _ in 0..<3 { anna.driver.networkChanged() }
            #expect(try await anna.reach(.reconnecting) == .networkChanged)
            // While it is broken.
            try await anna.driver.sendMessage(OutgoingMessage(content: "once"))
            #expect(try await anna.reach(.connected) == .resumed)
            try await anna.driver.sendMessage(OutgoingMessage(content: "twice"))
            for expected in ["once", "twice"] {
                let text = try await bert.told {
                    if case .messageReceived(let message) = $0 { message.content } else { nil }
                }
                #expect(text == expected)
            }
            #expect(
                anna.media.calls == [
                    "offer join", "answer join", "offer restart", "answer restart",
                ])
        }
    }

    @Test func aLinkThatCannotOfferFailsTheJoin() async throws {
        try await withServer { server in
            let client = try TestClient(port: server.port)
            client.media.failOffers()
            let error = await #expect(throws: SessionFailure.self) { try await client.join("anna") }
            #expect(error?.code == ErrorCode.invalidOffer.rawValue)
            #expect(try await client.reach(.disconnected) == .invalidArgument)
        }
    }

    @Test func aLinkThatCannotTakeItsAnswerIsMadeAnew() async throws {
        try await withServer { server in
            let client = try TestClient(port: server.port)
            client.media.refuseAnswers(1)
            try await client.join("anna")
            #expect(try await client.reach(.reconnecting) == .mediaLost)
            #expect(try await client.reach(.connected) == .restarted)
            #expect(
                client.media.calls.prefix(4) == ["offer join", "answer join", "end", "offer join"])
        }
    }

    @Test func aCancelledJoinLeaves() async throws {
        // Somebody who listens and never answers: the backlog of a socket nobody accepts from.
        try await withSilentListener { port in
            let client = try TestClient(port: port)
            let driver = client.driver
            let joining = Task { try await driver.join(TestClient.request("anna")) }
            try await client.reach(.connecting)
            joining.cancel()
            await #expect(throws: SessionFailure.aborted) { try await joining.value }
            #expect(try await client.reach(.disconnected) == .left)
        }
    }

    @Test func aServerThatSaysNothingIsNotWaitedForForEver() async throws {
        try await withSilentListener { port in
            var options = DriverOptions()
            options.timing.joinTimeout = .milliseconds(100)
            let client = try TestClient(port: port, options: options)
            await #expect(throws: SessionFailure.joinTimedOut) { try await client.join("anna") }
            #expect(try await client.reach(.disconnected) == .joinTimedOut)
        }
    }

    @Test func whoLeavesEventsUnreadHasLeft() async throws {
        try await withServer { server in
            var options = DriverOptions()
            options.eventsMax = 2
            let slow = try TestClient(port: server.port, options: options)
            try await slow.join("anna")
            let bert = try TestClient(port: server.port)
            try await bert.join("bert")
            let reason = try await bert.told {
                if case .participantLeft(_, let reason) = $0 { reason } else { nil }
            }
            #expect(reason == .left)
            // Until it is out.
            await slow.driver.leave()
            let failure = await slow.driver.state.failure
            #expect(failure?.code == ErrorCode.connectionTooSlow.rawValue)
            // It may join again, when it has read.
            for _ in 0..<2 { _ = try await slow.next { _ in true } }
            try await slow.join("anna")
            #expect(await slow.driver.state.failure == nil)
        }
    }

    @Test func aDriverThatIsLetGoClosesItsSocket() async throws {
        try await withServer {
            // Only a closed socket tells.
            $0.rooms.room.linkTimeout = .seconds(300)
        } _: { server in
            let bert = try TestClient(port: server.port)
            try await bert.join("bert")
            var anna: TestClient? = try TestClient(port: server.port)
            try await anna?.join("anna")
            anna = nil
            _ = try await bert.told {
                if case .participantInterrupted(let id) = $0 { id } else { nil }
            }
        }
    }
}

/// What one task hands to the next, which alone goes on with it.
///
/// `@unchecked Sendable`: nobody uses the value in two tasks at a time.
struct NonSendable<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
