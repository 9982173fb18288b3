// Up to which spatial layer the packets of a stream were forwarded, and since which of them.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// The present limit and the last few before it, so that a late or repeated packet is judged as its picture was.
struct SpatialLimits: Sendable {
    private struct Span: Sendable {
        /// The first packet it holds for, as the source numbers it.
        var first: UInt64
        /// The first packet that is known to be of it; what was missing before that is told by its timestamp.
        var known: UInt64
        /// The timestamp of the picture that it begins with.
        var timestamp: RTPTimestamp
        var limit: UInt8
    }

    private static let spansMax = 4  // As in the type of `spans`.
    private var spans = InlineArray<4, Span>(
        repeating: Span(first: 0, known: 0, timestamp: RTPTimestamp(0), limit: 7))
    private var newest = 0

    /// The limit that holds for what comes, and the first packet it surely holds for: what is asked for most, at hand.
    private(set) var current: UInt8 = 7
    private var known: UInt64 = 0

    /// Begins anew with the packet of a source.
    mutating func start(at entry: HistoryEntry, limit: UInt8) {
        let first = entry.sequence.rawValue
        spans = InlineArray(
            repeating: Span(first: first, known: first, timestamp: entry.timestamp, limit: limit))
        (current, known) = (limit, first)
    }

    /// Lets another limit hold from a packet on.
    /// - Parameter first: The first packet that it may hold for: what is missing before `entry`, if it is of the same
    ///   picture.
    mutating func move(to limit: UInt8, at entry: HistoryEntry, from first: UInt64) {
        newest = (newest + 1) % Self.spansMax
        let sequence = entry.sequence.rawValue
        spans[newest] = Span(
            first: first, known: sequence, timestamp: entry.timestamp, limit: limit)
        (current, known) = (limit, sequence)
    }

    /// The limit that held for a packet; for one before all that is known the oldest known.
    ///
    /// Mutating, so that it looks where the limits stand and not at a copy of them.
    @inline(__always)
    mutating func limit(
        at sequence: ExtendedSequenceNumber, _ timestamp: RTPTimestamp
    ) -> UInt8 {
        sequence.rawValue >= known ? current : formerLimit(at: sequence.rawValue, timestamp)
    }

    private func formerLimit(at sequence: UInt64, _ timestamp: RTPTimestamp) -> UInt8 {
        var place = newest
        for _ in 1..<Self.spansMax {
            let span = spans[place]
            if sequence >= span.known { break }
            if sequence >= span.first, timestamp == span.timestamp { break }
            place = (place + Self.spansMax - 1) % Self.spansMax
        }
        return spans[place].limit
    }
}
