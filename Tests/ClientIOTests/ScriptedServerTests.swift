// Driven sessions with servers that are slow, newer, or wrong.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import NIOCore
import NIOWebSocket
import Signaling
import Synchronization
import Testing
import Wire

@testable import ClientIO

@Suite(.timeLimit(.minutes(1)))
struct ScriptedServerTests {
    @Test func aRequestIsNotWaitedForForEver() async throws {
        try await withScript { _ in
            []
        } _: { port in
            var options = DriverOptions()
            options.requestTimeout = .milliseconds(50)
            let client = try TestClient(port: port, options: options)
            try await client.join("anna")
            await #expect(throws: SessionFailure.requestTimedOut) {
                try await client.driver.sendMessage(OutgoingMessage(content: "?"))
            }
            let driver = client.driver
            let waiting = Task { try await driver.sendMessage(OutgoingMessage(content: "?")) }
            waiting.cancel()
            await #expect(throws: SessionFailure.aborted) { try await waiting.value }
            #expect(await client.driver.phase == .connected)
        }
    }

    @Test func whatWaitedOverABreakHasItsTimeAfterIt() async throws {
        let accepted = Atomic<Int>(0)
        try await withScript(
            { message in
                switch message {
                case .resume(let id, _):
                    [
                        String(
                            decoding: ServerMessage.resumed(id, sequence: 0).encoded(),
                            as: UTF8.self)
                    ]
                case .offer(let id, _):
                    [
                        String(
                            decoding: ServerMessage.answer(id, .plain("v=0")).encoded(),
                            as: UTF8.self)
                    ]
                default: []
                }
            }, accepting: { accepted.add(1, ordering: .relaxed) }
        ) { port in
            var options = DriverOptions()
            options.requestTimeout = .milliseconds(50)
            let client = try TestClient(port: port, options: options)
            try await client.join("anna")
            // Several changes at once are one.
            for _ in 0..<3 { client.driver.networkChanged() }
            try await client.reach(.reconnecting)
            let driver = client.driver
            let waiting = Task { try await driver.sendMessage(OutgoingMessage(content: "?")) }
            #expect(try await client.reach(.connected) == .resumed)
            await #expect(throws: SessionFailure.requestTimedOut) { try await waiting.value }
            #expect(accepted.load(ordering: .relaxed) == 2)
        }
    }

    @Test func aNewerServersMessagesArePassedOver() async throws {
        try await withScript { message in
            guard case .setRole(let id, _) = message else { return [] }
            return [
                "{\"type\":\"ofTomorrow\",\"room\":{}}", "{\"type\":\"ping\"}",
                "{\"type\":\"ok\",\"id\":\(id.number)}",
            ]
        } _: { port in
            let client = try TestClient(port: port)
            try await client.join("anna")
            try await client.driver.setRole(.host)
            #expect(await client.driver.phase == .connected)
        }
    }

    @Test(arguments: ["", "{", "[]", "{\"type\":7}", "{\"type\":\"ok\"}"])
    func aServerThatSaysNonsenseIsLeft(_ text: String) async throws {
        try await withScript { message in
            if case .setRole = message { [text] } else { [] }
        } _: { port in
            let client = try TestClient(port: port)
            try await client.join("anna")
            let driver = client.driver
            let asking = Task { try? await driver.setRole(.host) }
            #expect(try await client.reach(.reconnecting) == .signalLost)
            asking.cancel()
            await client.driver.leave()
        }
    }

    @Test func whatIsMoreThanMayWaitEndsTheSocket() async throws {
        try await withScript { _ in
            []
        } _: { port in
            var options = DriverOptions()
            // Less than an offer.
            options.webSocket.outgoingBytesMax = 1_000
            let client = try TestClient(port: port, options: options)
            await #expect(throws: SessionFailure.linkFailed(.outgoingOverflow)) {
                try await client.join("anna")
            }
        }
    }

    @Test func pingsAreAnsweredAndGoodbyesSaid() async throws {
        let (seen, seenIn) = AsyncStream.makeStream(of: WebSocketFrame.self)
        let frames = [
            WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer(string: "?")),
            WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: "go")),
        ]
        _ = try await withFrames(
            frames,
            answering: { frame in
                seenIn.yield(frame)
                return []
            }
        ) { port in try await openAndClose("ws://127.0.0.1:\(port)", messages: 1) }
        var iterator = seen.makeAsyncIterator()
        let pong = await iterator.next()
        #expect(pong?.opcode == .pong && pong?.unmaskedData == ByteBuffer(string: "?"))
        let close = await iterator.next()
        #expect(close?.opcode == .connectionClose)
        #expect(close?.unmaskedData == ByteBuffer(bytes: [0x03, 0xE8]))
        // Each under a mask of its own.
        #expect(pong?.maskKey != nil && close?.maskKey != nil && pong?.maskKey != close?.maskKey)
    }

    @Test func whatAnOldLinkTellsIsNotTheNewOnes() async throws {
        try await withServer { server in
            let client = try TestClient(port: server.port)
            // None has been made yet.
            client.driver.mediaFailed()
            try await client.join("anna")
            client.driver.mediaFailed()
            client.driver.mediaFailed()
            #expect(try await client.reach(.reconnecting) == .mediaLost)
            #expect(try await client.reach(.connected) == .restarted)
            await client.driver.leave()
            #expect(
                client.media.calls == [
                    "offer join", "answer join", "end", "offer join", "answer join", "end",
                ])
        }
    }
}
