// One port for both: HTTP goes to Hummingbird's responder, an upgrade at the signalling path to a WebSocket.
// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// The pipeline of an accepted connection.
///
/// Hummingbird has no WebSocket product in this package; its `ServerChildChannel` is the seam for NIO's own.
struct HTTPAndWebSocketChannel: ServerChildChannel, HTTPChannelHandler {
    /// What a connection turned out to be.
    enum Negotiated: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case webSocket(SignalClient)
    }

    /// A connection whose first request is still being read.
    struct Value: ServerChildChannelValue {
        let negotiated: EventLoopFuture<Negotiated>
        let channel: any Channel
    }

    /// Where WebSockets are accepted.
    static let signalPath = "/v1/signal"

    let responder: HTTPChannelHandler.Responder
    let limits: ServerLimits
    let origins: AllowedOrigins
    let tooLarge: ByteBuffer
    let idle: IdleConnections
    let connections: OpenConnections
    /// Makes who serves a WebSocket that has just been opened; on its event loop.
    let openWebSocket: @Sendable (any Channel) throws -> SignalClient
    let serveWebSocket: @Sendable (SignalClient) async -> Void

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            // What the kernel holds for somebody who does not read is memory of ours as well.
            try channel.syncOptions?.setOption(
                .socketOption(.so_sndbuf), value: limits.socketSendBufferBytes)
            let headDeadline = FirstHeadDeadline(timeout: limits.headerTimeout, idle: idle)
            let headDeadlineRemoval = NIOLoopBound(headDeadline, eventLoop: channel.eventLoop)
            try channel.pipeline.syncOperations.addHandlers(
                headDeadline, WriteStallGuard(timeout: limits.writeStallTimeout))
            let upgrader = NIOTypedWebSocketServerUpgrader<Negotiated>(
                maxFrameSize: limits.messageBytesMax,
                // The filter lets no other upgrade through.
                shouldUpgrade: { channel, _ in
                    channel.eventLoop.makeSucceededFuture(HTTPHeaders())
                },
                upgradePipelineHandler: { [openWebSocket] channel, _ in
                    channel.eventLoop.makeCompletedFuture {
                        channel.pipeline.syncOperations.removeHandler(
                            headDeadlineRemoval.value, promise: nil)
                        return .webSocket(try openWebSocket(channel))
                    }
                })
            let upgrade = NIOTypedHTTPServerUpgradeConfiguration<Negotiated>(
                upgraders: [upgrader],
                notUpgradingCompletionHandler: { [limits, tooLarge, idle] channel in
                    channel.eventLoop.makeCompletedFuture {
                        channel.pipeline.syncOperations.removeHandler(
                            headDeadlineRemoval.value, promise: nil)
                        try channel.pipeline.syncOperations.addHandlers(
                            HTTP1ToHTTPServerCodec(secure: false),
                            RequestGuard(limits: limits, tooLarge: tooLarge, idle: idle))
                        return .http(
                            try NIOAsyncChannel(
                                wrappingChannelSynchronously: channel,
                                configuration: .init(isOutboundHalfClosureEnabled: true)))
                    }
                })
            var pipeline = NIOUpgradableHTTPServerPipelineConfiguration(
                upgradeConfiguration: upgrade)
            // HTTPTypes has checked the fields already.
            pipeline.enableResponseHeaderValidation = false
            pipeline.decoderConfiguration.maxHeaderFieldSize = limits.headerFieldBytesMax
            pipeline.decoderConfiguration.maxHeaderListSize = limits.headerListBytesMax
            let chosen = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
                configuration: pipeline)
            let upgradeHandler = try channel.pipeline.syncOperations.handler(
                type: NIOTypedHTTPServerUpgradeHandler<Negotiated>.self)
            try channel.pipeline.syncOperations.addHandler(
                FirstRequestFilter(signalPath: Self.signalPath, origins: origins),
                position: .before(upgradeHandler))
            connections.add(channel)
            return Value(negotiated: chosen, channel: channel)
        }
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.negotiated.get() {
            case .http(let channel): await handleHTTP(asyncChannel: channel, logger: logger)
            case .webSocket(let client): await serveWebSocket(client)
            }
        } catch {
            value.channel.close(promise: nil)
        }
    }
}
