// A TCP connection to a server's media port, on the event loop that the connection lives on.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix

/// Opens connections and tells what becomes of them.
enum MediaStream {
    /// What a connection tells, on its loop.
    enum Event {
        case bytes(ByteBuffer)
        /// Those that were there have been handed over.
        case turnEnded
        /// What was written has left.
        case hasRoom
        case closed
    }

    /// So much is written at a time, in bytes.
    static let writeBytesMax = 16 * 1_024
    /// What the kernel keeps that has not left the machine, in bytes: what waits there cannot be dropped any more when it is old.
    private static let unsentBytesMax = 16 * 1_024
    /// `TCP_NOTSENT_LOWAT` of Linux.
    private static let unsentLowWater = NIOBSDSocket.Option(rawValue: 25)
    /// What the channel keeps before it says that it is full, in bytes.
    private static let waiting = ChannelOptions.Types.WriteBufferWaterMark(
        low: 1, high: writeBytesMax)

    /// Connects.
    /// - Parameter onEvent: Called from when the connection is there.
    static func connect(
        to address: SocketAddress, on loop: any EventLoop,
        onEvent: @escaping @Sendable (Event) -> Void
    ) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(10))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(
                ChannelOptions.Types.SocketOption(level: .tcp, name: unsentLowWater),
                value: unsentBytesMax
            )
            .channelOption(.writeBufferWaterMark, value: waiting)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(StreamHandler(onEvent))
                }
            }
            .connect(to: address)
    }
}

/// Hands on what a connection tells.
private final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let onEvent: (MediaStream.Event) -> Void

    init(_ onEvent: @escaping (MediaStream.Event) -> Void) { self.onEvent = onEvent }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        onEvent(.bytes(unwrapInboundIn(data)))
    }

    func channelReadComplete(context: ChannelHandlerContext) { onEvent(.turnEnded) }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { onEvent(.hasRoom) }
    }

    func channelInactive(context: ChannelHandlerContext) { onEvent(.closed) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
