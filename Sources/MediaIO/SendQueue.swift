// What one socket has to send, and what happens when the kernel takes only some of it.
// SPDX-License-Identifier: Apache-2.0
import CMediaIO
import Glibc
import MediaWorker
import Wire

/// What became of the datagrams given to a set of sockets.
package struct SendCounters: Sendable, Equatable {
    /// Datagrams the kernel took.
    package var datagrams: UInt64 = 0
    /// Their bytes, without IP and UDP headers.
    package var bytes: UInt64 = 0
    /// Messages of several segments the kernel took.
    package var runs: UInt64 = 0
    /// Calls of `sendmmsg`.
    package var calls: UInt64 = 0
    /// Runs that were sent singly because the kernel would not segment them.
    package var segmentationRefusals: UInt64 = 0
    /// Datagrams dropped because the send buffer stayed full.
    package var droppedBufferFull: UInt64 = 0
    /// Datagrams dropped because of any other error (no route, a firewall's rule …).
    package var droppedOther: UInt64 = 0
    /// Transmissions that named bytes outside the slab, a socket that is not there, or a datagram too long.
    package var malformed: UInt64 = 0

    /// Nothing sent yet.
    package init() {}
}

/// The kernel's side of a send queue; tests put a script in its place.
protocol DatagramKernel: ~Copyable {
    /// Takes a prefix of the messages: how many, or a negative `errno` about the first.
    mutating func send(_ messages: Span<mediaio_message>) -> Int32
    /// Waits shortly for room in the send buffer; whether there is some.
    mutating func waitForRoom() -> Bool
}

/// A real socket and the slab its messages' bytes stand in. Lives no longer than one call of `send`, for
/// which the slab is borrowed.
@safe struct SocketKernel: ~Copyable, DatagramKernel {
    let descriptor: Int32
    let slab: UnsafePointer<UInt8>

    init(descriptor: Int32, slab: UnsafePointer<UInt8>) {
        self.descriptor = descriptor
        unsafe self.slab = slab
    }

    mutating func send(_ messages: Span<mediaio_message>) -> Int32 {
        unsafe messages.withUnsafeBufferPointer { messages in
            guard let first = messages.baseAddress else { return 0 }
            return unsafe mediaio_send(descriptor, slab, first, UInt32(messages.count))
        }
    }

    mutating func waitForRoom() -> Bool { mediaio_wait_writable(descriptor, 1) != 0 }
}

/// A transmission being cut into what one message may hold.
struct OutgoingRun {
    /// The kernel's limit of segments in a message (`UDP_MAX_SEGMENTS` of its first versions).
    static let segmentsMax = 64
    /// The most bytes of one IPv4 datagram before it is segmented: 65,535 less IP and UDP headers.
    static let bytesMax = 65_507

    private var rest: mediaio_message
    private let segmentSize: Int
    /// Whether a datagram longer than UDP allows was asked for; nothing was cut from it.
    private(set) var isTooLong = false

    /// - Parameter transmission: Its range lies in the slab.
    init(_ transmission: Transmission) {
        rest = mediaio_message(
            remote: mediaio_address(transmission.path.remote),
            offset: UInt64(transmission.offset), count: 0, segment_bytes: 0)
        segmentSize =
            (1..<transmission.count).contains(transmission.segmentSize)
            ? transmission.segmentSize : transmission.count
        guard segmentSize <= Self.bytesMax, let count = UInt32(exactly: transmission.count) else {
            isTooLong = true
            return
        }
        rest.count = count
    }

    /// The next message, of as many segments as may go together (one, if `segments` is false).
    mutating func next(segments: Bool) -> mediaio_message? {
        guard rest.count > 0 else { return nil }
        let segmentCount =
            segments ? max(1, min(Self.segmentsMax, Self.bytesMax / segmentSize)) : 1
        let taken = min(rest.count, UInt32(segmentCount * segmentSize))
        var message = rest
        message.count = taken
        message.segment_bytes = Int(taken) > segmentSize ? UInt16(segmentSize) : 0
        rest.offset += UInt64(taken)
        rest.count -= taken
        return message
    }
}

/// The messages of one socket that wait for the end of a batch.
struct SendQueue {
    /// The most messages of one `sendmmsg`.
    static let capacity = Int(MEDIAIO_BATCH)
    /// After so many refused runs without a good one between, the socket gives up segmentation. One refusal
    /// says little: it may be about one peer's path, whose MTU anybody on it can lower.
    static let refusalsMax = 16
    /// How often one flush lets itself be interrupted by signals.
    static let interruptionsMax = 8

    /// Whether runs go as one message.
    private(set) var segments: Bool
    private var refusalsInARow = 0
    private var messages: [mediaio_message] = []
    private var singles: [mediaio_message] = []

