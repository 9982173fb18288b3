// When what one source pushes leaves: pictures and sound, encoded or not.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Puts what one source pushes on the room's timeline, one piece behind the other.
struct PublishPacer: Sendable {
    let pacing: PublishPacing
    let timeline: PublishTimeline
    /// Before this nothing leaves: what came before is heard, or was seen for long enough to have a time of its own.
    private var free = MediaInstant.zero
    /// What was pushed before this counts as pushed then.
    private var beginning = MediaInstant.zero
    private var lateness = Lateness()
    private var backlog = SoundBacklog()

    init(_ pacing: PublishPacing, _ timeline: PublishTimeline) {
        self.pacing = pacing
        self.timeline = timeline
    }

    /// The same where sending begins at a moment: what waited in the source until then was not captured late, but has waited.
    func begun(at now: MediaInstant = MediaDriver.now) -> PublishPacer {
        var begun = self
        begun.beginning = now
        return begun
    }

    /// What a picture takes: two of one moment would have one timestamp.
    static let pictureTime = MediaDuration.milliseconds(1)
    /// Sound that comes without timestamps and no later than this after what was before it goes on with that: whoever pushes it
    /// was held up. What is later comes after a pause.
    static let holdUpMax = MediaDuration.milliseconds(100)

    /// When a picture is to leave, which is when it counts as captured; it may be past, for what is late.
    /// - Parameters:
    ///   - microseconds: Its timestamp, which counts where pacing goes by it.
    ///   - pushed: When it was pushed, which counts where pacing goes by that: it may have waited for the encoder.
    mutating func due(
        picture microseconds: Int64, pushed: MediaInstant, at now: MediaInstant
    ) -> MediaInstant {
        let wanted =
            switch pacing {
            case .immediate: captured(pushed, at: now)
            case .byTimestamp: timeline.due(microseconds: microseconds, at: now)
            }
        let due = max(wanted, free)
        free = due + Self.pictureTime
        return due
    }

    /// When a piece of sound is to leave, which is when it counts as captured; it may be past, for what is late.
    /// - Parameters:
    ///   - microseconds: Its timestamp, which counts where pacing goes by it.
    ///   - pushed: When it was pushed, which counts where pacing goes by that: it may have waited for a busy machine.
    ///   - duration: How long it sounds.
    mutating func due(
        sound microseconds: Int64, pushed: MediaInstant, lasting duration: MediaDuration,
        at now: MediaInstant
    ) -> MediaInstant {
        let wanted =
            switch pacing {
            case .immediate: unhurried(captured(pushed, at: now), lasting: duration)
            case .byTimestamp: timeline.due(microseconds: microseconds, at: now)
            }
        let due = max(wanted, free)
        free = due + duration
        return due
    }

    /// Whether sound without timestamps has come to wait longer and longer, as where it is pushed by a faster clock than ours.
    var isBehindItsSource: Bool { backlog.isTooLong }

    /// A part of the sound was left out.
    mutating func noteShortened(by duration: MediaDuration) { backlog.shorten(by: duration) }

    /// When what was pushed counts as captured, whatever another process says of it.
    private func captured(_ pushed: MediaInstant, at now: MediaInstant) -> MediaInstant {
        min(max(pushed, beginning), now)
    }

    /// When a piece leaves that has no timestamp. A piece that is held up does not put off all that follow it: sound that lags
    /// once would lag behind the pictures for good.
    private mutating func unhurried(
        _ pushed: MediaInstant, lasting duration: MediaDuration
    ) -> MediaInstant {
        let late = pushed - free
        guard late <= Self.holdUpMax else {
            lateness = Lateness()
            backlog = SoundBacklog()
            return pushed
        }
        backlog.note(free - pushed, lasting: duration)
        return free + lateness.note(late, lasting: duration)
    }

    /// Waits until a picture is to leave.
    /// - Returns: When it counts as captured.
    /// - Throws: `CancellationError`.
    mutating func wait(
        picture microseconds: Int64, pushed: MediaInstant
    ) async throws -> MediaInstant {
        let now = MediaDriver.now
        return try await Self.sleep(
            until: due(picture: microseconds, pushed: pushed, at: now), from: now)
    }

    private static func sleep(
        until due: MediaInstant, from now: MediaInstant
    ) async throws -> MediaInstant {
        if due > now { try await Task.sleep(for: .nanoseconds((due - now).nanoseconds)) }
        return due
    }
}
