// Where received datagrams stand until the end of a loop's turn.
// SPDX-License-Identifier: Apache-2.0
import CMediaIO
import Glibc
package import Wire

/// What was received by a set of sockets.
package struct ReceiveCounters: Sendable, Equatable {
    /// Datagrams handed on.
    package var datagrams: UInt64 = 0
    /// Their bytes, without IP and UDP headers.
    package var bytes: UInt64 = 0
    /// Calls of `recvmmsg`.
    package var calls: UInt64 = 0
    /// Datagrams dropped because they are longer than a slot.
    package var truncated: UInt64 = 0
    /// Datagrams dropped because they say port 0, to which nothing can be answered.
    package var unanswerable: UInt64 = 0
    /// Errors of `recvmmsg` other than "nothing there".
    package var errors: UInt64 = 0

    /// Nothing received yet.
    package init() {}
}

/// A fixed slab of slots for received datagrams. What was received stays in place until `beginTurn`.
///
/// `@safe`: both pointers belong to `inbox`, live as long as it, and are read only below `used`.
@safe package struct DatagramInbox: ~Copyable {
    /// The bytes of one slot; a longer datagram is dropped (media stays below 1,500).
    package static let slotBytes = StreamFrames.datagramMax
    /// The most datagrams of one batch.
    package static let batchMax = Int(MEDIAIO_BATCH)

    /// How many datagrams fit in one turn.
    package let capacity: Int
    /// What was received so far.
    package private(set) var counters = ReceiveCounters()
    private var used = 0
    private let inbox: OpaquePointer
    private let datagrams: UnsafePointer<mediaio_datagram>
    private let bytes: UnsafeMutablePointer<UInt8>

    /// Makes room for `capacity` datagrams (1 to 65,536).
    package init(capacity: Int) throws(SocketError) {
        let slots = min(max(1, capacity), 65_536)
        guard let made = unsafe mediaio_inbox_create(UInt32(slots), UInt32(Self.slotBytes)),
            let datagrams = unsafe mediaio_inbox_datagrams(made),
            let bytes = unsafe mediaio_inbox_bytes(made)
        else { throw .system(call: "calloc", code: ENOMEM) }
        self.capacity = slots
        unsafe inbox = made
        unsafe self.datagrams = datagrams
        unsafe self.bytes = bytes
    }

    deinit { unsafe mediaio_inbox_destroy(inbox) }

    /// Whether every slot of this turn is taken.
    package var isFull: Bool { used >= capacity }

    /// Frees all slots.
    package mutating func beginTurn() { used = 0 }

    /// Reads one batch from a socket into the next slots.
    /// - Returns: The slots now filled, and whether the socket may have more.
    package mutating func fill(
        from socket: Int, of sockets: borrowing SocketSet
    ) -> (slots: Range<Int>, mayHaveMore: Bool) {
        let room = min(Self.batchMax, capacity - used)
        guard room > 0 else { return (used..<used, true) }
        counters.calls &+= 1
        let result = unsafe mediaio_inbox_receive(
            inbox, sockets.descriptors[socket], UInt32(used))
        guard result >= 0 else {
            switch -result {
            case EAGAIN: return (used..<used, false)
            case EINTR: return (used..<used, true)
            default:
                // An error a peer caused (ECONNREFUSED …) is gone by having been read.
                counters.errors &+= 1
                return (used..<used, false)
            }
        }
        let slots = used..<(used + min(Int(result), room))
        used = slots.upperBound
        return (slots, slots.count == room)
    }

    /// Hands the datagram of a filled slot and its sender to `body`, unless it is to be dropped.
    package mutating func withDatagram(
        in slot: Int, _ body: (inout MutableSpan<UInt8>, NetworkAddress) -> Void
    ) {
        precondition(slot >= 0 && slot < used, "no datagram stands in this slot")
        let datagram = unsafe datagrams[slot]
        guard datagram.is_truncated == 0, datagram.count <= Self.slotBytes else {
            counters.truncated &+= 1
            return
        }
        guard datagram.remote.port != 0 else {
            counters.unanswerable &+= 1
            return
        }
        counters.datagrams &+= 1
        counters.bytes &+= UInt64(datagram.count)
        var span = unsafe MutableSpan(
            _unsafeStart: bytes + slot * Self.slotBytes, count: Int(datagram.count))
        body(&span, NetworkAddress(datagram.remote))
    }
}
