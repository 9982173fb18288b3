// How fast packets of a publisher come, over a short time.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Bytes received in the last 150 to 200 ms, in buckets of 50 ms. O(1).
package struct ArrivalRate: Sendable {
    private static let bucketNanoseconds: Int64 = 50_000_000

    private var buckets = InlineArray<4, UInt32>(repeating: 0)
    private var current: Int64 = 0

    /// Has seen nothing.
    package init() {}

    /// Counts a packet, with all its headers.
    package mutating func add(bytes: Int, at now: MediaInstant) {
        move(to: now)
        let place = Int(current & 3)
        buckets[place] = buckets[place] &+ UInt32(clamping: bytes)
    }

    /// Bits a second.
    package mutating func bitsPerSecond(at now: MediaInstant) -> Double {
        move(to: now)
        var sum: UInt64 = 0
        for index in 0..<4 { sum += UInt64(buckets[index]) }
        let inCurrent = max(0, now.nanoseconds - current * Self.bucketNanoseconds)
        return Double(sum) * 8e9 / Double(3 * Self.bucketNanoseconds + inCurrent)
    }

    private mutating func move(to now: MediaInstant) {
        let bucket = max(0, now.nanoseconds) / Self.bucketNanoseconds
        guard bucket > current else { return }
        let steps = min(bucket - current, 4)
        var step: Int64 = 1
        while step <= steps {
            buckets[Int((current + step) & 3)] = 0
            step += 1
        }
        current = bucket
    }
}
