// The named bounds of a WebSocket, and whom it trusts.
// SPDX-License-Identifier: Apache-2.0
package import NIOCore

/// How large, how long, and whom to trust.
package struct WebSocketOptions: Sendable {
    /// From looking up the name to the WebSocket's opening.
    package var connectTimeout = TimeAmount.seconds(10)
    /// Bytes of the largest message taken. The largest of all is `joined`, which describes everybody in the room.
    package var messageBytesMax = 4 * 1024 * 1024
    /// Frames one message may be cut into.
    package var fragmentsMax = 256
    /// Messages that may wait to be sent; one more ends the connection.
    package var outgoingMessagesMax = 1024
    /// Bytes that may wait to be sent.
    package var outgoingBytesMax = 1024 * 1024
    /// Bytes of the header fields of the server's answer.
    package var headerBytesMax = 32 * 1024
    /// How long a close waits for the server's own.
    package var closeTimeout = TimeAmount.seconds(1)
    /// Whom to trust under `wss://`; `nil`: whom the system trusts.
    package var tls: TLSContext?
    /// Which proxy it goes through.
    package var proxy = ProxyChoice.none

    /// The defaults.
    package init() {}
}
