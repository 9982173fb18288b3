// Waiting for sockets, wake-ups and deadlines: epoll and eventfd.
// SPDX-License-Identifier: Apache-2.0
import CMediaIO
import Glibc
package import Wire

/// Waits until one of several descriptors is readable or a time has come.
package struct Poller: ~Copyable {
    /// The token of the loop's own wake-up; sockets have their index as token.
    package static let wakeToken: UInt32 = .max
    /// The tokens of listeners and of connections begin here; sockets are far fewer.
    private static let firstListener: UInt32 = 1 << 16
    private static let firstConnection: UInt32 = 1 << 24
    private let descriptor: Int32
    private var ready: [UInt32]

    /// Opens a poller that watches nothing yet.
    package init() throws(SocketError) {
        let opened = mediaio_poller_open()
        guard opened >= 0 else { throw .system(call: "epoll_create1", code: -opened) }
        descriptor = opened
        ready = [UInt32](repeating: 0, count: Int(MEDIAIO_BATCH))
    }

    deinit { mediaio_close(descriptor) }

    /// Watches every socket of a set, under its index.
    package mutating func watch(_ sockets: borrowing SocketSet) throws(SocketError) {
        for index in sockets.descriptors.indices {
            try watch(sockets.descriptors[index], token: UInt32(index))
        }
    }

    /// Watches a wake-up signal.
    package mutating func watch(_ wake: WakeSignal) throws(SocketError) {
        try watch(wake.descriptor, token: Self.wakeToken)
    }

    /// What a token is of.
    enum Source: Equatable {
        case wake
        case socket(UInt16)
        case listener(Int)
        case connection(Int)
    }

    /// What one of the ready descriptors of the last wait is.
    func source(_ index: Int) -> Source? {
        switch ready[index] {
        case Self.wakeToken: .wake
        case Self.firstConnection...: .connection(Int(ready[index] - Self.firstConnection))
        case Self.firstListener...: .listener(Int(ready[index] - Self.firstListener))
        default: UInt16(exactly: ready[index]).map { .socket($0) }
        }
    }

    static func listenerToken(_ index: Int) -> UInt32 { firstListener + UInt32(clamping: index) }

    static func connectionToken(_ slot: Int) -> UInt32 { firstConnection + UInt32(clamping: slot) }

    /// Tells of a connection's room for writing too, or no longer.
    mutating func change(_ watched: Int32, token: UInt32, wantsRoom: Bool) {
        // It fails only for a descriptor that is not watched.
        _ = mediaio_poller_change(descriptor, watched, token, wantsRoom ? 1 : 0)
    }

    mutating func watch(_ watched: Int32, token: UInt32) throws(SocketError) {
        let result = mediaio_poller_add(descriptor, watched, token)
        guard result == 0 else { throw .system(call: "epoll_ctl", code: -result) }
    }

    /// Waits until something is readable.
    /// - Parameter timeout: The longest wait; zero or less only looks; `nil` waits for ever.
    /// - Returns: How many descriptors are ready (at most 64); a signal or an error gives 0.
    package mutating func wait(timeout: MediaDuration?) -> Int {
        let nanoseconds = timeout.map { max(0, $0.nanoseconds) } ?? -1
        let result = unsafe mediaio_poller_wait(descriptor, nanoseconds, &ready)
        return max(0, min(Int(result), ready.count))
    }

    /// The token of one of the ready descriptors of the last wait.
    package func token(_ index: Int) -> UInt32 { ready[index] }
}

/// Wakes a loop from another thread.
package final class WakeSignal: Sendable {
    let descriptor: Int32

    /// Makes a signal that is not set.
    package init() throws(SocketError) {
        let opened = mediaio_wake_open()
        guard opened >= 0 else { throw .system(call: "eventfd", code: -opened) }
        descriptor = opened
    }

    deinit { mediaio_close(descriptor) }

    /// Sets the signal; from any thread.
    package func signal() { mediaio_wake_signal(descriptor) }

    /// Takes the signal back; by the loop that watches it.
    package func clear() { mediaio_wake_clear(descriptor) }
}
