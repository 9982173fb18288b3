// WebSocket servers that send what a test tells them to, right or wrong.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Signaling
import Wire

/// Answers each frame of a client.
private final class Answerer: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let answer: @Sendable (WebSocketFrame) -> [WebSocketFrame]

    init(_ answer: @escaping @Sendable (WebSocketFrame) -> [WebSocketFrame]) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        for frame in answer(unwrapInboundIn(data)) {
            context.write(wrapOutboundOut(frame), promise: nil)
        }
        context.flush()
    }
}

/// Runs a WebSocket server that sends `frames` to whoever connects, whatever they are, and answers as it is told.
func withFrames<Value: Sendable>(
    _ frames: [WebSocketFrame],
    answering answer: @escaping @Sendable (WebSocketFrame) -> [WebSocketFrame] = { _ in [] },
    accepting: @escaping @Sendable () -> Void = {},
    _ body: (Int) async throws -> Value
) async throws -> Value {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                accepting()
                let upgrader = NIOTypedWebSocketServerUpgrader<Void>(
                    shouldUpgrade: { channel, _ in
                        channel.eventLoop.makeSucceededFuture(HTTPHeaders())
                    },
                    upgradePipelineHandler: { channel, _ in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(Answerer(answer))
                            for frame in frames { channel.write(frame, promise: nil) }
                            channel.flush()
                        }
                    })
                _ = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
                    configuration: NIOUpgradableHTTPServerPipelineConfiguration(
                        upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(
                            upgraders: [upgrader],
                            notUpgradingCompletionHandler: {
                                $0.eventLoop.makeSucceededVoidFuture()
                            })))
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

/// Runs a server that lets everybody in, alone, and says to the rest what `answer` says.
func withScript<Value: Sendable>(
    _ answer: @escaping @Sendable (ClientMessage) throws -> [String],
    accepting: @escaping @Sendable () -> Void = {},
    _ body: (Int) async throws -> Value
) async throws -> Value {
    @Sendable func answers(to frame: WebSocketFrame) throws -> [String] {
        guard frame.opcode == .text else { return [] }
        let message = try ClientMessage.decode(Array(frame.unmaskedData.readableBytesView))
        guard case .join(let id, let request) = message else { return try answer(message) }
        var random = SeededRandom(seed: 1)
        let reply = JoinedReply(
            session: .random(using: &random), room: RoomInfo(name: request.room),
            participant: ParticipantInfo(id: try ParticipantID("anna")), grants: TokenGrants(),
            resumeSeconds: 30, answer: .plain("v=0\r\n"), participants: [], slots: [])
        return [String(decoding: ServerMessage.joined(id, reply).encoded(), as: UTF8.self)]
    }
    return try await withFrames(
        [],
        answering: { frame in
            let texts = (try? answers(to: frame)) ?? []
            return texts.map {
                WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: $0))
            }
        }, accepting: accepting, body)
}
