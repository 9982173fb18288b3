// Which moves of a connection are legal, and for which reasons: the table that everything else obeys.
// SPDX-License-Identifier: Apache-2.0

extension ConnectionChange {
    /// Whether the table has this move.
    package var isLegal: Bool { Self.reasons(from: from, to: to).contains(reason) }

    /// Every legal move, in the order of states and reasons.
    package static var legal: [ConnectionChange] {
        var moves: [ConnectionChange] = []
        for from in ConnectionPhase.allCases {
            for to in ConnectionPhase.allCases {
                for reason in reasons(from: from, to: to) {
                    moves.append(ConnectionChange(from: from, to: to, reason: reason))
                }
            }
        }
        return moves
    }

    /// The reasons for which a connection may move between two states; empty: it may not.
    package static func reasons(
        from: ConnectionPhase, to: ConnectionPhase
    ) -> [ChangeReason] {
        switch (from, to) {
        case (.disconnected, .connecting): [.joinRequested]
        case (.connecting, .connected): [.joined]
        case (.connecting, .disconnected): joinFailures
        case (.connected, .reconnecting): [.signalLost, .mediaLost, .networkChanged, .serverMoved]
        case (.connected, .disconnected): sessionEnds
        case (.reconnecting, .connected): [.resumed, .restarted]
        case (.reconnecting, .disconnected): [.reconnectTimedOut] + sessionEnds
        case (.connecting, .leaving), (.connected, .leaving), (.reconnecting, .leaving): [.left]
        case (.leaving, .disconnected): [.left]
        default: []
        }
    }

    /// Why joining fails.
    package static let joinFailures: [ChangeReason] = [
        .roomLookupFailed, .linkFailed, .tokenInvalid, .tokenRequired, .tokenExpired,
        .permissionDenied, .roomFull, .roomNotFound, .duplicateIdentity, .encryptionMismatch,
        .invalidArgument, .joinTimedOut, .serverUnavailable,
    ]

    /// What ends a session that stood.
    package static let sessionEnds: [ChangeReason] = [
        .kicked, .roomClosed, .duplicateIdentity, .tokenExpired, .permissionDenied,
        .serverShutdown, .engineCrashed,
    ]
}
