// Whether pictures fit the path: a bucket that empties at the estimate, and what happens once it is full.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Refuses frames of whoever sends more than the path carries, before they stand in a queue.
///
/// An encoder that obeys the estimate never fills it. Who pushes encoded frames at a rate of their own loses whole
/// frames: all until the bucket is nearly empty again, since a decoder can go on with a keyframe only.
struct FrameBudget: Sendable {
    /// How far pictures may run ahead of the estimate, in time,
    static let ahead = MediaDuration.milliseconds(750)
    /// and in bytes in any case: a keyframe of a large picture,
    static let aheadBytes = 60_000
    /// of which nothing is refused before the path is known.
    static let aheadBytesUnknown = 250_000
    /// At this share of the bound frames are taken again.
    static let resumedShare = 0.25

    /// The share of the estimate that repetitions may take, and how much of it at once, in time.
    static let repetitions = (share: 0.4, burst: MediaDuration.milliseconds(500))
    /// What the headers of packets add to a frame.
    private static let overhead = 1.06

    private var debtBytes = 0.0
    private var repetitionsBusyUntil = MediaInstant.zero
    private var countedAt: MediaInstant?
    /// Whether frames are refused at present.
    private(set) var isFull = false

    /// Counts a frame that is to be sent.
    /// - Parameter estimate: What pictures may have of the path, in bits a second; `nil`: it is not known.
    /// - Returns: Whether it may be.
    mutating func take(bytes: Int, estimate: Double?, at now: MediaInstant) -> Bool {
        empty(estimate: estimate, at: now)
        guard !isFull else { return false }
        let most = Self.most(estimate)
        let bytes = Double(bytes) * Self.overhead
        // A frame that is larger than all that may wait goes alone.
        if debtBytes > 0, debtBytes + bytes > most {
            isFull = true
            return false
        }
        debtBytes += bytes
        return true
    }

    /// Counts what leaves beside pictures: sound, repetitions, probes. Pictures have what is left.
    mutating func add(bytes: Int) { debtBytes += Double(bytes) }

    /// Takes a repetition's worth out of its share of the estimate.
    /// - Returns: `false` if too much was repeated lately.
    mutating func takeRepetition(bytes: Int, estimate: Double?, at now: MediaInstant) -> Bool {
        guard let estimate, estimate > 0 else { return true }
        guard repetitionsBusyUntil - now < Self.repetitions.burst else { return false }
        let nanoseconds = Double(bytes) * 8e9 / (estimate * Self.repetitions.share)
        repetitionsBusyUntil =
            max(repetitionsBusyUntil, now) + MediaDuration(nanoseconds: Int64(nanoseconds))
        return true
    }

    /// Lets time pass.
    /// - Returns: Whether frames are taken again from now on.
    @discardableResult
    mutating func empty(estimate: Double?, at now: MediaInstant) -> Bool {
        let rate = estimate ?? 500_000
        if let countedAt {
            let seconds = Double((now - countedAt).nanoseconds) / 1e9
            debtBytes = max(0, debtBytes - rate / 8 * max(0, seconds))
        }
        countedAt = now
        guard isFull, debtBytes <= Self.most(estimate) * Self.resumedShare else { return false }
        isFull = false
        return true
    }

    private static func most(_ estimate: Double?) -> Double {
        guard let estimate else { return Double(aheadBytesUnknown) }
        return max(estimate / 8 * Double(ahead.nanoseconds) / 1e9, Double(aheadBytes))
    }
}
