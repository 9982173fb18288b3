// Where a connection to a room stands, and why: the state machine of docs/sessions.md as the SDK shows it.
// SPDX-License-Identifier: Apache-2.0
import Signaling

/// Why a connection moved; one for each move.
public enum ChangeReason: String, Sendable, Hashable, Codable, CaseIterable {
    /// The first state: nobody has joined yet.
    case notJoined
    /// The application asked to join.
    case joinRequested
    /// The server let us in.
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
    /// The server or a host sent us away.
    case kicked
    /// The room was closed.
    case roomClosed
    /// The server went for good.
    case serverShutdown
    /// The process that carries media ended by itself.
    case engineCrashed

    init(_ reason: Signaling.ChangeReason) {
        // A test holds both lists together.
        self = ChangeReason(rawValue: reason.rawValue) ?? .engineCrashed
    }

    /// Whether a move to `disconnected` for this reason is a failure: nobody wanted it.
    public var isFailure: Bool {
        switch self {
        case .notJoined, .left, .kicked, .roomClosed: false
        default: true
        }
    }
}

/// Which link of a connection is broken.
public enum LostLink: String, Sendable, Hashable, Codable, CaseIterable {
    /// The signalling link.
    case signal
    /// The media link.
    case media
    /// Both of them.
    case both

    init(_ link: Signaling.LostLink) {
        self =
            switch link {
            case .signal: .signal
            case .media: .media
            case .both: .both
            }
    }
}

/// Where a connection to a room stands.
public enum ConnectionState: Sendable, Hashable, Codable {
    /// Not in a room, and why.
    case disconnected(ChangeReason)
    /// Joining.
    case connecting
    /// In the room.
    case connected
    /// In the room as the others see it, with a link that broke and is being mended; which try it is, from 1.
    case reconnecting(lost: LostLink, attempt: Int)
    /// Leaving.
    case leaving
}

/// One move of a connection.
public struct ConnectionChange: Sendable, Hashable, Codable {
    /// The state before.
    public let from: ConnectionState
    /// The state after.
    public let to: ConnectionState
    /// Why.
    public let reason: ChangeReason
    /// What happened and what to do, where it was an error; `nil`: it was none.
    public let error: MartletError?

    /// Two moves are the same if they lead the same way for the same reason.
    public static func == (left: ConnectionChange, right: ConnectionChange) -> Bool {
        left.from == right.from && left.to == right.to && left.reason == right.reason
    }

    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(from)
        hasher.combine(to)
        hasher.combine(reason)
    }
}
