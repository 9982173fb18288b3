// What waits to be written to one client: bounded, and taken in batches.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOWebSocket
import Synchronization

/// A queue from many writers to the event loop that writes a socket.
///
/// What came together leaves together: one wake-up, one system call. What is being written still counts, so that a
/// client that reads nothing costs no more than the bounds say.
final class OutboundQueue: Sendable {
    /// What waits to be written.
    enum Item: Sendable {
        case text(ByteBuffer)
        /// What a connection is told once: what was missed, bounded by what is kept of it, or the room as it is,
        /// bounded by how large a room may be.
        case replay(ByteBuffer)
        case pong(ByteBuffer)
        case close(WebSocketErrorCode, String)
    }

    /// What became of an item.
    enum Outcome: Sendable {
        case queued
        /// Queued as well, and who writes is to be woken: it had found nothing more.
        case due
        /// It waits for `release`, and is the first to do so since the last.
        case held
        /// There is a close frame before it already.
        case discarded
        /// Too much waits: nothing more is taken.
        case overflown
    }

    /// What there is for who writes.
    enum Step: Sendable {
        /// To be written before the next step is asked for.
        case write([Item])
        /// Nothing for now: who queues the next will say so.
        case wait
        /// Nothing more.
        case end
    }

    /// The most items and about the most bytes taken at once: what lies in a socket's own buffers is memory as well.
    private static let batchItemsMax = 64
    private static let batchBytesMax = 64 * 1024

    private struct State {
        var items: [Item] = []
        var head = 0
        var messageCount = 0
        var byteCount = 0
        /// What the batch being written counts.
        var writing = (messages: 0, bytes: 0)
        var isClosing = false
        var isFinished = false
        /// Whether something waits for `release`.
        var isHeld = false
        /// Whether who writes waits to be woken, as at first.
        var isWaiting = true

        var isEmpty: Bool { head == items.count }

        /// Whether somebody is to be woken, and is so from now on.
        mutating func takeWaiting() -> Bool {
            defer { isWaiting = false }
            return isWaiting
        }
    }

    private let messagesMax: Int
    private let bytesMax: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - messagesMax: The most messages that wait, replayed ones not counted.
    ///   - bytesMax: The most bytes of them.
    init(messagesMax: Int, bytesMax: Int) {
        self.messagesMax = messagesMax
        self.bytesMax = bytesMax
    }

    /// Adds an item; nothing after a close frame.
    /// - Parameter isHeld: Whether to leave it to `release` to wake who writes, so that more can come beside it.
    func append(_ item: Item, held isHeld: Bool = false) -> Outcome {
        state.withLock { state in
            guard !state.isClosing else { return .discarded }
            let weight = item.weight
            state.messageCount += weight.messages
            state.byteCount += weight.bytes
            guard state.messageCount <= messagesMax, state.byteCount <= bytesMax else {
                state.isClosing = true
                state.isFinished = true
                return .overflown
            }
            if case .close = item { state.isClosing = true }
            state.items.append(item)
            guard isHeld else { return state.takeWaiting() ? .due : .queued }
            let isFirst = !state.isHeld
            state.isHeld = true
            return isFirst ? .held : .queued
        }
    }

    /// Lets go what was held.
    /// - Returns: Whether who writes is to be woken.
    func release() -> Bool {
        state.withLock { state in
            state.isHeld = false
            return !state.isEmpty && state.takeWaiting()
        }
    }

    /// Takes nothing more; what waits can still be taken.
    func finish() {
        state.withLock { state in
            state.isClosing = true
            state.isFinished = true
        }
    }

    /// The next items in order, once the last have been written. For the event loop of the socket alone.
    func next() -> Step {
        state.withLock { state in
            state.messageCount -= state.writing.messages
            state.byteCount -= state.writing.bytes
            state.writing = (0, 0)
            guard state.isEmpty else { return .write(Self.takeBatch(&state)) }
            state.isWaiting = !state.isFinished
            return state.isFinished ? .end : .wait
        }
    }

    private static func takeBatch(_ state: inout State) -> [Item] {
        var batch: [Item] = []
        var bytes = 0
        while !state.isEmpty, batch.count < batchItemsMax, bytes < batchBytesMax {
            let item = state.items[state.head]
            state.head += 1
            let weight = item.weight
            state.writing.messages += weight.messages
            state.writing.bytes += weight.bytes
            bytes += item.byteCount
            batch.append(item)
        }
        if state.isEmpty {
            // An idle client is to hold no memory.
            state.items = []
            state.head = 0
        } else if state.head > 256 {
            state.items.removeFirst(state.head)
            state.head = 0
        }
        return batch
    }
}

extension OutboundQueue.Item {
    /// How many bytes it has.
    fileprivate var byteCount: Int {
        switch self {
        case .text(let buffer), .replay(let buffer), .pong(let buffer): buffer.readableBytes
        case .close(_, let reason): reason.utf8.count
        }
    }

    /// What it counts towards the bounds.
    fileprivate var weight: (messages: Int, bytes: Int) {
        if case .replay = self { (0, 0) } else { (1, byteCount) }
    }

    /// The frame that carries it.
    var frame: WebSocketFrame {
        switch self {
        case .text(let buffer), .replay(let buffer):
            return WebSocketFrame(fin: true, opcode: .text, data: buffer)
        case .pong(let buffer): return WebSocketFrame(fin: true, opcode: .pong, data: buffer)
        case .close(let code, let reason):
            var data = ByteBuffer()
            data.write(webSocketErrorCode: code)
            data.writeString(reason)
            return WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
        }
    }
}
