// What a hosted room asks of sockets and media loops.
// SPDX-License-Identifier: Apache-2.0
package import Rooms
package import Signaling

/// One thing to be done, in the order in which they are polled.
package enum RoomOutput: Sendable {
    /// Send a message over the session's connection; ignore if it has none.
    case send(SessionKey, ServerMessage)
    /// Send one message to many; encode it once.
    case broadcast([SessionKey], ServerMessage)
    /// Tell a media loop.
    case command(LoopCommand)
    /// The session goes on over another connection: close this one, which is nobody's any more.
    case replaced(ConnectionID)
    /// The session is over: once all is sent, close its connection.
    case dropped(SessionKey, DisconnectReason)
    /// The room is gone; nothing follows.
    case closed
}
