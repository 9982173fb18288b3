// Looks at a connection's first request before the upgrade is decided, where NIO's upgrader would lose it.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// Takes `Upgrade` out of first requests that will not be upgraded.
///
/// The typed upgrader of NIO 2.101 forgets the head of a request whose upgrade it refuses and the connection dies
/// without an answer. That hits more than mistakes: some clients offer `h2c` with every plain request.
final class FirstRequestFilter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private let signalPath: String
    private let origins: AllowedOrigins
    /// Behind the first head comes its body or, once upgraded, raw bytes: neither is looked into.
    private var hasSeenHead = false

    init(signalPath: String, origins: AllowedOrigins) {
        self.signalPath = signalPath
        self.origins = origins
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasSeenHead else { return context.fireChannelRead(data) }
        hasSeenHead = true
        guard case .head(var head) = unwrapInboundIn(data) else {
            return context.fireChannelRead(data)
        }
        if !isSignalUpgrade(head) { head.headers.remove(name: "Upgrade") }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    /// A head that cannot be read has been answered 400; nothing more will come of this connection.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.fireErrorCaught(error)
        guard error is HTTPParserError else { return }
        let channel = context.channel
        // Closing with bytes unread would reset the connection and lose the answer.
        channel.close(mode: .output, promise: nil)
        context.eventLoop.scheduleTask(in: .milliseconds(500)) { channel.close(promise: nil) }
    }

    /// Whether this is a WebSocket handshake that will be taken (RFC 6455 §4.2.1).
    private func isSignalUpgrade(_ head: HTTPRequestHead) -> Bool {
        let isUpgrade =
            head.headers[canonicalForm: "Upgrade"].map { $0.lowercased() } == [
                "websocket"
            ]
        let isConnected = head.headers[canonicalForm: "Connection"].contains {
            $0.lowercased() == "upgrade"
        }
        let keys = head.headers[canonicalForm: "Sec-WebSocket-Key"]
        return isUpgrade && isConnected && head.method == .GET
            && head.uri.prefix { $0 != "?" } == signalPath
            && keys.count == 1 && keys.first?.utf8.count == 24
            && head.headers["Sec-WebSocket-Version"] == ["13"]
            && head.headers["Content-Length"].allSatisfy { $0 == "0" }
            && head.headers["Transfer-Encoding"].isEmpty
            && origins.allow(head.headers["Origin"])
    }
}
