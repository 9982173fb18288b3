// What the clients of a benchmark have seen, counted together.
// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// Counters that clients raise and the run looks at.
final class SwarmBoard: Sendable {
    /// What was seen so far.
    struct Counts: Sendable {
        var joined = 0
        var left = 0
        var failed = 0
        /// When the last one joined, in nanoseconds.
        var joinedAt: UInt64 = 0
        /// When members were told of somebody's coming, while that is watched.
        var told: [UInt64] = []
        var isWatching = false
        /// The first thing that went wrong.
        var problem: String?
    }

    private let counts = Mutex(Counts())

    /// Nanoseconds of the monotonic clock.
    static func now() -> UInt64 { NIODeadline.now().uptimeNanoseconds }

    func update(_ change: (inout Counts) -> Void) { counts.withLock { change(&$0) } }

    var snapshot: Counts { counts.withLock { $0 } }
}
