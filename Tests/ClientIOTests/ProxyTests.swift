// That a WebSocket goes through an HTTP proxy where there is one, and says what is wrong where it does not.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix
import Signaling
import Synchronization
import Testing

@testable import ClientIO

/// A tiny proxy: reads a request, answers it, and connects both sides.
private final class Proxy: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: @Sendable (String) -> String
    private var head = ""

    init(_ answer: @escaping @Sendable (String) -> String) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        head += String(buffer: unwrapInboundIn(data))
        guard head.hasSuffix("\r\n\r\n") else { return }
        let answer = answer(head)
        let words = head.split(separator: " ")
        let target = words.count > 1 ? words[1].split(separator: ":") : []
        guard answer.hasPrefix("HTTP/1.1 200"), target.count == 2, let port = Int(target[1]) else {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
            return
        }
        let near = context.channel
        let this = NIOLoopBound(self, eventLoop: context.eventLoop)
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { far in
                far.eventLoop.makeCompletedFuture {
                    try far.pipeline.syncOperations.addHandler(Other(near))
                }
            }
            .connect(host: "127.0.0.1", port: port)
            .whenSuccess { far in
                try? near.pipeline.syncOperations.addHandler(Other(far))
                near.pipeline.syncOperations.removeHandler(this.value, promise: nil)
                // Byte by byte, as slow networks are.
                for byte in answer.utf8 {
                    near.writeAndFlush(ByteBuffer(bytes: [byte]), promise: nil)
                }
            }
    }
}

/// Hands on to the other side.
private final class Other: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    init(_ other: any Channel) { self.other = other }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        other.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
}

/// Runs a proxy that answers requests as it is told.
private func withProxy<Value: Sendable>(
    _ answer: @escaping @Sendable (String) -> String, _ body: (Int) async throws -> Value
) async throws -> Value {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(Proxy(answer))
            }
        }
        .bind(host: "127.0.0.1", port: 0).get()
    do {
        let value = try await body(channel.localAddress?.port ?? 0)
        try await channel.close()
        return value
    } catch {
        try await channel.close()
        throw error
    }
}

@Suite(.timeLimit(.minutes(1)))
struct ProxyTests {
    private func options(_ proxy: String) throws -> DriverOptions {
        var options = DriverOptions()
        options.webSocket.proxy = .proxy(try HTTPProxy(proxy))
        return options
    }

    @Test func aSessionGoesThroughAProxy() async throws {
        let heads = Mutex<[String]>([])
        try await withProxy { head in
            heads.withLock { $0.append(head) }
            return "HTTP/1.1 200 Connection established\r\nVia: 1.1 tiny\r\n\r\n"
        } _: { proxy in
            try await withScript { message in
                guard case .setRole(let id, _) = message else { return [] }
                return ["{\"type\":\"ok\",\"id\":\(id.number)}"]
            } _: { port in
                let client = try TestClient(
                    port: port, options: try options("http://ada:se%3Acret@127.0.0.1:\(proxy)"))
                try await client.join("anna")
                try await client.driver.setRole(.host)
                #expect(
                    heads.withLock { $0 } == [
                        "CONNECT 127.0.0.1:\(port) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
                            + "Proxy-Authorization: Basic YWRhOnNlOmNyZXQ=\r\n\r\n"
                    ])
            }
        }
    }

    private static let refusals: [(answer: String, error: WebSocketError)] = [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", .proxyRefused(407)),
        ("HTTP/1.0 403 No\r\nServer: x\r\n\r\n", .proxyRefused(403)),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", .proxyNotUnderstood),
        ("HTTP/1.1\r\n\r\n", .proxyNotUnderstood),
        (String(repeating: "x", count: 70_000), .proxyNotUnderstood),
    ]

    @Test(arguments: refusals.indices)
    func aProxyThatRefusesIsTold(_ index: Int) async throws {
        let (answer, error) = Self.refusals[index]
        try await withProxy { _ in
            answer
        } _: { proxy in
            let client = try TestClient(port: 9, options: try options("127.0.0.1:\(proxy)"))
            let failure = await #expect(throws: SessionFailure.self) {
                try await client.join("anna")
            }
            #expect(failure == .linkFailed(error))
            #expect(failure?.description.isEmpty == false)
        }
    }

    @Test func aProxyThatIsNotThereIsNamed() async throws {
        let client = try TestClient(port: 9, options: try options("127.0.0.1:1"))
        let failure = await #expect(throws: SessionFailure.self) { try await client.join("anna") }
        #expect(failure == .linkFailed(.refused(host: "127.0.0.1", port: 1)))
    }

    @Test func addressesOfProxiesAreTakenApart() throws {
        let proxy = try HTTPProxy("http://user:p%40ss@[2001:db8::1]:3128/")
        #expect(proxy.host == "2001:db8::1" && proxy.port == 3_128)
        #expect(proxy.authorization == "Basic dXNlcjpwQHNz")
        #expect(try HTTPProxy("proxy.example.com").port == 80)
        #expect(try HTTPProxy("proxy.example.com:1").authorization == nil)
        for text in [
            "", "https://proxy", "socks5://proxy", "http://", "proxy:0", "proxy:x", "a b", "[::1",
            "u%zz@proxy", "http://proxy:99999", String(repeating: "x", count: 5_000), "prôxy",
        ] {
            #expect(throws: WebSocketError.self, "\(text.prefix(30))") { try HTTPProxy(text) }
        }
    }

    @Test func theEnvironmentNamesAProxyForOthersThanTheMachineItself() throws {
        let environment = [
            "http_proxy": "http://plain:1", "HTTPS_PROXY": "http://secure:2",
            "no_proxy": "example.org, .internal,10.0.0.1 ,*.wild.net,ported.com:99,[::2]",
        ]
        func host(_ address: String, _ environment: [String: String]) throws -> String? {
            try HTTPProxy.named(in: environment, for: WebSocketAddress(address))?.host
        }
        #expect(try host("ws://media.example.com", environment) == "plain")
        #expect(try host("wss://media.example.com", environment) == "secure")
        #expect(try host("wss://ported.com", environment) == "secure")
        #expect(try host("wss://notexample.org", environment) == "secure")
        for address in [
            "ws://localhost:7880", "ws://127.0.0.1:7880", "ws://[::1]:7880", "wss://example.org",
            "wss://media.example.org", "wss://a.internal", "ws://10.0.0.1", "wss://x.wild.net",
            "wss://ported.com:99", "ws://[::2]",
        ] {
            #expect(try host(address, environment) == nil, "\(address)")
        }
        #expect(try host("ws://x.com", [:]) == nil)
        #expect(try host("ws://x.com", ["all_proxy": "any:3"]) == "any")
        #expect(try host("ws://x.com", ["all_proxy": "any:3", "no_proxy": "*"]) == nil)
        #expect(throws: WebSocketError.self) { try host("ws://x.com", ["http_proxy": "ftp://x"]) }
    }
}
