// Where a room's events go before there is a connection for them.
// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Hands messages to a connection once there is one: a room that was not joined has none to tell.
final class EngineOutbox: Sendable {
    private struct State {
        var connection: EngineConnection?
        /// What the application calls the sources of this process.
        var numbers: [ObjectIdentifier: UInt32] = [:]
    }

    private let state = Mutex(State())

    func open(_ connection: EngineConnection) { state.withLock { $0.connection = connection } }

    func send(_ message: EngineMessage) { state.withLock { $0.connection }?.send(message) }

    /// Names a source by the publication that it is made for.
    func name(_ source: AnyObject, _ number: UInt32) {
        state.withLock { $0.numbers[ObjectIdentifier(source)] = number }
    }

    /// Hands on what was said of a room.
    func pass(_ news: RoomNews) {
        switch news {
        case .event(let event): send(.event(event))
        case .oneself(let oneself): send(.oneself(oneself))
        case .permissions(let permissions): send(.permissions(permissions))
        case .withdrawn(let source, let reason, let error):
            guard let number = state.withLock({ $0.numbers.removeValue(forKey: source) }) else {
                return
            }
            send(.withdrawn(number, reason, error))
        }
    }
}
