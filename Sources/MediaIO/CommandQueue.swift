// The bounded queue through which other threads speak to a media loop.
// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Commands in order, many writers, one reader; wakes the reader when there is something new.
final class CommandQueue<Command: Sendable>: Sendable {
    private struct State {
        var ring: [Command?]
        var head = 0
        var count = 0
        var isClosed = false
        var refused: UInt64 = 0
    }

    let wake: WakeSignal
    private let state: Mutex<State>

    /// - Parameter capacity: The most commands that wait, at least 1.
    init(capacity: Int, wake: WakeSignal) {
        self.wake = wake
        state = Mutex(State(ring: [Command?](repeating: nil, count: max(1, capacity))))
    }

    /// Appends a command; false if the queue is full or closed.
    func submit(_ command: Command) -> Bool {
        let wasEmpty: Bool? = state.withLock { state in
            guard !state.isClosed, state.count < state.ring.count else {
                state.refused &+= 1
                return nil
            }
            state.ring[(state.head + state.count) % state.ring.count] = command
            state.count += 1
            return state.count == 1
        }
        // A reader that was woken before takes everything, so only the first of a series wakes it.
        if wasEmpty == true { wake.signal() }
        return wasEmpty != nil
    }

    /// Whether a command would be taken now.
    var hasSpace: Bool {
        state.withLock { !$0.isClosed && $0.count < $0.ring.count }
    }

    /// Takes no more commands; those inside can still be taken.
    func close() {
        state.withLock { $0.isClosed = true }
        wake.signal()
    }

    /// The oldest command.
    func next() -> Command? {
        state.withLock { state in
            guard state.count > 0 else { return nil }
            let command = state.ring[state.head]
            state.ring[state.head] = nil
            state.head = (state.head + 1) % state.ring.count
            state.count -= 1
            return command
        }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// How many commands found the queue full or closed.
    var refused: UInt64 { state.withLock { $0.refused } }
}
