// That pings and pongs which are answered where they come in keep every rule of those that are not.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOWebSocket
import Rooms
import Signaling
import Testing
import Wire

@testable import SignalServer

@Suite(.timeLimit(.minutes(1)))
struct BriefMessageTests {
    private func frame(
        _ text: String, fin: Bool = true, opcode: WebSocketOpcode = .text, isMasked: Bool = true,
        rsv1: Bool = false
    ) -> WebSocketFrame {
        let key: WebSocketMaskingKey = [1, 2, 3, 4]
        var data = ByteBuffer(string: text)
        if isMasked { data.webSocketMask(key) }
        return WebSocketFrame(
            fin: fin, rsv1: rsv1, opcode: opcode, maskKey: isMasked ? key : nil, data: data)
    }

    @Test func onlyAWholeMaskedFrameOfTextIsOne() {
        let ping = #"{"type":"ping"}"#
        #expect(frame(ping).briefMessage == .ping)
        #expect(frame(#"{"lastSequence":5,"type":"pong"}"#).briefMessage == .pong(lastSequence: 5))
        #expect(frame(ping, fin: false).briefMessage == nil)
        #expect(frame(ping, opcode: .binary).briefMessage == nil)
        #expect(frame(ping, opcode: .continuation).briefMessage == nil)
        #expect(frame(ping, isMasked: false).briefMessage == nil)
        #expect(frame(ping, rsv1: true).briefMessage == nil)
        #expect(frame("").briefMessage == nil)
        for count in 1..<200 {
            #expect(frame(String(repeating: " ", count: count)).briefMessage == nil)
        }
    }

    @Test func aPingInTheMiddleOfAMessageIsAgainstTheRules() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                try await client.join()
                try await client.send(opcode: 1, Array(#"{"type":"#.utf8), isFinal: false)
                try await client.send(.ping(nil))
                let code = await client.closeCode()
                #expect(code == 1002)
            }
        }
    }

    @Test func aFloodOfPingsIsRefusedAsAnyRequests() async throws {
        try await withServer {
            $0.rooms.room.requests = RateLimit(burst: 10, perSecond: 1)
        } _: { server in
            try await withClient(server) { client in
                try await client.join()
                for _ in 0..<100 { try await client.send(.ping(nil)) }
                var refused = 0
                for _ in 0..<100 {
                    switch try await client.next() {
                    case .pong: break
                    case .error(let error) where error.code == .tooManyRequests: refused += 1
                    case let message: throw TestFailure("unexpected: \(message)")
                    }
                }
                // Ten are in the bucket, and however slow this is, few more come into it.
                #expect(refused > 50)
            }
        }
    }

    @Test func noPingOvertakesARequest() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                try await client.join()
                let (open, close) = (client.nextID(), client.nextID())
                try await client.send(.openStream(open, .reliableOrdered))
                try await client.send(.ping(nil))
                guard case .streamOpened(open, let stream) = try await client.next() else {
                    throw TestFailure("the ping was answered first")
                }
                guard case .pong(nil) = try await client.next() else {
                    throw TestFailure("no pong")
                }
                try await client.send(.closeStream(close, stream))
                try await client.send(.ping(nil))
                guard case .ok(close, _) = try await client.next(),
                    case .pong(nil) = try await client.next()
                else { throw TestFailure("the ping was answered first") }
            }
        }
    }

    @Test func whoOnlyPingsIsHeardByItsRoom() async throws {
        try await withServer {
            $0.rooms.room.livenessTimeout = .milliseconds(1_200)
        } _: { server in
            try await withClient(server) { client in
                try await client.join()
                for _ in 0..<4 {
                    try await Task.sleep(for: .milliseconds(400))
                    try await client.send(.ping(nil))
                    guard case .pong(nil) = try await client.next() else {
                        throw TestFailure("sent away")
                    }
                }
            }
        }
    }

    @Test func whatCannotHaveBeenReceivedIsRefusedThoughTheRoomIsNotWoken() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                try await client.join(options: JoinOptions(resume: true))
                try await client.send(.pong(lastSequence: 99))
                guard case .error(let error) = try await client.next() else {
                    throw TestFailure("not refused")
                }
                #expect(error.code == .invalidArgument)
            }
        }
    }
}
