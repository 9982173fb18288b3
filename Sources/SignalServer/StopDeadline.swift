// Ends what was told to stop and does not.
// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOPosix
import Synchronization

/// A last moment, kept by a thread of its own: neither tasks nor event loops that are stuck keep it from coming.
package final class StopDeadline: Sendable {
    private let isMet = Mutex(false)

    /// Nothing is due until `begin`.
    package init() {}

    /// Begins to wait; once.
    /// - Parameters:
    ///   - seconds: How long, at least 1 ms.
    ///   - onMissed: Called on the thread if `met` was not called before.
    package func begin(seconds: Double, onMissed: @escaping @Sendable () -> Void) {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        pool.submit { _ in
            usleep(useconds_t(min(max(seconds, 0.001), 1000) * 1e6))
            if !self.isMet.withLock({ $0 }) { onMissed() }
            pool.shutdownGracefully { _ in }
        }
    }

    /// It has stopped: nothing is due any more.
    package func met() { isMet.withLock { $0 = true } }
}
