// How a media worker's datagrams leave: one slab of bytes and a list of what to send from it.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// One datagram, or a run of datagrams to one peer that stand one behind another in a slab.
package struct Transmission: Sendable, Equatable {
    /// The socket to send from and the peer to send to.
    package var path: TransportPath
    /// Where the first byte stands in the slab.
    package var offset: Int
    /// The number of bytes of the whole run.
    package var count: Int
    /// The bytes of each datagram of the run (the last may be shorter); `count` when it is one
    /// datagram.
    package var segmentSize: Int

    /// Describes a run of datagrams of `segmentSize` bytes.
    @inlinable
    package init(path: TransportPath, offset: Int, count: Int, segmentSize: Int) {
        self.path = path
        self.offset = offset
        self.count = count
        self.segmentSize = segmentSize
    }
}

/// Where a media worker's datagrams go: the sockets of a loop, or a simulated network.
package protocol DatagramDoor: ~Copyable {
    /// Sends what the transmissions name, in their order for each path. What cannot be sent is
    /// dropped and counted; the slab is no longer needed when this returns.
    mutating func send(_ slab: Span<UInt8>, _ transmissions: Span<Transmission>)
}
