// The UDP socket of a connection, on the event loop that the connection lives on.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix

/// Hands datagrams to whoever owns the connection.
private final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let owner: MediaSocket.Owner

    init(_ owner: MediaSocket.Owner) { self.owner = owner }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        owner.onDatagram(envelope.data, envelope.remoteAddress)
    }

    func channelReadComplete(context: ChannelHandlerContext) { owner.onTurnEnd() }

    func channelInactive(context: ChannelHandlerContext) { owner.onClosed() }

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

    /// Who hears of a socket, on its loop.
    struct Owner: Sendable {
        /// A datagram, and where it came from.
        let onDatagram: @Sendable (ByteBuffer, SocketAddress) -> Void
        /// Those that were there have been handed over.
        let onTurnEnd: @Sendable () -> Void
        /// It is gone: NIO closes a socket for most errors of sending, as when the machine has no network.
        let onClosed: @Sendable () -> Void
    }

    let channel: any Channel
    /// Whether it is of IPv6.
    let isIPv6: Bool

    /// Opens a socket; to be called on the loop.
    /// - Parameter ports: Where to bind, tried from a random one on; `nil`: wherever the kernel likes.
    static func open(
        on loop: any EventLoop, ipv6 isIPv6: Bool, ports: ClosedRange<UInt16>?, for owner: Owner
    ) -> EventLoopFuture<MediaSocket> {
        var bootstrap = DatagramBootstrap(group: loop)
            .channelOption(.datagramVectorReadMessageCount, value: batch)
            // What does not fit in is read in the loop's next turn, rather than asking each time whether there is more.
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: datagramMax * batch)
            )
            .channelOption(.socketOption(.so_rcvbuf), value: bufferBytes)
            .channelOption(.socketOption(.so_sndbuf), value: bufferBytes)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramHandler(owner))
                }
            }
        // Each family has a socket of its own, on the same port if need be.
        if isIPv6 {
            bootstrap = bootstrap.channelOption(
                ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only), value: 1)
        }
        guard let ports else { return bind(bootstrap, on: loop, ipv6: isIPv6, ports: [0][...]) }
        let first = UInt16.random(in: ports)
        let all = Array([first...ports.upperBound, ports.lowerBound...first].joined())
        return bind(bootstrap, on: loop, ipv6: isIPv6, ports: all[...]).flatMapErrorThrowing {
            throw MartletError(
                .engineFailed,
                "No media port from \(ports.lowerBound) to \(ports.upperBound) is free (\($0)): widen `mediaPorts`."
            )
        }
    }

    /// Binds to the first of the ports that is free.
    private static func bind(
        _ bootstrap: DatagramBootstrap, on loop: any EventLoop, ipv6 isIPv6: Bool,
        ports: ArraySlice<UInt16>
    ) -> EventLoopFuture<MediaSocket> {
        guard let port = ports.first else {
            return loop.makeFailedFuture(MartletError(.engineFailed, "No port is free."))
        }
        return bootstrap.bind(host: isIPv6 ? "::" : "0.0.0.0", port: Int(port))
            .map { MediaSocket(channel: $0, isIPv6: isIPv6) }
            .assumeIsolated()
            .flatMapError { error in
                ports.count > 1
                    ? bind(bootstrap, on: loop, ipv6: isIPv6, ports: ports.dropFirst())
                    : loop.makeFailedFuture(error)
            }
            .nonisolated()
    }
}
