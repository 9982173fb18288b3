// What an application asks of the room beside media: role, texts, token, messages, others.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
import Wire

extension ClientSession {
    /// Asks the server for something; the answer comes as `SessionEvent.answered`, also across a break.
    /// - Returns: The number of the request.
    /// - Throws: `.invalidState` outside a room, `.tooManyRequests` while too many wait.
    private mutating func ask(
        _ make: (RequestID) -> ClientMessage
    ) throws(SignalingError) -> RequestID {
        guard session != nil else {
            throw SignalingError(.invalidState, detail: "Join a room first.")
        }
        try checkRoom()
        return enqueue(make)
    }

    /// Begins or ends being one of those who publish.
    package mutating func setRole(_ role: ParticipantRole) throws(SignalingError) -> RequestID {
        try ask { .setRole($0, role) }
    }

    /// Changes what the others see of oneself.
    package mutating func updateSelf(
        _ update: ParticipantUpdate
    ) throws(SignalingError) -> RequestID {
        try ask { .updateSelf($0, update) }
    }

    /// Shows a new token; it is also the one that a new session is joined with.
    package mutating func renewToken(_ token: String) throws(SignalingError) -> RequestID {
        request?.token = token
        return try ask { .renewToken($0, token) }
    }

    /// Sends a message to some, or to everybody.
    package mutating func send(_ message: OutgoingMessage) throws(SignalingError) -> RequestID {
        try ask { .sendMessage($0, message) }
    }

    /// Sends somebody away, and keeps them away for some seconds if those are given; needs the grant `admin`.
    package mutating func removeParticipant(
        _ participant: ParticipantID, banSeconds: Int64? = nil
    ) throws(SignalingError) -> RequestID {
        try ask { .removeParticipant($0, participant, banSeconds: banSeconds) }
    }

    /// Changes somebody else; needs the grant `admin`.
    package mutating func changeParticipant(
        _ participant: ParticipantID, _ change: ParticipantChange
    ) throws(SignalingError) -> RequestID {
        try ask { .changeParticipant($0, participant, change) }
    }

    /// Tells how good one's own network is; lost while there is nobody to tell.
    package mutating func report(_ quality: NetworkQuality) {
        if canSend { act(.send(.reportQuality(quality))) }
    }

    /// The number of the last request made that has no answer yet; `nil`: all have theirs.
    package var newestRequest: RequestID? { pending.requests.last?.id }
}
