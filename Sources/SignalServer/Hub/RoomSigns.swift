// The way of brief messages from event loops to a room.
// SPDX-License-Identifier: Apache-2.0
import RoomService
import Signaling
import Synchronization
import Wire

/// What connections brought that their room need not be woken for; it looks before it does anything else.
final class RoomSigns: Sendable {
    private let signs = Mutex(SignsOfLife())

    /// Takes note of a message; false if the room is to be told of it as of any other.
    func note(_ message: BriefMessage, from link: SessionLink, at now: MediaInstant) -> Bool {
        signs.withLock { $0.note(message, from: link, at: now) }
    }

    /// What is noted; nothing is noted afterwards.
    func take() -> [SignsOfLife.Sign] { signs.withLock { $0.take() } }
}
