// What a client may not do on the signalling socket, and that the others do not suffer from it.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling
import Testing

@testable import SignalServer

@Suite(.timeLimit(.minutes(1)))
struct HostileClientTests {
    /// Runs a hostile client beside a call that must not notice.
    private func besideACall(
        configure: (inout SignalServerConfiguration) -> Void = { _ in },
        _ hostile: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        try await withServer(configure: configure) { server in
            try await withClient(server) { bystander in
                try await bystander.join("quiet", as: "bystander")
                try await hostile(server)
                try await bystander.send(.ping(bystander.nextID()))
                guard case .pong = try await bystander.next() else {
                    throw TestFailure("the bystander was disturbed")
                }
                #expect(try await request(server, "GET", "/healthz").status == 200)
            }
        }
    }

    @Test("Signalling size: a frame of a gigabyte is refused before it comes")
    func aFrameOfAGigabyteIsRefusedBeforeItComes() async throws {
        try await besideACall { server in
            try await withClient(server) { client in
                try await client.send(opcode: 1, [], declaredCount: 1_000_000_000)
                let code = await client.closeCode()
                #expect(code == 1009)
            }
            try await withClient(server) { client in
                try await client.send(opcode: 1, [], declaredCount: .max)
                let code = await client.closeCode()
                #expect(code == 1009)
            }
        }
    }

    @Test("Signalling size: fragments cannot add up to more")
    func fragmentsCannotAddUpToMore() async throws {
        try await besideACall { server in
            try await withClient(server) { client in
                let part = [UInt8](repeating: 0x20, count: 200_000)
                try await client.send(opcode: 1, part, isFinal: false)
                for _ in 0..<3 { try? await client.send(opcode: 0, part, isFinal: false) }
                let code = await client.closeCode()
                #expect(code == 1009)
            }
            try await withClient(server) { client in
                try await client.send(opcode: 1, [0x20], isFinal: false)
                for _ in 0..<100 { try? await client.send(opcode: 0, [], isFinal: false) }
                let code = await client.closeCode()
                #expect(code == 1008)
            }
        }
    }

    @Test func framesAgainstTheRulesEndTheConnection() async throws {
        try await besideACall { server in
            let wrong: [(name: String, opcode: UInt8, isFinal: Bool, isMasked: Bool, code: Int)] = [
                ("binary", 2, true, true, 1003), ("unmasked", 1, true, false, 1002),
                ("reserved opcode", 3, true, true, 1002),
                ("lone continuation", 0, true, true, 1002),
                ("cut ping", 9, false, true, 1002), ("reserved bit", 0x41, true, true, 1002),
            ]
            for sample in wrong {
                try await withClient(server) { client in
                    try await client.send(
                        opcode: sample.opcode, [0x7B, 0x7D], isFinal: sample.isFinal,
                        isMasked: sample.isMasked)
                    let code = await client.closeCode()
                    #expect(code == sample.code, "\(sample.name)")
                }
            }
        }
    }

    @Test func whatCannotBeReadIsAnsweredByCode() async throws {
        try await besideACall { server in
            try await withClient(server) { client in
                let samples: [(text: String, code: ErrorCode)] = [
                    ("", .malformedMessage), ("[]", .malformedMessage), ("{}", .malformedMessage),
                    ("{\"type\":\"dance\",\"id\":7}", .unknownMessageType),
                    (String(repeating: "[", count: 100_000), .nestingTooDeep),
                    (
                        "{\"type\":\"ping\",\"x\":" + String(repeating: "{\"a\":", count: 100_000),
                        .nestingTooDeep
                    ),
                    (
                        "{\"type\":\"ping\",\"x\":\"" + String(repeating: "a", count: 100_000)
                            + "\"}",
                        .messageTooLarge
                    ),
                    ("{\"type\":\"leave\",\"id\":1}", .invalidState),
                    ("{\"type\":\"leave\",\"id\":-1}", .invalidArgument),
                    ("{\"type\":\"join\",\"id\":1,\"room\":\"\"}", .invalidRoomName),
                ]
                for sample in samples {
                    try await client.send(sample.text)
                    guard case .error(let error) = try await client.next() else {
                        throw TestFailure("no error for \(sample.text.prefix(40))")
                    }
                    #expect(error.code == sample.code, "\(sample.text.prefix(40))")
                }
                // Text that is no UTF-8.
                try await client.send(opcode: 1, [0x7B, 0xFF, 0x7D])
                guard case .error = try await client.next() else { throw TestFailure("no error") }
                try await client.join()
            }
        }
    }