    /// - Parameter reserves: Whether room for a whole batch is taken at once, and not as it comes.
    init(segments: Bool, reserves: Bool = true) {
        self.segments = segments
        guard reserves else { return }
        messages.reserveCapacity(Self.capacity)
        singles.reserveCapacity(OutgoingRun.segmentsMax)
    }

    var isFull: Bool { messages.count >= Self.capacity }
    var isEmpty: Bool { messages.isEmpty }

    /// Takes one more message; the queue is not full.
    mutating func append(_ message: mediaio_message) { messages.append(message) }

    /// Sends or drops every message, so that the queue is empty afterwards.
    /// - Parameter patience: How many waits for a full send buffer are left.
    mutating func flush<Kernel: DatagramKernel & ~Copyable>(
        through kernel: inout Kernel, patience: inout Int, counters: inout SendCounters
    ) {
        var first = 0
        while first < messages.count {
            let batch = SendBatch.send(
                messages.span.extracting(first..<messages.count), through: &kernel,
                patience: &patience, counters: &counters)
            first += batch.done
            if batch.sentRun { refusalsInARow = 0 }
            guard let code = batch.refusedRun, first < messages.count else { continue }
            noteRefusal(code)
            counters.segmentationRefusals &+= 1
            sendSingly(messages[first], through: &kernel, &patience, &counters)
            first += 1
        }
        messages.removeAll(keepingCapacity: true)
    }

    private mutating func noteRefusal(_ code: Int32) {
        refusalsInARow += 1
        // EIO is about the device (it cannot write checksums), the others may be about one destination.
        if code == EIO || refusalsInARow >= Self.refusalsMax { segments = false }
    }

    private mutating func sendSingly<Kernel: DatagramKernel & ~Copyable>(
        _ run: mediaio_message, through kernel: inout Kernel, _ patience: inout Int,
        _ counters: inout SendCounters
    ) {
        singles.removeAll(keepingCapacity: true)
        var message = run
        var left = run.count
        message.segment_bytes = 0
        while left > 0 {
            message.count = min(left, UInt32(run.segment_bytes))
            singles.append(message)
            message.offset += UInt64(message.count)
            left -= message.count
        }
        var first = 0
        while first < singles.count {
            let batch = SendBatch.send(
                singles.span.extracting(first..<singles.count), through: &kernel,
                patience: &patience, counters: &counters)
            first += max(1, batch.done)
        }
    }
}

/// One pass over messages that ends with the last of them or with a run the kernel does not segment.
struct SendBatch {
    /// Messages sent or dropped.
    var done = 0
    /// The `errno` with which the next message, a run, was refused; `nil` at the end.
    var refusedRun: Int32?
    /// Whether at least one run went.
    var sentRun = false

    static func send<Kernel: DatagramKernel & ~Copyable>(
        _ messages: Span<mediaio_message>, through kernel: inout Kernel, patience: inout Int,
        counters: inout SendCounters
    ) -> SendBatch {
        var batch = SendBatch()
        var interruptions = 0
        var hasRetried = false
        while batch.done < messages.count {
            let result = kernel.send(messages.extracting(batch.done..<messages.count))
            counters.calls &+= 1
            if result > 0 {
                batch.count(messages, min(Int(result), messages.count - batch.done), &counters)
                hasRetried = false
                continue
            }
            let message = messages[batch.done]
            switch -result {
            case EINTR where interruptions < SendQueue.interruptionsMax:
                interruptions += 1
            case EAGAIN, ENOBUFS:
                if patience > 0 {
                    patience -= 1
                    if kernel.waitForRoom() { continue }
                }
                while batch.done < messages.count {
                    counters.droppedBufferFull &+= datagrams(of: messages[batch.done])
                    batch.done += 1
                }
            case EINVAL where message.segment_bytes != 0, EMSGSIZE where message.segment_bytes != 0,
                EIO where message.segment_bytes != 0:
                batch.refusedRun = -result
                return batch
            case ECONNREFUSED where !hasRetried, EHOSTUNREACH where !hasRetried,
                ENETUNREACH where !hasRetried:
                // It may be left over from an earlier datagram to somebody else; this one was not tried.
                hasRetried = true
            default:
                counters.droppedOther &+= datagrams(of: message)
                batch.done += 1
                hasRetried = false
            }
        }
        return batch
    }

    private mutating func count(
        _ messages: Span<mediaio_message>, _ sent: Int, _ counters: inout SendCounters
    ) {
        for index in done..<(done + sent) {
            let message = messages[index]
            counters.datagrams &+= Self.datagrams(of: message)
            counters.bytes &+= UInt64(message.count)
            if message.segment_bytes != 0 {
                counters.runs &+= 1
                sentRun = true
            }
        }
        done += sent
    }

    private static func datagrams(of message: mediaio_message) -> UInt64 {
        let segment = UInt64(message.segment_bytes)
        return segment == 0 ? 1 : (UInt64(message.count) + segment - 1) / segment
    }
}
