// What the server's words mean for a connection: error codes and reasons of disconnection as reasons of moves.
// SPDX-License-Identifier: Apache-2.0

extension ErrorCode {
    /// Why joining failed, when the server refused `join` with this code.
    package var joinFailure: ChangeReason {
        switch self {
        case .tokenRequired: .tokenRequired
        case .tokenExpired: .tokenExpired
        case .permissionDenied, .kicked, .banned: .permissionDenied
        case .tokenMalformed, .tokenAlgorithmRefused, .tokenUnknownKey, .tokenSignatureInvalid,
            .tokenNotYetValid, .tokenWrongRoom, .tokenWrongIdentity:
            .tokenInvalid
        case .roomNotFound, .roomClosed: .roomNotFound
        case .roomFull, .tooManyRooms: .roomFull
        case .duplicateIdentity: .duplicateIdentity
        case .internalError, .serverOverloaded, .serverShuttingDown, .connectionTooSlow,
            .tooManyRequests:
            .serverUnavailable
        default: .invalidArgument
        }
    }

    /// What ends a session when the server refuses, with this code, to take it up again or to let it
    /// in anew; `nil`: nothing is decided by it, and trying again may help.
    package var sessionEnd: ChangeReason? {
        switch self {
        case .kicked, .banned: .kicked
        case .roomClosed, .roomNotFound: .roomClosed
        case .duplicateIdentity: .duplicateIdentity
        case .tokenExpired: .tokenExpired
        case .tokenRequired, .tokenMalformed, .tokenAlgorithmRefused, .tokenUnknownKey,
            .tokenSignatureInvalid, .tokenNotYetValid, .tokenWrongRoom, .tokenWrongIdentity,
            .permissionDenied, .profileMismatch:
            .permissionDenied
        default: nil
        }
    }
}

extension DisconnectReason {
    /// What ends a session that is told `disconnected` for this reason; `nil`: the session is over,
    /// and its client comes back as a new one.
    package var sessionEnd: ChangeReason? {
        switch self {
        case .kicked: .kicked
        case .roomClosed: .roomClosed
        case .duplicateIdentity: .duplicateIdentity
        case .tokenExpired: .tokenExpired
        case .serverShutdown: .serverShutdown
        case .left, .timeout, .networkLost, .fellBehind, .becameAudience: nil
        }
    }
}
