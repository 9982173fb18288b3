// Driven sessions with servers that are slow, newer, or wrong.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import NIOCore
import NIOWebSocket
import Signaling
import Testing
import Wire

@testable import ClientIO

@Suite(.timeLimit(.minutes(1)))
struct ScriptedServerTests {
    @Test func aRequestIsNotWaitedForForEver() async throws {
        try await withScript { message in
            guard case .setRole(let id, _) = message else { return [] }
            return ["{\"type\":\"ok\",\"id\":\(id.number)}"]
        } _: { port in
            var options = DriverOptions()
            options.requestTimeout = .milliseconds(50)
            let client = try TestClient(port: port, options: options)
            try await client.join("anna")
            try await client.driver.setRole(.host)
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
