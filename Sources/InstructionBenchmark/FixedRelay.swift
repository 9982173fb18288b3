// What one loop hands to another in a turn, in memory taken beforehand as the ring of a process is.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker
import Wire

/// A door from one worker to another.
struct FixedRelay: RelayDoor {
    private static let messagesMax = 4_096
    private var messages: [(message: RelayMessage, start: Int, count: Int)] = []
    private var bytes = [UInt8](repeating: 0, count: 1 << 20)
    private var used = 0

    init() { messages.reserveCapacity(Self.messagesMax) }

    mutating func relay(_ message: RelayMessage, payload: Span<UInt8>, to loop: Int) -> Bool {
        guard messages.count < Self.messagesMax, used + payload.count <= bytes.count else {
            return false
        }
        let start = used
        var span = bytes.mutableSpan
        guard span.copy(payload, to: start) else { return false }
        messages.append((message, start, payload.count))
        used += payload.count
        return true
    }

    /// Gives everything to a worker.
    mutating func deliver(to worker: inout MediaWorker, from loop: Int, at now: MediaInstant) {
        for index in messages.indices {
            let item = messages[index]
            let payload = bytes.span.extracting(item.start..<(item.start + item.count))
            worker.receiveRelayed(item.message, payload: payload, from: loop, at: now)
        }
        messages.removeAll(keepingCapacity: true)
        used = 0
    }

    /// Gives everything to a worker that may not be there.
    mutating func deliver(to worker: inout MediaWorker?, from loop: Int, at now: MediaInstant) {
        guard var taken = worker.take() else { return }
        deliver(to: &taken, from: loop, at: now)
        worker = consume taken
    }
}
