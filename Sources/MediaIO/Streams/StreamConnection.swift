// One TCP connection of a peer.
// SPDX-License-Identifier: Apache-2.0
import CMediaIO
import Glibc
import Wire

/// A connection with what has arrived of the next datagram and what has not left yet.
struct StreamConnection {
    /// The most that waits to leave; a datagram beyond it is dropped, as a full UDP buffer would do.
    static let backlogMax = 256 * 1_024

    let descriptor: Int32
    let path: TransportPath
    /// When its last datagram came, or when it was taken.
    var heardAt: MediaInstant
    /// Whether its first datagram was one that belongs here.
    var isProven = false
    /// Whether the poller tells when there is room to write.
    var isWatchedForRoom = false
    var frames = StreamFrames()
    private var backlog: [UInt8] = []
    private var backlogStart = 0

    init(descriptor: Int32, path: TransportPath, at now: MediaInstant) {
        self.descriptor = descriptor
        self.path = path
        heardAt = now
    }

    /// Whether something waits to leave.
    var hasBacklog: Bool { backlogStart < backlog.count }

    /// The bytes kept, those that have left already included: at most some datagrams over twice ``backlogMax``.
    var keptBytes: Int { backlog.count }

    /// What became of a datagram or of what waited.
    enum Sending { case sent, dropped, broken }

    /// Sends a datagram after its length, or lets it wait; it is never cut.
    mutating func send(_ datagram: UnsafePointer<UInt8>, count: Int) -> Sending {
        let head: InlineArray<2, UInt8> = [UInt8(count >> 8), UInt8(count & 0xFF)]
        let whole = StreamFrames.headCount + count
        var written = 0
        if !hasBacklog {
            // Both pointers are good for this call alone.
            let result = unsafe head.span.withUnsafeBufferPointer { head in
                unsafe mediaio_tcp_send(
                    descriptor, head.baseAddress, UInt32(head.count), datagram, UInt32(count))
            }
            switch result {
            case 0...: written = Int(result)
            case -EAGAIN, -EINTR, -ENOBUFS: break
            default: return .broken
            }
        }
        guard written < whole else { return .sent }
        // What has begun must be finished, so the bound is for what has not.
        guard written > 0 || backlog.count - backlogStart + whole <= Self.backlogMax else {
            return .dropped
        }
        // A reader that is slow and never quite done must not let what has left pile up.
        if backlogStart >= Self.backlogMax {
            backlog.removeFirst(backlogStart)
            backlogStart = 0
        }
        for index in written..<whole {
            backlog.append(
                index < StreamFrames.headCount
                    ? head[index] : unsafe datagram[index - StreamFrames.headCount])
        }
        return .sent
    }

    /// Sends what waits as far as there is room.
    mutating func sendBacklog() -> Sending {
        while hasBacklog {
            let result = unsafe backlog.span.extracting(backlogStart..<backlog.count)
                .withUnsafeBufferPointer { rest in
                    unsafe mediaio_tcp_send(
                        descriptor, rest.baseAddress, UInt32(rest.count), nil, 0)
                }
            switch result {
            case 0...: backlogStart += Int(result)
            case -EINTR: break
            case -EAGAIN, -ENOBUFS: return .sent
            default: return .broken
            }
        }
        backlog.removeAll(keepingCapacity: backlog.capacity <= 64 * 1_024)
        backlogStart = 0
        return .sent
    }
}
