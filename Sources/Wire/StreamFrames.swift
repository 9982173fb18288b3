// Datagrams in a TCP stream: each after its length (RFC 4571), or as relays put them (RFC 8656).
// SPDX-License-Identifier: Apache-2.0

/// What of a stream has arrived and is not taken yet.
///
/// Between peers a frame is two bytes of length, most significant first, and as many bytes of a datagram (RFC 4571 §2).
/// Nothing is allocated after `init`. The server's media port and native clients read their connections with it.
package struct StreamFrames: Sendable {
    /// Bytes of the length before each datagram.
    package static let headCount = 2
    /// The longest datagram taken: what a slot of the server's UDP sockets holds.
    package static let datagramMax = 2_048

    /// How datagrams are told apart.
    package enum Form: Sendable {
        /// By a length before each (RFC 4571 §2).
        case lengths
        /// By what they are: messages of STUN, and of channels with padding to a multiple of four (RFC 8656 §12.5).
        case relayed
    }

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
    private let form: Form
    private var start = 0
    private var end = 0

    /// Makes room for some datagrams of full length.
    package init(_ form: Form = .lengths) {
        self.form = form
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
        if form == .relayed { return nextRelayed() }
        guard end - start >= Self.headCount else { return .incomplete }
        let count = Int(bytes[start]) << 8 | Int(bytes[start + 1])
        guard (1...Self.datagramMax).contains(count) else { return .malformed }
        let first = start + Self.headCount
        guard end - first >= count else { return .incomplete }
        start = first + count
        return .datagram(first..<start)
    }

    private mutating func nextRelayed() -> Next {
        guard end - start >= 4 else { return .incomplete }
        let length = Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
        let count: Int
        switch bytes[start] {
        // A header of 20 bytes, and attributes that end at a multiple of four (RFC 8489 §5).
        case 0...3 where length & 3 == 0: count = 20 + length
        case 64...79: count = 4 + length
        default: return .malformed
        }
        guard count <= Self.datagramMax else { return .malformed }
        let padded = (count + 3) & ~3
        guard end - start >= padded else { return .incomplete }
        let first = start
        start += padded
        return .datagram(first..<(first + count))
    }
}
