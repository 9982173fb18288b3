// Why sessions ended, for clients that come back too late to have been told.
// SPDX-License-Identifier: Apache-2.0
package import Signaling

/// The last sessions that ended; older ones are forgotten, so that it never grows.
package struct EndedSessions: Sendable {
    /// The most sessions remembered.
    package static let countMax = 4_096

    /// Looked up, never iterated.
    private var reasons: [SessionID: DisconnectReason] = [:]
    /// A ring: the oldest is overwritten.
    private var order: [SessionID] = []
    private var next = 0

    /// Nothing remembered.
    package init() {}

    /// How many are remembered.
    package var count: Int { order.count }

    /// Remembers a session.
    package mutating func note(_ session: SessionID, _ reason: DisconnectReason) {
        guard reasons[session] == nil else { return }
        reasons[session] = reason
        if order.count < Self.countMax {
            order.append(session)
        } else {
            reasons[order[next]] = nil
            order[next] = session
            next = (next + 1) % Self.countMax
        }
    }

    /// What to answer to whoever wants to resume a session that is not there.
    package func refusal(of session: SessionID) -> SignalingError {
        guard let reason = reasons[session] else { return SignalingError(.sessionNotFound) }
        return SignalingError(reason.resumeRefusal)
    }
}

extension DisconnectReason {
    /// The code that tells this to a client that wants to resume the session.
    fileprivate var resumeRefusal: ErrorCode {
        switch self {
        case .kicked: .kicked
        case .roomClosed: .roomClosed
        case .duplicateIdentity: .duplicateIdentity
        case .tokenExpired: .tokenExpired
        case .serverShutdown: .serverShuttingDown
        case .left, .timeout, .networkLost, .fellBehind, .becameAudience: .sessionNotFound
        }
    }
}
