// The named bounds of the HTTP and WebSocket face; every queue and wait on this floor refers to one of them.
// SPDX-License-Identifier: Apache-2.0
package import NIOCore
package import RoomService
package import Wire

/// How much one connection may ask for, and how long it may take.
package struct ServerLimits: Sendable {
    /// Connections open at once; more wait in the kernel's backlog until one closes.
    package var connectionsMax = 8192
    /// Connections the kernel keeps until they are accepted: in a burst those beyond it come a second late.
    package var backlog = 4096
    /// Connections of these that are waited for at once: before a request, within one, between two, or before a
    /// `join`. One more closes the one waited for longest.
    package var idleConnectionsMax = 2048
    /// Bytes the kernel is asked to hold for a slow reader before the queues below fill; it takes twice as many.
    package var socketSendBufferBytes = 128 * 1024
    /// Bytes of one header field of a request.
    package var headerFieldBytesMax = 8 * 1024
    /// Bytes of all header fields of a request together.
    package var headerListBytesMax = 32 * 1024
    /// Bytes of a request body; checked against `Content-Length` before anything is read.
    package var bodyBytesMax = 256 * 1024
    /// Bytes of one WebSocket message, and of one frame's declared length.
    package var messageBytesMax = 512 * 1024
    /// Frames one message may be cut into.
    package var fragmentsMax = 64
    /// Messages a client may send within one second.
    package var messagesPerSecondMax = 200
    /// Bytes of messages a client may send within one second: twice its largest messages, and then some.
    package var messageBytesPerSecondMax = 2 * 1024 * 1024
    /// Offers, joins included, a client may send within a minute: each costs a negotiation.
    package var offersPerMinuteMax = 30
    /// Tries to resume a session, within a minute: who guesses ids is not to guess many.
    package var resumesPerMinuteMax = 10
    /// Messages waiting for a slow reader before it is cut off.
    package var outboundMessagesMax = 1024
    /// Bytes waiting for a slow reader before it is cut off.
    package var outboundBytesMax = 1024 * 1024
    /// From accepting a connection to the end of its first request head.
    package var headerTimeout = TimeAmount.seconds(10)
    /// From the head of a request to the end of its body.
    package var bodyTimeout = TimeAmount.seconds(15)
    /// Between two requests of a kept connection.
    package var idleTimeout = TimeAmount.seconds(30)
    /// How long a peer may take nothing of what waits in the socket.
    package var writeStallTimeout = TimeAmount.seconds(15)
    /// From the WebSocket's opening to its `join`.
    package var joinTimeout = MediaDuration.seconds(10)
    /// Between two pings of a joined WebSocket.
    package var pingInterval = MediaDuration.seconds(1)
    /// Silence after which a participant's signalling link counts as lost: three missed pings.
    package var linkLostTimeout = MediaDuration.seconds(3)
    /// From the signal to stop until connections are cut.
    package var shutdownTimeout = Duration.milliseconds(1500)
    /// From then until what waits for its client all the same is closed: answers of which some is still to be taken.
    package var closingTimeout = TimeAmount.milliseconds(250)

    /// The limits of a production server.
    package init() {}

    /// The bounds of what a signalling connection decides.
    package var connection: ConnectionLimits {
        var limits = ConnectionLimits()
        limits.joinTimeout = joinTimeout
        limits.pingInterval = pingInterval
        limits.linkLostTimeout = linkLostTimeout
        limits.offersPerMinuteMax = offersPerMinuteMax
        limits.resumesPerMinuteMax = resumesPerMinuteMax
        return limits
    }
}
