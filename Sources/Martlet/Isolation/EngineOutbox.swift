// Where a room's events go before there is a connection for them.
// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Hands messages to a connection once there is one: a room that was not joined has none to tell.
final class EngineOutbox: Sendable {
    private let connection = Mutex<EngineConnection?>(nil)

    func open(_ connection: EngineConnection) {
        self.connection.withLock { $0 = connection }
    }

    func send(_ message: EngineMessage) { connection.withLock { $0 }?.send(message) }
}
