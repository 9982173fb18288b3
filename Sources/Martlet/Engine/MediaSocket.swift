// The UDP socket of a connection, on the event loop that the connection lives on.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix

/// Hands datagrams to whoever owns the connection.
private final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let onDatagram: (ByteBuffer, SocketAddress) -> Void
    private let onTurnEnd: () -> Void

    init(
        onDatagram: @escaping (ByteBuffer, SocketAddress) -> Void,
        onTurnEnd: @escaping () -> Void
    ) {
        self.onDatagram = onDatagram
        self.onTurnEnd = onTurnEnd
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        onDatagram(envelope.data, envelope.remoteAddress)
    }

    func channelReadComplete(context: ChannelHandlerContext) { onTurnEnd() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An ICMP refusal of one datagram, as while the server restarts: consent decides what is over.
    }
}

/// One UDP socket bound to a wildcard address: the kernel chooses the way out, so that it goes on when the machine's
/// network is another one.
struct MediaSocket: Sendable {
    /// The largest datagram that is received whole.
    private static let datagramMax = 2_048
    /// How many are read in a row.
    private static let batch = 16
    /// The kernel's buffers in bytes: a keyframe of a large picture comes at once.
    private static let bufferBytes: Int = 1 << 20

    let channel: any Channel
    /// Whether it is of IPv6.
    let isIPv6: Bool

    /// Opens a socket.
    /// - Parameters:
    ///   - ports: Where to bind, tried from a random one on; `nil`: wherever the kernel likes.
    ///   - onDatagram: Called on the loop for each datagram.
    ///   - onTurnEnd: Called on the loop when those that were there have been handed over.
    static func open(
        on loop: any EventLoop, ipv6 isIPv6: Bool, ports: ClosedRange<UInt16>?,
        onDatagram: @escaping @Sendable (ByteBuffer, SocketAddress) -> Void,
        onTurnEnd: @escaping @Sendable () -> Void
    ) async throws -> MediaSocket {
        var bootstrap = DatagramBootstrap(group: loop)
            .channelOption(.datagramVectorReadMessageCount, value: batch)
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: datagramMax * batch)
            )
            .channelOption(.socketOption(.so_rcvbuf), value: bufferBytes)
            .channelOption(.socketOption(.so_sndbuf), value: bufferBytes)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        DatagramHandler(onDatagram: onDatagram, onTurnEnd: onTurnEnd))
                }
            }
        // Each family has a socket of its own, on the same port if need be.
        if isIPv6 {
            bootstrap = bootstrap.channelOption(
                ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only), value: 1)
        }
        let host = isIPv6 ? "::" : "0.0.0.0"
        guard let ports else {
            return MediaSocket(
                channel: try await bootstrap.bind(host: host, port: 0).get(), isIPv6: isIPv6)
        }
        let first = UInt16.random(in: ports)
        var refusal: any Error = MartletError(.engineFailed, "No port is free.")
        for port in [first...ports.upperBound, ports.lowerBound...first].joined() {
            do {
                return MediaSocket(
                    channel: try await bootstrap.bind(host: host, port: Int(port)).get(),
                    isIPv6: isIPv6)
            } catch {
                refusal = error
            }
        }
        throw MartletError(
            .engineFailed,
            "No media port from \(ports.lowerBound) to \(ports.upperBound) is free (\(refusal)): widen `mediaPorts`."
        )
    }
}
