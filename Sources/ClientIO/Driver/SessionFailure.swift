// Why something asked of a session was not done, in the codes of docs/errors.md.
// SPDX-License-Identifier: Apache-2.0
package import Signaling

/// What an application's call throws.
package enum SessionFailure: Error, Hashable, Sendable {
    /// The server, or the session before it, refused: a code of the server's table.
    case refused(SignalingError)
    /// 6000: the server cannot be reached.
    case linkFailed(WebSocketError)
    /// 6001: the session ended before the answer came, and why; whether it was done is not known.
    case linkLost(ChangeReason)
    /// 6002: the server did not answer the join in time.
    case joinTimedOut
    /// 6003: the server did not answer a request in time.
    case requestTimedOut
    /// 6004: the task was cancelled, or the room was left meanwhile.
    case aborted

    /// The number of docs/errors.md.
    package var code: Int {
        switch self {
        case .refused(let error): error.code.rawValue
        case .linkFailed: 6000
        case .linkLost: 6001
        case .joinTimedOut: 6002
        case .requestTimedOut: 6003
        case .aborted: 6004
        }
    }
}

extension SessionFailure: CustomStringConvertible {
    /// What happened and what to do.
    package var description: String {
        switch self {
        case .refused(let error): error.message
        case .linkFailed(let error): error.description
        case .linkLost(let reason):
            "The session ended (\(reason.rawValue)) before the answer came; join again."
        case .joinTimedOut: "The server did not let us in in time; try again."
        case .requestTimedOut: "The server did not answer in time; try again."
        case .aborted: "It was given up."
        }
    }
}

extension ChangeReason {
    /// What to throw where joining failed, or a session ended, for this reason.
    /// - Parameters:
    ///   - refusal: What the server said last.
    ///   - link: Why the last socket was lost.
    func failure(refusal: SignalingError?, link: WebSocketError?) -> SessionFailure {
        switch self {
        case .left, .notJoined: return .aborted
        case .joinTimedOut: return .joinTimedOut
        case .linkFailed: return .linkFailed(link ?? .broken)
        case .reconnectTimedOut, .signalLost, .mediaLost, .networkChanged, .serverMoved,
            .roomLookupFailed, .engineCrashed, .joinRequested, .joined, .resumed, .restarted:
            return .linkLost(self)
        default: return refusal.map { .refused($0) } ?? .linkLost(self)
        }
    }
}

extension DisconnectReason {
    /// The code of an error that says why the server ended the session; `nil`: the client comes back.
    var code: ErrorCode? {
        switch self {
        case .kicked: .kicked
        case .roomClosed: .roomClosed
        case .duplicateIdentity: .duplicateIdentity
        case .tokenExpired: .tokenExpired
        case .serverShutdown: .serverShuttingDown
        case .left, .timeout, .networkLost, .fellBehind, .becameAudience: nil
        }
    }
}
