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

    private let anchor = Mutex<(microseconds: Int64, at: MediaInstant)?>(nil)

    /// When what has a timestamp is to leave.
    func due(microseconds: Int64, at now: MediaInstant) -> MediaInstant {
        anchor.withLock { anchor in
            if let (start, at) = anchor {
                let (difference, isTooFar) = microseconds.subtractingReportingOverflow(start)
                let (nanoseconds, overflows) = difference.multipliedReportingOverflow(by: 1_000)
                let due = at + MediaDuration(nanoseconds: nanoseconds)
                if !isTooFar, !overflows, now - due < Self.latenessMax,
                    due - now < Self.earlinessMax
                {
                    return due
                }
            }
            let due = now + Self.preroll
            anchor = (microseconds, due)
            return due
        }
    }

    /// Forgets the beginning: the room was left.
    func restart() { anchor.withLock { $0 = nil } }
}
