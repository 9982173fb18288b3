// When what one source pushes leaves: pictures and sound, encoded or not.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Puts what one source pushes on the room's timeline, one piece behind the other.
struct PublishPacer: Sendable {
    let pacing: PublishPacing
    let timeline: PublishTimeline
    /// Before this nothing leaves: what came before is heard, or was seen for long enough to have a time of its own.
    private var free = MediaInstant.zero

    init(_ pacing: PublishPacing, _ timeline: PublishTimeline) {
        self.pacing = pacing
        self.timeline = timeline
    }

    /// What a picture takes: two of one moment would have one timestamp.
    static let pictureTime = MediaDuration.milliseconds(1)

    /// When a piece is to leave, which is when it counts as captured; it may be past, for what is late.
    /// - Parameters:
    ///   - microseconds: Its timestamp, which counts where pacing goes by it.
    ///   - duration: How long it takes: as long as it sounds.
    mutating func due(
        microseconds: Int64, lasting duration: MediaDuration, at now: MediaInstant
    ) -> MediaInstant {
        let wanted =
            switch pacing {
            case .immediate: now
            case .byTimestamp: timeline.due(microseconds: microseconds, at: now)
            }
        let due = max(wanted, free)
        free = due + duration
        return due
    }

    /// Waits until a piece is to leave.
    /// - Returns: When it counts as captured.
    /// - Throws: `CancellationError`.
    mutating func wait(
        microseconds: Int64, lasting duration: MediaDuration
    ) async throws -> MediaInstant {
        let now = MediaDriver.now
        let due = due(microseconds: microseconds, lasting: duration, at: now)
        if due > now { try await Task.sleep(for: .nanoseconds((due - now).nanoseconds)) }
        return due
    }
}
