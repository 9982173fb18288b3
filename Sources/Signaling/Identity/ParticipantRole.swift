// What kind of room it is, and which part somebody plays in it.
// SPDX-License-Identifier: Apache-2.0

/// How a room is used; fixed when it comes into being.
package enum RoomProfile: String, Codable, Hashable, Sendable, CaseIterable {
    /// A conversation: everybody publishes and receives, and everybody is seen.
    case communication
    /// A show: hosts publish and receive, the audience receives and is not seen.
    case broadcast
}

/// Whether somebody publishes or only receives.
package enum ParticipantRole: String, Codable, Hashable, Sendable, CaseIterable {
    /// Publishes and receives.
    case host
    /// Receives only.
    case audience
}

extension RoomProfile {
    /// The role of those whose token names none.
    package var defaultRole: ParticipantRole {
        switch self {
        case .communication: .host
        case .broadcast: .audience
        }
    }
}
