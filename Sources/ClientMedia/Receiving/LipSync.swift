// When pictures are shown so that they fit the sound they were captured with.
// SPDX-License-Identifier: Apache-2.0
package import RTP
package import Wire

/// Keeps the sound and the pictures of one participant together, by the sender's wall clock (RFC 3550 §6.4.1).
///
/// Sound leads, since its pauses are heard: pictures that come before their sound wait for it. Where pictures come later
/// than their sound is played, it says by how much sound has to be held longer.
package struct LipSync: Sendable {
    /// Pictures never wait longer.
    package static let waitMax = MediaDuration.seconds(1)
    /// Sound is never held longer than this for pictures.
    static let soundDelayMax = MediaDuration.milliseconds(450)
    /// The share of pictures that sound is held for: each of the others is seen after it was heard.
    static let share = 0.99
    /// Clocks of sound and pictures are known to be together as exactly as this.
    static let tolerance = MediaDuration.milliseconds(-10)
    /// The first picture does not wait for its sound if that comes so soon behind it.
    static let firstWaitMin = MediaDuration.milliseconds(40)
    /// Sound of which so long nothing was told does not begin.
    static let aheadMax = MediaDuration.milliseconds(100)
    /// Without pictures, and without sound, for so long the other goes by itself.
    static let absence = MediaDuration.seconds(10)

    /// By how much sound is played after its capture, on two clocks that need only go at the same speed.
    private var soundOffset: MediaDuration?
    /// The same if it were held for as long as its own packets need it.
    private var soundNeed: MediaDuration?
    private var heardAt: MediaInstant?
    /// When it was told last of sound that is not played yet.
    private var aheadAt: MediaInstant?
    private var heldFrom: NTPTime?
    private var pictures = ArrivalDelays(clockRate: 90_000, share: share)
    /// By how much pictures are there after their capture at the soonest.
    private var soonest: MediaDuration?
    private var seenAt: MediaInstant?
    /// How much longer than it needs by itself sound is to be held, so that nearly all pictures are in time.
    package private(set) var soundDelay = MediaDuration.zero

    /// Knows of no sound.
    package init() {}

    /// Notes when sound is played.
    /// - Parameters:
    ///   - surplus: How much later than its own packets need.
    ///   - heldFrom: When what follows was captured, if that is held and later from there on.
    package mutating func noteSound(
        captured: NTPTime, playedAt now: MediaInstant, surplus: MediaDuration,
        heldFrom: NTPTime? = nil
    ) {
        self.heldFrom = heldFrom
        let offset = Self.offset(of: captured, at: now)
        soundOffset = offset
        soundNeed = offset.less(surplus)
        heardAt = now
        if let seenAt, now - seenAt > Self.absence { soundDelay = .zero }
    }

    /// Notes when sound that is not played yet would be played if that were now, so that it begins late enough.
    package mutating func noteSoundAhead(
        captured: NTPTime, at now: MediaInstant, surplus: MediaDuration
    ) {
        soundNeed = Self.offset(of: captured, at: now).less(surplus)
        aheadAt = now
        updateDelay()
    }

    /// Notes that a picture was whole, as soon as it was.
    package mutating func notePicture(
        _ timestamp: RTPTimestamp, captured: NTPTime?, completeAt now: MediaInstant
    ) {
        let delay = pictures.add(timestamp, at: now)
        seenAt = now
        guard let captured else { return }
        let found = Self.offset(of: captured, at: now).less(delay)
        if let soonest, let heardAt, now - heardAt > Self.absence { drift(found.less(soonest)) }
        soonest = found
        updateDelay()
    }

    private mutating func updateDelay() {
        guard let soundNeed, let soonest else { return }
        let more = (soonest + pictures.needed).less(soundNeed)
        soundDelay = min(max(more, .zero), Self.soundDelayMax)
    }

    /// While nothing is heard its place is where it was beside the pictures: clocks are not as fast as each other for ever.
    private mutating func drift(_ change: MediaDuration) {
        soundOffset = soundOffset.map { $0 + change }
        soundNeed = soundNeed.map { $0 + change }
    }

    /// When a picture that is there now is to be shown; `now` where no sound is known. Sound may be played faster or slower
    /// meanwhile: ask again before it is shown.
    package func showing(captured: NTPTime?, at now: MediaInstant) -> MediaInstant {
        guard let captured else { return now }
        guard let soundOffset else { return showingAtFirst(captured: captured, at: now) }
        let offset = max(soundOffset, laterOffset(captured) ?? soundOffset)
        let wait = offset.less(Self.offset(of: captured, at: now))
        // Clocks that far apart are not of one participant.
        guard wait > .zero, wait <= Self.waitMax else { return now }
        return now + wait
    }

    /// Before sound that is there already is played: only where it will be so much later that it would be noticed is it waited for.
    private func showingAtFirst(captured: NTPTime, at now: MediaInstant) -> MediaInstant {
        guard let soundNeed, let aheadAt, now - aheadAt < Self.aheadMax else { return now }
        let wait = (soundNeed + soundDelay).less(Self.offset(of: captured, at: now))
        return wait > Self.firstWaitMin && wait <= Self.waitMax ? now + wait : now
    }

    /// By how much sound is played after its capture from where it is held; `nil`: what was captured then is not held.
    private func laterOffset(_ captured: NTPTime) -> MediaDuration? {
        guard let heldFrom, captured - heldFrom >= Self.tolerance, let soundNeed else { return nil }
        return (soundNeed + soundDelay).less(SoundBuffer.shortfallMax)
    }

    /// Another source is heard or seen from now on; how late its pictures come is the network's.
    package mutating func restart() {
        soundOffset = nil
        soundNeed = nil
        heldFrom = nil
        aheadAt = nil
        soonest = nil
        pictures.restart()
    }

    /// What lies between a wall clock and ours.
    private static func offset(of captured: NTPTime, at now: MediaInstant) -> MediaDuration {
        now - captured.instant(clockZero: NTPTime(rawValue: 0xE000_0000_0000_0000))
    }
}

extension MediaDuration {
    /// The difference, wrapping.
    fileprivate func less(_ other: MediaDuration) -> MediaDuration {
        MediaDuration(nanoseconds: nanoseconds &- other.nanoseconds)
    }
}
