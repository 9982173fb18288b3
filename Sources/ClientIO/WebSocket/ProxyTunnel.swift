// Asking a proxy for a tunnel, before anything else is said.
// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Sends `CONNECT` (RFC 9110 §9.3.6) when it is added to a connected channel, and goes when the tunnel is there.
final class ProxyTunnel: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: String
    private let headerBytesMax: Int
    private var answer = ByteBuffer()
    private var onEnd: ((Result<Void, WebSocketError>) -> Void)?

    /// - Parameter onEnd: Called once, when the tunnel is there or will not be.
    init(
        to address: WebSocketAddress, through proxy: HTTPProxy, headerBytesMax: Int,
        onEnd: @escaping (Result<Void, WebSocketError>) -> Void
    ) {
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        let target = "\(host):\(address.port)"
        var request = "CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\n"
        if let authorization = proxy.authorization {
            request += "Proxy-Authorization: \(authorization)\r\n"
        }
        self.request = request + "\r\n"
        self.headerBytesMax = headerBytesMax
        self.onEnd = onEnd
    }

    func handlerAdded(context: ChannelHandlerContext) {
        context.writeAndFlush(
            wrapOutboundOut(context.channel.allocator.buffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard onEnd != nil else { return context.fireChannelRead(data) }
        var piece = unwrapInboundIn(data)
        answer.writeBuffer(&piece)
        let view = answer.readableBytesView
        guard let end = Self.headEnd(view) else {
            if view.count > headerBytesMax { end(.failure(.proxyNotUnderstood)) }
            return
        }
        let line = String(decoding: view.prefix { $0 != 13 && $0 != 10 }, as: UTF8.self)
        // | HTTP/1.x | status | words |
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let status = Int(parts[1]) else {
            return self.end(.failure(.proxyNotUnderstood))
        }
        guard 200..<300 ~= status else { return self.end(.failure(.proxyRefused(status))) }
        answer.moveReaderIndex(forwardBy: end)
        // A server says nothing before it is asked; what came is the next one's all the same.
        let rest = answer
        self.end(.success(()))
        if rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(rest)) }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.failure(.broken))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if onEnd == nil { context.fireErrorCaught(error) } else { end(.failure(.broken)) }
    }

    private func end(_ result: Result<Void, WebSocketError>) {
        let tell = onEnd
        onEnd = nil
        tell?(result)
    }

    /// How many bytes the head has, its empty line included; `nil`: it goes on.
    private static func headEnd(_ view: ByteBufferView) -> Int? {
        var count = 0
        var newlines = 0
        for byte in view {
            count += 1
            if byte == 10 {
                newlines += 1
                if newlines == 2 { return count }
            } else if byte != 13 {
                newlines = 0
            }
        }
        return nil
    }
}
