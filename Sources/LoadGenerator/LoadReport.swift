// What a load generator has counted.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// How long packets took from being sent by the publisher to being opened by a receiver.
package struct LatencyHistogram: Sendable {
    /// One bucket each 20 us up to 40 ms; what takes longer counts in the last.
    private static let bucketMicroseconds: Int64 = 20
    private static let bucketCount = 2_000
    private var buckets = [UInt64](repeating: 0, count: Self.bucketCount)

    /// Nothing measured yet.
    package init() {}

    /// How many packets were measured.
    package private(set) var count: UInt64 = 0

    /// Adds one packet.
    package mutating func add(_ latency: MediaDuration) {
        let bucket = latency.nanoseconds / 1_000 / Self.bucketMicroseconds
        buckets[Int(min(max(0, bucket), Int64(Self.bucketCount - 1)))] += 1
        count += 1
    }

    /// Adds what another has measured.
    package mutating func add(_ other: LatencyHistogram) {
        for index in buckets.indices { buckets[index] += other.buckets[index] }
        count += other.count
    }

    /// The latency that `share` (0 to 1) of the packets did not exceed.
    package func quantile(_ share: Double) -> MediaDuration {
        let wanted = UInt64(Double(count) * share)
        var seen: UInt64 = 0
        for index in buckets.indices {
            seen += buckets[index]
            if seen > wanted {
                return .microseconds(Int64(index + 1) * Self.bucketMicroseconds)
            }
        }
        return .microseconds(Int64(Self.bucketCount) * Self.bucketMicroseconds)
    }
}

/// The counters of all clients of one swarm.
package struct LoadReport: Sendable {
    /// Clients that are connected.
    package var connected = 0
    /// Media packets sent.
    package var sent: UInt64 = 0
    /// Media packets received.
    package var received: UInt64 = 0
    /// Their bytes, without IP and UDP headers.
    package var receivedBytes: UInt64 = 0
    /// Sequence numbers that were skipped between the first and the last packet of a slot.
    package var lost: UInt64 = 0
    /// Packets that were opened, a sample of those received.
    package var opened: UInt64 = 0
    /// Packets that could not be opened or read.
    package var failed: UInt64 = 0
    /// CPU time of the clients' thread since the counters began.
    package var cpuTime = MediaDuration.zero
    /// The time since then.
    package var wallTime = MediaDuration.zero
    /// Of the opened packets.
    package var latency = LatencyHistogram()

    /// All at zero.
    package init() {}
}
