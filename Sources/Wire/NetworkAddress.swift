// An IP address with its port, as a small value that can be hashed and compared on the packet path.
// SPDX-License-Identifier: Apache-2.0

/// An IPv4 or IPv6 address and a UDP or TCP port.
///
/// An IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) is always held as the IPv4 address it means, so that one
/// host has one spelling.
package struct NetworkAddress: Hashable, Sendable {
    /// Bytes 0 to 7 of the IPv6 address, big-endian; 0 for IPv4.
    package let high: UInt64
    /// Bytes 8 to 15 of the IPv6 address, big-endian; for IPv4 the address in the low 32 bits.
    package let low: UInt64
    /// The port, 0 to 65,535.
    package let port: UInt16
    /// Whether this is an IPv6 address.
    package let isIPv6: Bool

    /// Makes an IPv4 address from its 32 bits in host order (`127.0.0.1` is `0x7F000001`).
    @inlinable
    package init(ipv4: UInt32, port: UInt16) {
        high = 0
        low = UInt64(ipv4)
        self.port = port
        isIPv6 = false
    }

    /// Makes an address from the two big-endian halves of an IPv6 address; a mapped IPv4 address becomes IPv4
    /// (RFC 4291 §2.5.5.2).
    @inlinable
    package init(ipv6High high: UInt64, low: UInt64, port: UInt16) {
        self.port = port
        if high == 0, low >> 32 == 0xFFFF {
            self.high = 0
            self.low = low & 0xFFFF_FFFF
            isIPv6 = false
        } else {
            self.high = high
            self.low = low
            isIPv6 = true
        }
    }

    /// The IPv4 address in host order; `nil` for IPv6.
    @inlinable
    package var ipv4: UInt32? { isIPv6 ? nil : UInt32(truncatingIfNeeded: low) }

    /// Written out, so that it can be inlined where packets are compared by their paths.
    @inlinable
    package static func == (left: NetworkAddress, right: NetworkAddress) -> Bool {
        left.low == right.low && left.port == right.port && left.high == right.high
            && left.isIPv6 == right.isIPv6
    }

    /// The same host with another port.
    @inlinable
    package func with(port: UInt16) -> NetworkAddress {
        isIPv6
            ? NetworkAddress(ipv6High: high, low: low, port: port)
            : NetworkAddress(ipv4: UInt32(truncatingIfNeeded: low), port: port)
    }

    /// Whether the host is this machine (127.0.0.0/8 or ::1).
    package var isLoopback: Bool {
        isIPv6 ? (high == 0 && low == 1) : (low >> 24 == 127)
    }
}

/// Where a datagram travels: one of our sockets and the peer's address.
package struct TransportPath: Hashable, Sendable {
    /// The index of the local socket in its driver's list, 0 to 65,535.
    package let socket: UInt16
    /// The peer's address.
    package let remote: NetworkAddress

    /// Makes a path from a socket's index and the peer's address.
    @inlinable
    package init(socket: UInt16, remote: NetworkAddress) {
        self.socket = socket
        self.remote = remote
    }

    /// Whether both name the same socket and the same peer.
    @inlinable
    package static func == (left: TransportPath, right: TransportPath) -> Bool {
        left.socket == right.socket && left.remote == right.remote
    }
}
