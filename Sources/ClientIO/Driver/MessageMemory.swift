// What the server said to several sessions of this process in the same words is read once.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Synchronization

/// Remembers the last messages that are said to everybody in a room, by their text.
///
/// A process with one session remembers nothing. Memory is bounded: ``messagesMax`` messages of ``bytesMax`` bytes.
final class MessageMemory: Sendable {
    /// That of the process.
    static let shared = MessageMemory()

    /// How many are remembered; of more the oldest go.
    static let messagesMax = 16
    /// Longer messages are few.
    static let bytesMax = 16 * 1_024

    private struct State {
        var sessions = 0
        var messages: [(text: [UInt8], message: ServerMessage)] = []
        /// Where the next is put once there are as many as may be.
        var next = 0
        var hits: UInt64 = 0
    }

    private let state = Mutex(State())

    /// How often a message was known.
    var hits: UInt64 { state.withLock { $0.hits } }

    /// A session begins to read.
    func enter() { state.withLock { $0.sessions += 1 } }

    /// A session reads no more; with the last but one all is forgotten.
    func leave() {
        state.withLock { state in
            state.sessions -= 1
            guard state.sessions < 2 else { return }
            state.messages = []
            state.next = 0
        }
    }

    /// What a text says.
    /// - Parameter bytesMax: The caller's own bound.
    /// - Throws: As ``ServerMessage/decode(_:bytesMax:)`` does.
    func message(_ text: [UInt8], bytesMax: Int) throws(SignalingError) -> ServerMessage {
        guard text.count <= min(Self.bytesMax, bytesMax) else {
            return try ServerMessage.decode(text, bytesMax: bytesMax)
        }
        let known = state.withLock { state -> ServerMessage? in
            guard let found = state.messages.first(where: { $0.text == text }) else { return nil }
            state.hits &+= 1
            return found.message
        }
        if let known { return known }
        let message = try ServerMessage.decode(text, bytesMax: bytesMax)
        guard message.isForEverybody else { return message }
        state.withLock { state in
            guard state.sessions > 1 else { return }
            if state.messages.count < Self.messagesMax {
                state.messages.append((text, message))
            } else {
                state.messages[state.next] = (text, message)
                state.next = (state.next + 1) % Self.messagesMax
            }
        }
        return message
    }
}

extension ServerMessage {
    /// Whether it is said in the same words to many in a room. Messages and packets of applications are not kept.
    fileprivate var isForEverybody: Bool {
        switch self {
        case .audioLevels, .networkQuality, .slots, .participantJoined, .participantLeft,
            .participantUpdated, .participantInterrupted, .participantResumed, .trackPublished,
            .trackUnpublished, .trackMuted, .trackQuality:
            true
        default: false
        }
    }
}
