// The way of relayed packets from one loop's thread to another's: a ring in shared memory, without a lock.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker
import Synchronization
import Wire

/// A bounded queue with one writer and one reader, each on a thread of its own.
///
/// The writer fills cells and then shows all of them at once (`publish`); the reader takes cells and then gives all of
/// them back at once (`release`). Memory is taken at the start, and by the kernel only as far as it is used.
///
/// `@unchecked Sendable`: a cell is the writer's from `head + capacity` on and the reader's from `tail` on; both move
/// by a store that releases and are read by a load that acquires, so that no cell is ever both's. `written` and
/// `knownHead` are the writer's alone, `taken` and `knownTail` the reader's.
@safe final class RelayRing: @unchecked Sendable {
    /// How many cells are kept for what is not a packet: requests, and reports on clocks.
    static let reserve = 32
    /// The longest payload that is taken, in bytes: what cannot be sealed either.
    static let payloadMax = 2_048

    private struct Cell {
        var message: RelayMessage
        var payloadCount: Int
    }

    private let cells: UnsafeMutablePointer<Cell>
    private let bytes: UnsafeMutablePointer<UInt8>
    private let capacity: UInt64
    // What one thread writes stands on cache lines of its own.
    private let writersLine = InlineArray<16, UInt64>(repeating: 0)
    private var written: UInt64 = 0
    private var knownHead: UInt64 = 0
    private let tail = Atomic<UInt64>(0)
    private let readersLine = InlineArray<16, UInt64>(repeating: 0)
    private var taken: UInt64 = 0
    private var knownTail: UInt64 = 0
    private let head = Atomic<UInt64>(0)

    /// Makes an empty ring.
    /// - Parameter capacity: How many messages it holds; rounded up to a power of two, 64 to 65,536.
    init(capacity wanted: Int) {
        // What is copied bit by bit, and never destroyed, may own nothing.
        precondition(_isPOD(RelayMessage.self))
        var capacity = 64
        while capacity < wanted, capacity < 65_536 { capacity *= 2 }
        self.capacity = UInt64(capacity)
        unsafe cells = .allocate(capacity: capacity)
        unsafe bytes = .allocate(capacity: capacity * Self.payloadMax)
    }

    deinit {
        unsafe cells.deallocate()
        unsafe bytes.deallocate()
    }

    // MARK: The writer

    /// Fills a cell. Packets leave ``reserve`` cells to the other messages.
    /// - Returns: `false` if there is no room, or the payload is longer than ``payloadMax``.
    func push(_ message: RelayMessage, payload: Span<UInt8>) -> Bool {
        var limit = capacity
        if case .packet = message { limit -= UInt64(Self.reserve) }
        if written - knownHead >= limit {
            knownHead = head.load(ordering: .acquiring)
            guard written - knownHead < limit else { return false }
        }
        guard payload.count <= Self.payloadMax else { return false }
        let place = Int(written & (capacity - 1))
        unsafe (cells + place).initialize(
            to: Cell(message: message, payloadCount: payload.count))
        // The place is below the capacity, and the payload no longer than its part of the bytes.
        unsafe payload.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe (bytes + place * Self.payloadMax).update(from: start, count: source.count)
        }
        written += 1
        return true
    }

    /// Shows the reader what was pushed.
    func publish() { tail.store(written, ordering: .releasing) }

    // MARK: The reader

    /// Takes the oldest message there is; `false`: there is none. Its cell stays the reader's until ``release()``.
    func take(_ body: (RelayMessage, Span<UInt8>) -> Void) -> Bool {
        if taken == knownTail {
            knownTail = tail.load(ordering: .acquiring)
            guard taken != knownTail else { return false }
        }
        let place = Int(taken & (capacity - 1))
        let cell = unsafe cells[place]
        // The writer has filled the cell and does not touch it before it is released.
        let payload = unsafe UnsafeBufferPointer(
            start: bytes + place * Self.payloadMax, count: cell.payloadCount)
        body(cell.message, unsafe payload.span)
        taken += 1
        return true
    }

    /// Gives the writer back what was taken.
    func release() { head.store(taken, ordering: .releasing) }
}
