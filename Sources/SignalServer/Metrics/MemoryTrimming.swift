// Gives memory back to the system when many have gone.
// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Decides when to ask the allocator for what it keeps.
///
/// A large room that empties leaves tens of megabytes of small free blocks behind; glibc keeps them unless it is told
/// otherwise, and going through them takes milliseconds, so it is done rarely.
struct MemoryTrimming {
    /// How often it is looked at.
    static let interval = Duration.seconds(10)
    /// How many sessions must have gone since the most there were.
    static let goneMin = 100

    private var peak = 0

    /// Notes how many sessions there are.
    /// - Returns: Whether to give memory back now: half of many have gone.
    mutating func shouldTrim(sessions: Int) -> Bool {
        peak = max(peak, sessions)
        guard peak - sessions >= Self.goneMin, sessions * 2 <= peak else { return false }
        peak = sessions
        return true
    }

    /// Gives back what is free, where the C library can.
    static func trim() {
        guard let symbol = unsafe dlsym(nil, "malloc_trim") else { return }
        // glibc declares `int malloc_trim(size_t)`, in a header that its Swift module leaves out.
        let trim = unsafe unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)
        _ = trim(0)
    }
}
