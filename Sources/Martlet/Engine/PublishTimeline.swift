// When what an application pushes is to leave: as it comes, or by the timestamps it gives.
// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Wire

/// How pushed sound and pictures are put in time (rows Y01 and Y02).
public enum PublishPacing: Sendable, Equatable, Codable {
    /// Timestamps are not looked at: what is pushed leaves at once, and sound in the rhythm it is heard in.
    case immediate
    /// Sound and pictures are aligned by their timestamps. All that a room publishes is on one timeline: the first frame
    /// written is its beginning, and each leaves as much later than that as its timestamp is.
    case byTimestamp
}

/// The timeline of one room, from joining to leaving.
final class PublishTimeline: Sendable {
    /// The beginning leaves so much later than it was written: sound and pictures of the same time come one after the other.
    static let preroll = MediaDuration.milliseconds(100)
    /// What is later than this by its timestamp begins the timeline anew: a clock has leapt.
    static let latenessMax = MediaDuration.seconds(10)
    /// The same for what is earlier: nobody waits for it that long.
    static let earlinessMax = MediaDuration.seconds(60)

    /// A timestamp and when what has it is to leave.
    private struct Anchor {
        let microseconds: Int64
        let at: MediaInstant

        /// When another timestamp is due by this one; `nil`: it is too far away to belong to it.
        func due(microseconds: Int64, at now: MediaInstant) -> MediaInstant? {
            let (difference, isTooFar) = microseconds.subtractingReportingOverflow(
                self.microseconds)
            let (nanoseconds, overflows) = difference.multipliedReportingOverflow(by: 1_000)
            guard !isTooFar, !overflows else { return nil }
            let due = at + MediaDuration(nanoseconds: nanoseconds)
            let isNear =
                now - due < PublishTimeline.latenessMax && due - now < PublishTimeline.earlinessMax
            return isNear ? due : nil
        }
    }

    /// Where the timeline begins, and where it began before the last leap: sound and pictures do not leap at the same moment,
    /// and what still comes from before it must not begin it once more.
    private struct State {
        var anchor: Anchor?
        var former: Anchor?
    }

    private let state = Mutex(State())

    /// When what has a timestamp is to leave.
    func due(microseconds: Int64, at now: MediaInstant) -> MediaInstant {
        state.withLock { state in
            if let due = state.anchor?.due(microseconds: microseconds, at: now) { return due }
            if let due = state.former?.due(microseconds: microseconds, at: now) { return due }
            let due = now + Self.preroll
            state.former = state.anchor
            state.anchor = Anchor(microseconds: microseconds, at: due)
            return due
        }
    }

    /// Forgets the beginning: the room was left.
    func restart() { state.withLock { $0 = State() } }
}
