// Keeps connections that ask for nothing from standing in the way of those that do.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// The connections of a server that are waited for: before their first request, within one, between two, or before
/// a `join`.
///
/// Only so many may stand at once; one more closes the one that has stood longest. A time-out alone would let
/// somebody who opens connections faster than it ends them keep everybody else out.
final class IdleConnections: Sendable {
    /// A connection's place among the idle.
    struct Place: Sendable {
        fileprivate let number: UInt64
    }

    private struct Table {
        /// Looked up, never iterated.
        var channels: [UInt64: any Channel] = [:]
        /// No lower number is in the table.
        var oldest: UInt64 = 0
        var next: UInt64 = 0

        mutating func removeOldest() -> (any Channel)? {
            while oldest < next {
                defer { oldest += 1 }
                if let channel = channels.removeValue(forKey: oldest) { return channel }
            }
            return nil
        }
    }

    private let countMax: Int
    private let onEviction: @Sendable () -> Void
    private let table = Mutex(Table())

    /// - Parameter onEviction: Called for each connection that had to make room.
    init(countMax: Int, onEviction: @escaping @Sendable () -> Void) {
        self.countMax = countMax
        self.onEviction = onEviction
    }

    /// A connection is waited for; amortized O(1).
    func enter(_ channel: any Channel) -> Place {
        let (number, evicted) = table.withLock { table -> (UInt64, (any Channel)?) in
            let number = table.next
            table.next += 1
            table.channels[number] = channel
            return (number, table.channels.count > countMax ? table.removeOldest() : nil)
        }
        if let evicted {
            onEviction()
            evicted.close(promise: nil)
        }
        return Place(number: number)
    }

    /// The connection has asked for something, or is gone.
    func leave(_ place: Place) {
        table.withLock { table in
            table.channels[place.number] = nil
            // Without anybody idle the gone numbers need not be walked over one by one later.
            if table.channels.isEmpty { table.oldest = table.next }
        }
    }
}
