// Up to which spatial layer the packets of a stream were forwarded, and since which of them.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// The present limit and the last few before it, so that a late or repeated packet is judged as its neighbours were.
struct SpatialLimits: Sendable {
    private struct Span: Sendable {
        /// The first packet it holds for, as the source numbers it.
        var first: UInt64
        var limit: UInt8
    }

    private static let spansMax = 4  // As in the type of `spans`.
    private var spans = InlineArray<4, Span>(repeating: Span(first: 0, limit: 7))
    private var newest = 0

    /// The limit that holds for what comes, and the first packet it holds for: what is asked for most, at hand.
    private(set) var current: UInt8 = 7
    private var first: UInt64 = 0

    /// Begins anew with a source.
    mutating func start(at sequence: ExtendedSequenceNumber, limit: UInt8) {
        spans = InlineArray(repeating: Span(first: sequence.rawValue, limit: limit))
        (current, first) = (limit, sequence.rawValue)
    }

    /// Lets another limit hold from a packet on.
    mutating func move(to limit: UInt8, from sequence: UInt64) {
        newest = (newest + 1) % Self.spansMax
        spans[newest] = Span(first: sequence, limit: limit)
        (current, first) = (limit, sequence)
    }

    /// The limit that held for a packet; for one before all that is known the oldest known.
    ///
    /// Mutating, so that it looks where the limits stand and not at a copy of them.
    @inline(__always)
    mutating func limit(at sequence: ExtendedSequenceNumber) -> UInt8 {
        sequence.rawValue >= first ? current : formerLimit(at: sequence)
    }

    private func formerLimit(at sequence: ExtendedSequenceNumber) -> UInt8 {
        var place = newest
        for _ in 1..<Self.spansMax {
            place = (place + Self.spansMax - 1) % Self.spansMax
            if sequence.rawValue >= spans[place].first { break }
        }
        return spans[place].limit
    }
}
