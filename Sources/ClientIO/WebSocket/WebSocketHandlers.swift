// What stands between a WebSocket's channel and its client: the answer to the upgrade, and frames.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Looks at the status of the server's answer before it is upgraded or not.
final class AnswerStatus: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart

    private var onRefusal: ((Int) -> Void)?

    init(onRefusal: @escaping (Int) -> Void) { self.onRefusal = onRefusal }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // After the head come parts and then bytes, which nobody looks at here.
        guard let onRefusal else { return context.fireChannelRead(data) }
        guard case .head(let head) = unwrapInboundIn(data) else {
            return context.fireChannelRead(data)
        }
        self.onRefusal = nil
        if head.status == .switchingProtocols {
            context.fireChannelRead(data)
        } else {
            onRefusal(Int(head.status.code))
        }
    }
}

/// The frames of an open WebSocket on their way to its client.
final class WebSocketFrames: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let client: WebSocketClient
    private var assembler: MessageAssembler
    /// Pongs that are not sent yet; more than a few are not owed (RFC 6455 §5.5.3).
    private var pongsWaiting = 0
    private static let pongsMax = 16

    init(of client: WebSocketClient, options: WebSocketOptions) {
        self.client = client
        assembler = MessageAssembler(
            messageBytesMax: options.messageBytesMax, fragmentsMax: options.fragmentsMax)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch assembler.receive(unwrapInboundIn(data)) {
        case .wait: break
        case .message(let text): client.received(text)
        case .pong(let data): pong(data, context)
        case .closed(let code, let reason):
            if client.hasEnded {
                // The answer to our own: both have said goodbye.
                context.close(promise: nil)
            } else {
                // Answered in kind; then the server ends the connection (RFC 6455 §7.1.1).
                client.end(.closed(code: code, reason: reason), answering: .normalClosure)
            }
        case .refuse(let code, let error): client.end(error, answering: code)
        }
    }

    private func pong(_ data: ByteBuffer, _ context: ChannelHandlerContext) {
        guard pongsWaiting < Self.pongsMax else { return }
        pongsWaiting += 1
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [self] _ in pongsWaiting -= 1 }
        let frame = WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: data)
        context.writeAndFlush(wrapOutboundOut(frame), promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let code: WebSocketErrorCode? =
            (error as? NIOWebSocketError).map {
                $0 == .invalidFrameLength ? .messageTooLarge : .protocolError
            }
        client.end(client.explain(error), answering: code)
        if code == nil { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        client.end(.broken)
        context.fireChannelInactive()
    }
}