    @Test func offersThatCannotBeAnsweredAreRefused() async throws {
        try await besideACall { server in
            try await withClient(server) { client in
                try await client.expectRefused(.invalidOffer, offer: "")
                try await client.expectRefused(.invalidOffer, offer: "v=0\r\nbogus")
                let long = TestOffer.sdk() + String(repeating: "a=x\r\n", count: 60_000)
                try await client.expectRefused(.offerTooLarge, offer: long)
                let sections = (0..<1_000).map {
                    (mid: "\($0)", kind: "audio", direction: "sendonly")
                }
                try await client.expectRefused(.offerTooLarge, offer: TestOffer.make(sections))
            }
            try await withClient(server) { client in
                let million = String(repeating: "a", count: 1_000_000)
                try? await client.send("{\"type\":\"join\",\"offer\":{\"sdp\":\"\(million)\"}}")
                let code = await client.closeCode()
                #expect(code == 1009 || code == nil)
            }
        }
    }

    @Test func aFloodOfMessagesEndsTheConnection() async throws {
        try await besideACall {
            $0.limits.messagesPerSecondMax = 50
        } _: { server in
            try await withClient(server) { client in
                for _ in 0..<60 { try? await client.send(.ping(nil)) }
                let code = await client.closeCode()
                #expect(code == 1008)
            }
        }
    }

    @Test func aReaderThatDoesNotReadIsCutOff() async throws {
        try await besideACall {
            $0.limits.outboundBytesMax = 128 * 1024
            $0.limits.messagesPerSecondMax = 1_000_000
            $0.limits.messageBytesPerSecondMax = .max
            $0.limits.offersPerMinuteMax = 1_000_000
        } _: { server in
            try await withConnection(server, receiveBufferBytes: 4096) { connection in
                let client = try await TestClient(connection)
                try await client.join()
                // Answers that nobody takes: the sockets fill, then the queue, then it is over.
                var hasOverflown = false
                for _ in 0..<400 where !hasOverflown {
                    for _ in 0..<10 {
                        try? await client.send(
                            .offer(client.nextID(), .plain(TestOffer.sdk(pairs: 40))))
                    }
                    let metrics = try await request(server, "GET", "/metrics").body
                    hasOverflown = metrics.contains("martlet_slow_readers_total 1\n")
                }
                #expect(hasOverflown)
            }
            try await server.plane.waitFor("remove 2")
        }
    }

    @Test func thoseWhoAskForNothingMakeRoomForThoseWhoDo() async throws {
        try await besideACall {
            $0.limits.idleConnectionsMax = 4
            $0.limits.connectionsMax = 10
        } _: { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<12 {
                    group.addTask { try await withConnection(server) { _ = await $0.readAnswer() } }
                }
                // Long before any time-out the oldest are closed.
                for _ in 0..<8 { try await group.next() }
                _ = try await withClient(server) { try await $0.join("other") }
                let metrics = try await request(server, "GET", "/metrics").body
                #expect(!metrics.contains("martlet_idle_connections_dropped_total 0\n"))
                group.cancelAll()
            }
        }
    }

    @Test func offersAreRationed() async throws {
        try await besideACall {
            // The join's own and three more.
            $0.limits.offersPerMinuteMax = 4
        } _: { server in
            try await withClient(server) { client in
                try await client.join()
                for _ in 0..<4 {
                    try await client.send(.offer(client.nextID(), .plain(TestOffer.sdk())))
                }
                for _ in 0..<3 {
                    guard case .answer = try await client.next() else { throw TestFailure("none") }
                }
                guard case .error(let error) = try await client.next() else {
                    throw TestFailure("no error")
                }
                #expect(error.code == .tooManyRequests)
            }
        }
    }

    @Test func secondJoinsAreRefused() async throws {
        try await besideACall { server in
            try await withClient(server) { client in
                try await client.join()
                try await client.expectRefused(.invalidState, "other")
            }
        }
    }
}
