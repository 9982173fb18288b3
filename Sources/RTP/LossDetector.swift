// Which packets of a source are missing, and when to ask for them again.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The receiving side of negative acknowledgement for one source (RFC 4585 §6.2.1).
///
/// A missing packet is first given the time that packets out of order have lately taken; then it is asked
/// for each round trip, later more rarely, until it is too late for it to be of use. The list takes memory
/// at the first loss, once, and never grows past ``missingMax`` entries.
package struct LossDetector: Sendable {
    /// How many missing packets are asked for at a time.
    package static let missingMax = 512
    /// How often one packet is asked for before it is given up.
    package static let triesMax = 10
    /// How many requests for one packet stand a round trip apart; each further one waits twice as long.
    package static let eagerTries = 3
    /// The shortest time between two requests for one packet.
    package static let retryIntervalMin = MediaDuration.milliseconds(10)
    /// The longest time between two requests for one packet, whatever the round trip.
    package static let retryIntervalMax = MediaDuration.milliseconds(500)
    /// The longest time a packet is given to come out of order.
    package static let reorderDelayMax = MediaDuration.milliseconds(100)
    /// A packet is repaired for as many round trips at least, where the deadline is shorter.
    package static let roundTripsMin: Int64 = 3
    /// A packet is given up after this long, whatever the round trip.
    package static let deadlineMax = MediaDuration.seconds(2)

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
        /// When it was found missing.
        var since: MediaInstant
        /// When it is asked for next, or given up.
        var dueAt: MediaInstant
        /// When it was asked for last; meaningless before the first time.
        var askedAt: MediaInstant
        var tries: Int
    }

    /// Sorted by number, oldest first.
    private var missing: [Missing] = []
    private var newest: ExtendedSequenceNumber?
    private let reorderDelayMin: MediaDuration
    private let deadline: MediaDuration
    private var lastRoundTrip = MediaDuration.zero
    private var hasGivenUp = false

    /// When the next request is due; `nil` if nothing is missing. May be early by a recovered packet, never late.
    package private(set) var nextDeadline: MediaInstant?
    /// How long a packet is waited for before it is asked for the first time: a little longer than
    /// packets of this source have lately come out of order, up to ``reorderDelayMax``.
    package private(set) var reorderDelay: MediaDuration

    /// Makes a detector that waits `reorderDelay` before it asks for a packet the first time, longer
    /// once packets have come later than that.
    /// - Parameter deadline: How long a missing packet is of use; longer where the round trip is.
    package init(
        reorderDelay: MediaDuration = .zero, deadline: MediaDuration = .milliseconds(500)
    ) {
        reorderDelayMin = reorderDelay
        self.reorderDelay = reorderDelay
        self.deadline = deadline
    }

    /// How many packets are missing and still asked for.
    package var missingCount: Int { missing.count }

    /// Notes a packet of the source, sent for the first time or again.
    ///
    /// O(log n) in order; O(n) for a recovered packet, n the number missing.
    /// - Parameter isRepeated: Whether it came on the stream of retransmissions.
    @discardableResult
    package mutating func insert(
        _ number: ExtendedSequenceNumber, at now: MediaInstant, isRepeated: Bool = false
    ) -> Arrival {
        guard let newest else {
            self.newest = number
            return .next
        }
        guard number > newest else {
            guard let index = index(of: number.rawValue) else { return .old }
            adaptReorderDelay(to: missing[index], at: now, isRepeated: isRepeated)
            missing.remove(at: index)
            if missing.isEmpty { nextDeadline = nil }
            return .recovered
        }
        self.newest = number
        let gap = number.rawValue &- newest.rawValue &- 1
        guard gap > 0 else { return .next }
        let count = Int(clamping: gap)
        note(from: newest.rawValue &+ 1, count: count, at: now)
        return .gap(count: count)
    }

    /// Learns from a packet that was missing whether it was late or lost.
    private mutating func adaptReorderDelay(
        to entry: Missing, at now: MediaInstant, isRepeated: Bool
    ) {
        // Sooner after the request than any answer can be, it was under way already.
        let isLate = entry.tries == 0 || (now - entry.askedAt) * 2 < lastRoundTrip
        if !isRepeated, isLate {
            let lateness = (now - entry.since).nanoseconds
            let wanted = MediaDuration(nanoseconds: lateness / 4 * 5)
            reorderDelay = Swift.min(Swift.max(reorderDelay, wanted), Self.reorderDelayMax)
        } else if reorderDelay > reorderDelayMin {
            let shorter = MediaDuration(nanoseconds: reorderDelay.nanoseconds / 8 * 7)
            reorderDelay = Swift.max(shorter, reorderDelayMin)
        }
    }

    /// Appends the numbers to ask for now, oldest first, as many as `output` has room for.
    ///
    /// Numbers asked for ``triesMax`` times in vain, or missing for longer than they would be of use, are
    /// given up; see ``takeKeyframeNeed()``. O(missing).
    /// - Parameter rtt: The round trip to the sender and what it varies by; the time until the next try,
    ///   within bounds.
    /// - Returns: How many numbers were appended.
    @discardableResult
    package mutating func nextNACKs(
        at now: MediaInstant, rtt: MediaDuration, into output: inout OutputSpan<SequenceNumber>
    ) -> Int {
        guard let nextDeadline, nextDeadline <= now else { return 0 }
        let interval = Swift.min(Swift.max(rtt, Self.retryIntervalMin), Self.retryIntervalMax)
        let patience = Swift.min(
            Swift.max(deadline, interval * Self.roundTripsMin), Self.deadlineMax)
        lastRoundTrip = rtt
        var appended = 0
        var kept = 0
        var earliest: MediaInstant?
        for index in missing.indices {
            var entry = missing[index]
            if entry.dueAt <= now {
                if entry.tries >= Self.triesMax || entry.since + patience <= now {
                    hasGivenUp = true
                    continue
                }
                if output.freeCapacity > 0 {
                    output.append(
                        SequenceNumber(UInt16(truncatingIfNeeded: entry.number)))
                    appended += 1
                    entry.tries += 1
                    entry.askedAt = now
                    let next = now + Self.pause(afterTry: entry.tries, interval: interval)
                    entry.dueAt = Swift.min(next, Swift.max(entry.since + patience, now))
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

    /// The time from one request for a packet to the next.
    private static func pause(afterTry tries: Int, interval: MediaDuration) -> MediaDuration {
        let doublings = Int64(Swift.max(0, Swift.min(tries - eagerTries, 6)))
        return Swift.min(interval * (1 << doublings), retryIntervalMax)
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
    private mutating func note(from first: UInt64, count: Int, at now: MediaInstant) {
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
        let dueAt = now + reorderDelay
        for step in 0..<count {
            missing.append(
                Missing(
                    number: first &+ UInt64(step), since: now, dueAt: dueAt, askedAt: now,
                    tries: 0))
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
