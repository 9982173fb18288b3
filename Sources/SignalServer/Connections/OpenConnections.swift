// Every connection of a server, so that none outlives it.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// The connections that were accepted and are not closed, whatever they are: silent, half upgraded, within a request, or a
/// WebSocket.
///
/// Who serves a connection ends it when the server stops. What nobody serves yet, or what waits for a client that does
/// nothing, is closed here.
final class OpenConnections: Sendable {
    private struct Table {
        /// Looked up, never iterated where order shows.
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let table = Mutex(Table())

    /// Takes note of a connection until it closes.
    func add(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let isLate = table.withLock { table in
            table.channels[id] = channel
            return table.isClosed
        }
        channel.closeFuture.whenComplete { _ in
            self.table.withLock { $0.channels[id] = nil }
        }
        if isLate { channel.close(promise: nil) }
    }

    /// How many there are.
    var count: Int { table.withLock { $0.channels.count } }

    /// Closes all there are, and all that come from now on.
    func closeAll() {
        let channels = table.withLock { table in
            table.isClosed = true
            return Array(table.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }
}
