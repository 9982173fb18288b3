// Where a client's connection to a room stands, and why.
// SPDX-License-Identifier: Apache-2.0

/// Where a connection stands: the states of the one state machine that server, simulation and all
/// SDKs share, without what they carry.
package enum ConnectionPhase: String, Codable, Hashable, Sendable, CaseIterable {
    /// Not in a room: before joining, after leaving, or after an end that nothing mends.
    case disconnected
    /// Joining.
    case connecting
    /// In the room.
    case connected
    /// In the room as the others see it, with a link that broke and is being mended.
    case reconnecting
    /// Leaving, until the server has said so or time is up.
    case leaving
}

/// Which link of a connection is broken.
package enum LostLink: String, Codable, Hashable, Sendable, CaseIterable {
    /// The signalling link.
    case signal
    /// The media link.
    case media
    /// Both of them.
    case both
}

/// Why a connection moved; one for each move.
package enum ChangeReason: String, Codable, Hashable, Sendable, CaseIterable {
    /// The first state: nobody has joined yet.
    case notJoined
    /// The application asked to join.
    case joinRequested
    /// The server let the client in.
    case joined
    /// The application left.
    case left

    /// The signalling link was lost.
    case signalLost
    /// The media link was lost.
    case mediaLost
    /// The network under both links is another one.
    case networkChanged
    /// The server went, and another takes its place.
    case serverMoved

    /// The session goes on as it was.
    case resumed
    /// A new session took the place of the one that was lost.
    case restarted
    /// Nothing mended the links before the window's end.
    case reconnectTimedOut

    /// What joining needs could not be looked up.
    case roomLookupFailed
    /// The server could not be reached.
    case linkFailed
    /// The token is none of this server.
    case tokenInvalid
    /// A token is needed.
    case tokenRequired
    /// The token has expired.
    case tokenExpired
    /// The token does not grant it.
    case permissionDenied
    /// The room is full.
    case roomFull
    /// There is no such room, and joining makes none.
    case roomNotFound
    /// Somebody with the same id is in the room, or came.
    case duplicateIdentity
    /// The members of the room encrypt otherwise.
    case encryptionMismatch
    /// Something that joining was asked with has no good value.
    case invalidArgument
    /// The server did not answer in time.
    case joinTimedOut
    /// The server takes nobody for now.
    case serverUnavailable

    /// The server or a host sent the client away.
    case kicked
    /// The room was closed.
    case roomClosed
    /// The server went for good.
    case serverShutdown
    /// The process that carries media ended by itself.
    case engineCrashed

    /// Whether a move to `disconnected` for this reason is a failure: nobody wanted it.
    package var isFailure: Bool {
        switch self {
        case .notJoined, .left, .kicked, .roomClosed: false
        default: true
        }
    }
}

/// One move of a connection.
package struct ConnectionChange: Codable, Hashable, Sendable {
    /// The state before.
    package var from: ConnectionPhase
    /// The state after.
    package var to: ConnectionPhase
    /// Why.
    package var reason: ChangeReason

    /// Makes a change.
    package init(from: ConnectionPhase, to: ConnectionPhase, reason: ChangeReason) {
        self.from = from
        self.to = to
        self.reason = reason
    }
}
