// Datagrams in a TCP stream: each after its length (RFC 4571).
// SPDX-License-Identifier: Apache-2.0

/// What of a stream has arrived and is not taken yet.
///
/// A frame is two bytes of length, most significant first, and as many bytes of a datagram (RFC 4571 §2).
/// Nothing is allocated after `init`. The server's media port and native clients read their connections with it.
package struct StreamFrames: Sendable {
    /// Bytes of the length before each datagram.
    package static let headCount = 2
    /// The longest datagram taken: what a slot of the server's UDP sockets holds.
    package static let datagramMax = 2_048

    /// What the bytes that are here begin with.
    package enum Next: Sendable, Equatable {
        /// A whole datagram, at this range of the bytes.
        case datagram(Range<Int>)
        /// The beginning of one, or nothing.
        case incomplete
        /// A length of 0 or beyond ``datagramMax``: this is no such stream.
        case malformed
    }

    /// Where bytes are read into and datagrams are taken from.
    package var bytes: [UInt8]
    private var start = 0
    private var end = 0

    /// Makes room for some datagrams of full length.
    package init() {
        bytes = [UInt8](repeating: 0, count: 4 * (Self.headCount + Self.datagramMax))
    }

    /// The bytes that may be filled next; what is there was moved to the front if need be.
    package mutating func room() -> Range<Int> {
        if start > 0 {
            if start < end {
                for index in start..<end { bytes[index - start] = bytes[index] }
            }
            end -= start
            start = 0
        }
        return end..<bytes.count
    }

    /// Takes note that so many bytes of ``room()`` were filled.
    package mutating func fill(_ count: Int) { end = min(end + max(0, count), bytes.count) }

    /// The next datagram; it stays where it is until ``room()`` is asked for.
    package mutating func next() -> Next {
        guard end - start >= Self.headCount else { return .incomplete }
        let count = Int(bytes[start]) << 8 | Int(bytes[start + 1])
        guard (1...Self.datagramMax).contains(count) else { return .malformed }
        let first = start + Self.headCount
        guard end - first >= count else { return .incomplete }
        start = first + count
        return .datagram(first..<start)
    }
}
