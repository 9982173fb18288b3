// What a session's state machine is told and what it says is to be done.
// SPDX-License-Identifier: Apache-2.0
package import Signaling

extension SessionMachine {
    /// Something that happened.
    package enum Input: Hashable, Sendable {
        /// The application wants to join; only a client that is `disconnected` may.
        case join
        /// The application wants to leave; does nothing where there is nothing to leave.
        case leave
        /// The socket that was asked for is open.
        case socketOpened
        /// The socket cannot be opened, or broke.
        case socketClosed
        /// A message arrived, whatever it says. Told before what the message says.
        case heard
        /// `joined` arrived.
        /// - Parameter canResume: Whether the server keeps the session when a link breaks.
        case joined(canResume: Bool)
        /// `join` was refused.
        case joinRefused(ErrorCode)
        /// `resumed` arrived.
        case resumed
        /// `resume` was refused.
        case resumeRefused(ErrorCode)
        /// `disconnected` arrived.
        case disconnected(DisconnectReason, rejoin: Bool)
        /// `leave` was answered.
        case leaveConfirmed
        /// Something arrived over the media link since this was last told.
        case mediaHeard
        /// The server refused to restart ICE: it does not know the session's media any more.
        case restartRefused
        /// The media link is beyond repair: its handshake failed, or its agent has given up.
        case mediaFailed
        /// The network is another one: an address came or went.
        case networkChanged
        /// Nothing but time has passed.
        case advance
    }

    /// Something to be done, in this order.
    package enum Action: Hashable, Sendable {
        /// The state is another one.
        case changed(ConnectionChange)
        /// Open a socket.
        case openSocket
        /// Close the socket, or give up opening it; nothing it still brings counts.
        case closeSocket
        /// Send `join` with the offer of a media link made for it.
        case sendJoin
        /// Send `resume`.
        case sendResume
        /// Send `leave`.
        case sendLeave
        /// Send `ping`.
        case sendPing
        /// Restart ICE: send `offer` with new ICE credentials.
        case restartMedia
        /// Throw the media link away; it belongs to a session that is over.
        case endMedia
    }
}
