// WebSockets to servers of all kinds, and what their addresses and frames may be.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import NIOCore
import NIOPosix
import NIOWebSocket
import Testing

@testable import ClientIO

@Suite(.timeLimit(.minutes(1)))
struct WebSocketTests {
    @Test(arguments: [
        ("ws://example.org", "example.org", 80, "/v1/signal"),
        ("wss://example.org/", "example.org", 443, "/v1/signal"),
        ("HTTPS://example.org:8443/a/b?c=d#e", "example.org", 8443, "/a/b?c=d"),
        ("http://[::1]:7880", "::1", 7880, "/v1/signal"),
        ("ws://127.0.0.1:1?x", "127.0.0.1", 1, "/v1/signal?x"),
    ])
    func addressesAreTakenApart(_ text: String, host: String, port: Int, target: String) throws {
        let address = try WebSocketAddress(text)
        #expect(address.host == host && address.port == port && address.target == target)
    }

    @Test(arguments: [
        "", "example.org", "ftp://example.org", "ws://", "ws:///path", "ws://a:0", "ws://a:65536",
        "ws://a:x", "ws://::1", "ws://[::1", "ws://[1.2.3.4]", "ws://[::1]x", "ws://user@host",
        "ws://a b", "ws://a/\r\nHost: b", "ws://ü",
    ])
    func whatIsNoAddressIsRefused(_ text: String) {
        let error = #expect(throws: WebSocketError.self) { try WebSocketAddress(text) }
        guard case .invalidAddress? = error else { return #expect(Bool(false)) }
    }

    @Test func hostsAreNamedAsRequestsNameThem() throws {
        #expect(try WebSocketAddress("ws://[::1]:7880").hostField == "[::1]:7880")
        #expect(try WebSocketAddress("wss://a:443").hostField == "a")
        #expect(try WebSocketAddress("wss://a:80").hostField == "a:80")
    }

    @Test func aServerIsReachedByNameAndByAddress() async throws {
        try await withServer { server in
            try await openAndClose("ws://localhost:\(server.port)")
            let (status, missing) = await (
                failure(of: "ws://127.0.0.1:\(server.port)/nowhere"),
                failure(of: "ws://127.0.0.1:\(server.port)/healthz")
            )
            #expect(status == .httpStatus(404))
            #expect(missing == .httpStatus(200))
        }
        // No label of a name is so long: nobody is asked.
        let name = String(repeating: "x", count: 70) + ".test"
        #expect(await failure(of: "ws://\(name)") == .unresolvable(host: name))
    }

    @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n"])
    func whatSpeaksNoWebSocketIsToldSo(_ words: String) async throws {
        try await withListener(saying: words) { port in
            #expect(await failure(of: "ws://127.0.0.1:\(port)") == .notWebSocket)
        }
    }

    @Test func aServerThatHangsUpOrSaysNothing() async throws {
        try await withListener(saying: nil, closes: true) { port in
            #expect(await failure(of: "ws://127.0.0.1:\(port)") == .broken)
        }
        var options = WebSocketOptions()
        options.connectTimeout = .milliseconds(50)
        try await withSilentListener { [options] port in
            for scheme in ["ws", "wss"] {
                let error = await failure(of: "\(scheme)://127.0.0.1:\(port)", options: options)
                #expect(error == .connectTimedOut(host: "127.0.0.1", port: port))
            }
        }
    }

    @Test func aServersFramesAreJudged() async throws {
        let text = WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: "one"))
        let masked = WebSocketFrame(
            fin: true, opcode: .text, maskKey: .random(), data: ByteBuffer(string: "masked"))
        let large = WebSocketFrame(
            fin: true, opcode: .text, data: ByteBuffer(repeating: 0x61, count: 2_000))
        let close = WebSocketFrame(
            fin: true, opcode: .connectionClose, data: ByteBuffer(bytes: [0x03, 0xE9, 0x62]))
        var options = WebSocketOptions()
        options.messageBytesMax = 1_000
        let cases: [([WebSocketFrame], WebSocketError)] = [
            ([text, masked], .protocolViolation("a server's frames are not masked")),
            ([text, large], .messageTooLarge(limit: 1_000)),
            ([text, close], .closed(code: 1001, reason: "b")),
        ]
        for (frames, expected) in cases {
            try await withFrames(frames) { [options] port in
                let error = await failure(
                    of: "ws://127.0.0.1:\(port)", messages: 2, options: options)
                #expect(error == expected)
            }
        }
        // In pieces, with a ping between them that is answered.
        let pieces = [
            WebSocketFrame(fin: false, opcode: .text, data: ByteBuffer(string: "on")),
            WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer(string: "?")),
            WebSocketFrame(fin: true, opcode: .continuation, data: ByteBuffer(string: "ce")),
            text,
        ]
        try await withFrames(pieces) { port in
            let received = try await openAndClose("ws://127.0.0.1:\(port)", messages: 2)
            #expect(received == ["once", "one"])
        }
    }

    @Test func framesMakeMessagesWithinBounds() {
        func step(_ frames: [WebSocketFrame]) -> MessageAssembler.Step {
            var assembler = MessageAssembler(messageBytesMax: 4, fragmentsMax: 3)
            var last = MessageAssembler.Step.wait
            for frame in frames { last = assembler.receive(frame) }
            return last
        }
        func frame(
            _ opcode: WebSocketOpcode, _ text: String, fin: Bool = true
        ) -> WebSocketFrame {
            WebSocketFrame(fin: fin, opcode: opcode, data: ByteBuffer(string: text))
        }
        func code(_ step: MessageAssembler.Step) -> WebSocketErrorCode? {
            if case .refuse(let code, _) = step { code } else { nil }
        }
        #expect(
            step([frame(.text, "a", fin: false), frame(.continuation, "b")])
                == .message(ByteBuffer(string: "ab")))
        #expect(step([frame(.pong, "a")]) == .wait)
        #expect(step([frame(.connectionClose, "")]) == .closed(code: 1005, reason: ""))
        #expect(code(step([frame(.binary, "a")])) == .unacceptableData)
        #expect(code(step([frame(.continuation, "a")])) == .protocolError)
        #expect(code(step([frame(.text, "a", fin: false), frame(.text, "b")])) == .protocolError)
        #expect(
            code(step([frame(.text, "abc", fin: false), frame(.continuation, "de")]))
                == .messageTooLarge)
        #expect(
            code(
                step([
                    frame(.text, "", fin: false), frame(.continuation, "", fin: false),
                    frame(.continuation, "", fin: false),
                ])) == .policyViolation)
    }

    @Test func aThousandConnectionsLeaveNothingBehind() async throws {
        @Sendable func descriptors() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        }
        try await withServer { server in
            let before = try descriptors()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 0..<12 {
                    group.addTask {
                        let address = "ws://127.0.0.1:\(server.port)"
                        for number in 0..<100 {
                            switch lane % 3 {
                            case 0: try await openAndClose(address)
                            case 1: _ = await failure(of: address + "/nowhere")
                            default: try await connectAndGiveUp(address, after: 20 * number)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            // Others open connections meanwhile; a leak of one kind would be four hundred.
            for _ in 0..<1_000 where try descriptors() > before + 300 {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try descriptors() <= before + 300)
        }
    }
}
