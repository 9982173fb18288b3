// WebSockets through TLS: who is trusted, and who is not.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOWebSocket
import Signaling
import Testing
import Wire

@testable import ClientIO

@Suite(.timeLimit(.minutes(1)))
struct TLSTests {
    @Test func aServerIsTrustedForItsNameByWhomItsClientTrusts() async throws {
        try await withServer { server in
            try await TLSFront.with(port: server.port) { front in
                var options = WebSocketOptions()
                options.tls = try TLSContext(alsoTrusting: front.authority)
                for address in ["127.0.0.1:\(front.good)", "localhost:\(front.old)"] {
                    try await openAndClose("wss://\(address)", options: options)
                }
                let stranger = await failure(of: "wss://127.0.0.1:\(front.good)")
                guard case .certificateNotTrusted("127.0.0.1", let reason)? = stranger else {
                    throw TestFailure("trusted: \(String(describing: stranger))")
                }
                #expect(!reason.isEmpty)
                for host in ["127.0.0.1", "localhost"] {
                    let other = await failure(
                        of: "wss://\(host):\(front.otherHost)", options: options)
                    #expect(other == .certificateForAnotherHost(host: host))
                }
                let expired = await failure(
                    of: "wss://localhost:\(front.expired)", options: options)
                #expect(expired == .certificateExpired(host: "localhost"))
                // A port without TLS.
                let plain = await failure(of: "wss://127.0.0.1:\(server.port)", options: options)
                guard case .tlsFailed? = plain else {
                    throw TestFailure("\(String(describing: plain))")
                }

                // A whole session.
                var driver = DriverOptions()
                driver.webSocket = options
                let anna = try TestClient("https://localhost:\(front.good)/", options: driver)
                let bert = try TestClient("wss://localhost:\(front.old)", options: driver)
                try await anna.join("anna")
                try await bert.join("bert")
                let text = String(repeating: "0123456789abcdef", count: 256)
                try await anna.driver.sendMessage(OutgoingMessage(content: text))
                let content = try await bert.told {
                    if case .messageReceived(let message) = $0 { message.content } else { nil }
                }
                #expect(content == text)
                // A server that goes closes in earnest.
                server.stop()
                #expect(try await bert.reach(.reconnecting) == .serverMoved)
                await bert.driver.leave()
                await anna.driver.leave()
            }
        }
    }

    @Test func whatIsLargerThanARecordArrivesWhole() async throws {
        let texts = [900_000, 1, 16_384, 40_000].map { String(repeating: "x", count: $0) }
        let frames = texts.map {
            WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: $0))
        }
        try await withFrames(frames) { port in
            try await TLSFront.with(port: port) { front in
                var options = WebSocketOptions()
                options.tls = try TLSContext(alsoTrusting: front.authority)
                let received = try await openAndClose(
                    "wss://localhost:\(front.good)", messages: texts.count, options: options)
                #expect(received == texts)
            }
        }
    }

    @Test func aFileThatIsNoneIsRefused() {
        #expect(throws: WebSocketError.self) { _ = try TLSContext(alsoTrusting: "/dev/null") }
        #expect(throws: WebSocketError.self) { _ = try TLSContext(alsoTrusting: "/nowhere") }
    }

    @Test func nonsenseEndsAHandshake() throws {
        let context = try TLSContext()
        var random = SeededRandom(seed: 7)
        for count in [1, 4, 5, 6, 100, 20_000] {
            let session = try TLSSession(context: context, host: "a.test", isIPAddress: false)
            #expect(session.handshake() == .needsMore)
            #expect(session.takeOutgoing(ByteBufferAllocator())?.readableBytes ?? 0 > 100)
            var bytes: [UInt8] = []
            for _ in 0..<count { bytes.append(UInt8(truncatingIfNeeded: random.next())) }
            #expect(session.give(ByteBuffer(bytes: bytes)))
            #expect(session.handshake() == (count < 5 ? .needsMore : .failed))
            var plaintext = ByteBuffer()
            #expect(session.read(into: &plaintext) != .data)
            #expect(!session.write(ByteBuffer(string: "early")))
        }
    }
}
