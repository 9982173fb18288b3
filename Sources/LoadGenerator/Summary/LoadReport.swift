// What load clients have counted.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// The counters of all clients of one or several swarms.
package struct LoadReport: Sendable {
    /// Clients that are connected.
    package var connected = 0
    /// Clients whose transport is over.
    package var broken = 0
    /// Media packets sent.
    package var sent: UInt64 = 0
    /// Their bytes, without IP and UDP headers.
    package var sentBytes: UInt64 = 0
    /// Media packets received.
    package var received: UInt64 = 0
    /// Their bytes, without IP and UDP headers.
    package var receivedBytes: UInt64 = 0
    /// Sequence numbers that were skipped between the first and the last packet of a slot.
    package var lost: UInt64 = 0
    /// Packets of retransmission streams: repetitions and padding.
    package var repeated: UInt64 = 0
    /// Packets that were opened, a sample of those received.
    package var opened: UInt64 = 0
    /// Packets that could not be opened or read.
    package var failed: UInt64 = 0
    /// CPU time of the clients' threads since the counters began.
    package var cpuTime = MediaDuration.zero
    /// The time since then.
    package var wallTime = MediaDuration.zero
    /// The share of a core that the busiest thread used, 0 to 1.
    package var busiestShare = 0.0
    /// Of the opened packets, from the publisher's sending to the receiver's taking.
    package var latency = LatencyHistogram()
    /// How much later than they were due publishers' packets were sent.
    package var lateness = LatencyHistogram()

    /// All at zero.
    package init() {}

    /// Adds what another thread's clients counted at the same time.
    package mutating func add(_ other: LoadReport) {
        connected += other.connected
        broken += other.broken
        sent &+= other.sent
        sentBytes &+= other.sentBytes
        received &+= other.received
        receivedBytes &+= other.receivedBytes
        lost &+= other.lost
        repeated &+= other.repeated
        opened &+= other.opened
        failed &+= other.failed
        cpuTime = cpuTime + other.cpuTime
        wallTime = max(wallTime, other.wallTime)
        busiestShare = max(busiestShare, other.busiestShare)
        latency.add(other.latency)
        lateness.add(other.lateness)
    }
}

/// When a client got how far.
package struct LoadClientTimes: Sendable, Equatable {
    /// The client's place among those of its swarm.
    package var place: Int
    /// When it began to look for a path.
    package var dialledAt: MediaInstant
    /// When ICE had chosen one.
    package var pathAt: MediaInstant?
    /// When the DTLS handshake was done, and media could flow.
    package var connectedAt: MediaInstant?
    /// When the first media packet came.
    package var firstMediaAt: MediaInstant?
    /// Why it is over, in words; `nil`: it is not.
    package var failure: String?

    /// A client that begins to dial.
    package init(place: Int, dialledAt: MediaInstant) {
        self.place = place
        self.dialledAt = dialledAt
    }
}
