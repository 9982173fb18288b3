// Whether a publication is silent for now.
// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Set by the application or by what the server says, read by whoever sends.
final class MuteSwitch: Sendable {
    private let state: Atomic<Bool>
    private let room: MuteSwitch?

    /// - Parameter room: The switch of all that is published together.
    init(_ isMuted: Bool, in room: MuteSwitch? = nil) {
        state = Atomic(isMuted)
        self.room = room
    }

    /// Whether it is muted itself.
    var isMuted: Bool {
        get { state.load(ordering: .relaxed) }
        set { state.store(newValue, ordering: .relaxed) }
    }

    /// Whether nothing is to be encoded and sent: it is muted, or all is.
    var isSilent: Bool { isMuted || room?.isMuted == true }
}
