// A thread of the operating system with a name, for one media loop.
// SPDX-License-Identifier: Apache-2.0
import CMediaIO
import Synchronization

/// What a loop thread runs.
class LoopThreadBody {
    /// Runs once, on the new thread.
    func run() {}
}

/// A started thread that can be waited for, by anybody and any number of times.
final class LoopThread: Sendable {
    private let handle: UInt64
    private let hasJoined = Mutex(false)

    /// Starts the thread; the body is its own from here on.
    /// - Parameter cpu: The only CPU it may run on; nil leaves that to the kernel.
    init(name: String, cpu: Int?, body: sending LoopThreadBody) throws(SocketError) {
        var started: UInt64 = 0
        let context = unsafe Unmanaged.passRetained(body)
        let result = unsafe mediaio_thread_start(
            &started, name, Int32(clamping: cpu ?? -1),
            { context in
                guard let context = unsafe context else { return }
                // The reference given at the start, taken over exactly once.
                unsafe Unmanaged<LoopThreadBody>.fromOpaque(context).takeRetainedValue().run()
            }, context.toOpaque())
        guard result == 0 else {
            unsafe context.release()
            throw .system(call: "pthread_create", code: -result)
        }
        handle = started
    }

    /// Waits until the body has run; at once when called on this thread itself.
    func join() {
        guard mediaio_thread_is_current(handle) == 0 else { return }
        hasJoined.withLock { hasJoined in
            guard !hasJoined else { return }
            mediaio_thread_join(handle)
            hasJoined = true
        }
    }
}
