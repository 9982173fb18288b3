// Which packets of a source are missing, and when to ask for them again.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The receiving side of negative acknowledgement for one source (RFC 4585 §6.2.1).
///
/// Its list takes memory at the first loss, once, and never grows past ``missingMax`` entries.
package struct LossDetector: Sendable {
    /// How many missing packets are asked for at a time.
    package static let missingMax = 512
    /// How often one packet is asked for before it is given up.
    package static let triesMax = 10
    /// The shortest time between two requests for one packet.
    package static let retryIntervalMin = MediaDuration.milliseconds(20)
    /// The longest time between two requests for one packet, whatever the round trip.
    package static let retryIntervalMax = MediaDuration.milliseconds(500)

    /// What an arrival meant.
    package enum Arrival: Equatable, Sendable {
        /// The first packet, or the one after the newest.
        case next
        /// Newer than the next: this many packets are now missing.
        case gap(count: Int)
        /// A packet that was missing: late or sent again.
        case recovered
        /// Neither newer nor missing: a duplicate, or given up already.
        case old
    }

    private struct Missing: Sendable {
        var number: UInt64
        var dueAt: MediaInstant
        var tries: Int
    }

    /// Sorted by number, oldest first.
    private var missing: [Missing] = []
    private var newest: ExtendedSequenceNumber?
    private let reorderDelay: MediaDuration
    private var hasGivenUp = false

    /// When the next request is due; `nil` if nothing is missing. May be early by a recovered packet, never late.
    package private(set) var nextDeadline: MediaInstant?

    /// Makes a detector that waits `reorderDelay` before it asks for a packet the first time.
    package init(reorderDelay: MediaDuration = .zero) { self.reorderDelay = reorderDelay }

    /// How many packets are missing and still asked for.
    package var missingCount: Int { missing.count }

    /// Notes a packet of the source, sent for the first time or again.
    ///
    /// O(log n) in order; O(n) for a recovered packet, n the number missing.
    @discardableResult
    package mutating func insert(_ number: ExtendedSequenceNumber, at now: MediaInstant) -> Arrival
    {
        guard let newest else {
            self.newest = number
            return .next
        }
        guard number > newest else {
            guard let index = index(of: number.rawValue) else { return .old }
            missing.remove(at: index)
            if missing.isEmpty { nextDeadline = nil }
            return .recovered
        }
        self.newest = number
        let gap = number.rawValue &- newest.rawValue &- 1
        guard gap > 0 else { return .next }
        let count = Int(clamping: gap)
        note(from: newest.rawValue &+ 1, count: count, dueAt: now + reorderDelay)
        return .gap(count: count)
    }

    /// Appends the numbers to ask for now, oldest first, as many as `output` has room for.
    ///
    /// Numbers asked for ``triesMax`` times in vain are given up; see ``takeKeyframeNeed()``. O(missing).
    /// - Parameter rtt: The round trip to the sender; the time until the next try, within bounds.
    /// - Returns: How many numbers were appended.
    @discardableResult
    package mutating func nextNACKs(
        at now: MediaInstant, rtt: MediaDuration, into output: inout OutputSpan<SequenceNumber>
    ) -> Int {
        guard let nextDeadline, nextDeadline <= now else { return 0 }
        let retryAt =
            now + Swift.min(Swift.max(rtt, Self.retryIntervalMin), Self.retryIntervalMax)
        var appended = 0
        var kept = 0
        var earliest: MediaInstant?
        for index in missing.indices {
            var entry = missing[index]
            if entry.dueAt <= now {
                if entry.tries >= Self.triesMax {
                    hasGivenUp = true
                    continue
                }
                if output.freeCapacity > 0 {
                    output.append(
                        SequenceNumber(UInt16(truncatingIfNeeded: entry.number)))
                    appended += 1
                    entry.tries += 1
                    entry.dueAt = retryAt
                }
            }
            earliest = earliest.map { Swift.min($0, entry.dueAt) } ?? entry.dueAt
            missing[kept] = entry
            kept += 1
        }
        missing.removeLast(missing.count - kept)
        self.nextDeadline = earliest
        return appended
    }

    /// Whether packets were given up since the last call, so that only a keyframe helps.
    package mutating func takeKeyframeNeed() -> Bool {
        defer { hasGivenUp = false }
        return hasGivenUp
    }

    /// Stops asking for packets before `number`: a keyframe begins there. O(missing).
    package mutating func forget(before number: ExtendedSequenceNumber) {
        let count = missing.firstIndex { $0.number >= number.rawValue } ?? missing.count
        missing.removeFirst(count)
        if missing.isEmpty { nextDeadline = nil }
    }

    /// Adds `count` numbers from `first`; drops the oldest for want of room.
    private mutating func note(from first: UInt64, count: Int, dueAt: MediaInstant) {
        if count > Self.missingMax {
            // So long a gap is an outage: asking for all of it would only add to the load.
            missing.removeAll(keepingCapacity: true)
            nextDeadline = nil
            hasGivenUp = true
            return
        }
        if missing.capacity < Self.missingMax { missing.reserveCapacity(Self.missingMax) }
        let excess = missing.count + count - Self.missingMax
        if excess > 0 {
            missing.removeFirst(excess)
            hasGivenUp = true
        }
        for step in 0..<count {
            missing.append(
                Missing(number: first &+ UInt64(step), dueAt: dueAt, tries: 0))
        }
        nextDeadline = nextDeadline.map { Swift.min($0, dueAt) } ?? dueAt
    }

    private func index(of number: UInt64) -> Int? {
        var low = 0
        var high = missing.count
        while low < high {
            let middle = (low + high) / 2
            if missing[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < missing.count && missing[low].number == number ? low : nil
    }
}
