// How fast we send, by our own clock.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Bytes sent in the last half second, in buckets of 50 ms. O(1) per packet.
struct SendingRate {
    private static let bucketNanoseconds: Int64 = 50_000_000
    private static let bucketCount = 10

    private var buckets = InlineArray<10, UInt32>(repeating: 0)
    private var current: Int64 = 0
    private var first: Int64?
    /// Where the present bucket stands, and when it ends, in nanoseconds: most packets find it open.
    private var place = 0
    private var end = Int64.min

    /// Counts a packet.
    mutating func add(bytes: Int, at now: MediaInstant) {
        if now.nanoseconds >= end { move(to: now) }
        buckets[place] = buckets[place] &+ UInt32(clamping: bytes)
    }

    /// Bits a second over the window; `nil` before a quarter of a second has passed.
    mutating func bitsPerSecond(at now: MediaInstant) -> Double? {
        move(to: now)
        guard let first, current - first >= 5 else { return nil }
        var sum: UInt64 = 0
        for index in 0..<Self.bucketCount { sum += UInt64(buckets[index]) }
        let inCurrent = max(0, now.nanoseconds - current * Self.bucketNanoseconds)
        let whole = min(current - first, Int64(Self.bucketCount) - 1) * Self.bucketNanoseconds
        return Double(sum) * 8e9 / Double(whole + inCurrent)
    }

    private mutating func move(to now: MediaInstant) {
        let bucket = max(0, now.nanoseconds) / Self.bucketNanoseconds
        guard first != nil else {
            first = bucket
            begin(bucket)
            return
        }
        guard bucket > current else { return }
        // Not over a closed range: its iterator allocates in builds that do not specialise it.
        var step: Int64 = 1
        while step <= min(bucket - current, Int64(Self.bucketCount)) {
            buckets[Int((current + step) % Int64(Self.bucketCount))] = 0
            step += 1
        }
        begin(bucket)
    }

    private mutating func begin(_ bucket: Int64) {
        current = bucket
        place = Int(bucket % Int64(Self.bucketCount))
        let (end, overflow) = (bucket + 1).multipliedReportingOverflow(by: Self.bucketNanoseconds)
        self.end = overflow ? .max : end
    }
}
