// What a publisher may send, so that no queue stands on its way to us.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Bounds a publisher whose own congestion control lets a queue grow too slowly to notice: libwebrtc's goes by the slope
/// of the delay, and a queue that grows by 15 ms a second has none. We see when packets come.
///
/// A queue that does not become shorter though less is sent is not this publisher's, or none at all but a longer way: then
/// it is left alone.
package struct UplinkLimit: Sendable {
    /// A queue of this length is too long when it stands for ``patience``.
    static let queueMax = MediaDuration.milliseconds(80)
    static let patience = MediaDuration.milliseconds(400)
    /// What is left of the rate of arrival.
    static let share = 0.85
    /// So long after a cut it is seen whether it helped,
    static let answerTime = MediaDuration.milliseconds(2_000)
    /// which is so if this share of the queue is left at most.
    static let helpedShare = 0.7
    /// How long nothing is done after a cut that did not help.
    static let retreat = MediaDuration.seconds(15)
    /// Up to here the limit may rise,
    static let queueLow = MediaDuration.milliseconds(30)
    /// by this factor each ``step``.
    static let growth = 1.02
    static let step = MediaDuration.milliseconds(500)
    /// A limit of so many times what arrives is none.
    static let freeShare = 1.5
    /// The least limit, in bits a second.
    static let least = 60_000.0

    /// What is to be done about the queue's measure.
    package enum Advice: Sendable, Equatable {
        /// Nothing.
        case none
        /// What is taken for a queue is the way itself: ``StandingQueue/rebase()``.
        case rebase
    }

    /// The limit in bits a second; `nil`: none.
    package private(set) var bitsPerSecond: Double?
    private var standsSince: MediaInstant?
    private var cut: (at: MediaInstant, queue: MediaDuration)?
    private var restsUntil = MediaInstant.zero
    private var raisedAt = MediaInstant.zero

    /// Limits nothing.
    package init() {}

    /// Takes what was seen; call it some times a second.
    /// - Parameters:
    ///   - queue: How long packets wait; `nil`: nothing comes.
    ///   - arriving: What arrives, in bits a second.
    package mutating func update(
        queue: MediaDuration?, arriving: Double, at now: MediaInstant
    ) -> Advice {
        guard let queue else {
            standsSince = nil
            return .none
        }
        if let made = cut, now - made.at >= Self.answerTime {
            cut = nil
            let left = Double(queue.nanoseconds) / Double(max(1, made.queue.nanoseconds))
            if left > Self.helpedShare {
                bitsPerSecond = nil
                standsSince = nil
                restsUntil = now + Self.retreat
                return .rebase
            }
        }
        if queue > Self.queueMax {
            let since = standsSince ?? now
            standsSince = since
            if now - since >= Self.patience, cut == nil, now >= restsUntil {
                bitsPerSecond = max(arriving * Self.share, Self.least)
                cut = (now, queue)
                raisedAt = now
            }
        } else {
            standsSince = nil
            raise(queue: queue, arriving: arriving, at: now)
        }
        return .none
    }

    private mutating func raise(queue: MediaDuration, arriving: Double, at now: MediaInstant) {
        guard let limit = bitsPerSecond, cut == nil, queue < Self.queueLow,
            now - raisedAt >= Self.step
        else { return }
        raisedAt = now
        let raised = limit * Self.growth
        bitsPerSecond = raised > arriving * Self.freeShare ? nil : raised
    }
}
