// Servers that are none: silent ones, and ones that say what a test lets them say.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix

/// Says some bytes to whoever has said something, and no more.
private final class Sayer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let words: String?
    private let closes: Bool

    init(_ words: String?, closes: Bool) {
        self.words = words
        self.closes = closes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if let words {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: words)), promise: nil)
        }
        if closes { context.close(promise: nil) }
    }
}

/// Runs a listener that answers with `words`, or with nothing.
func withListener<Value: Sendable>(
    saying words: String?, closes: Bool = false, _ body: (Int) async throws -> Value
) async throws -> Value {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(Sayer(words, closes: closes))
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

/// Runs a listener that says nothing.
func withSilentListener<Value: Sendable>(
    _ body: (Int) async throws -> Value
) async throws -> Value { try await withListener(saying: nil, body) }
