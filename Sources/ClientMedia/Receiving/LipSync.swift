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
    /// A step of the delay of sound above this is followed at once, a smaller one gently.
    static let step = MediaDuration.milliseconds(80)
    /// What sound is held longer for late pictures goes by so much a second once they come sooner.
    static let relief = 0.02

    /// By how much sound is played after its capture, on two clocks that need only go at the same speed.
    private var soundOffset: MediaDuration?
    private var lateness = 0.0
    private var noticedAt: MediaInstant?

    /// Knows of no sound.
    package init() {}

    /// Notes when sound is played.
    package mutating func noteSound(captured: NTPTime, playedAt now: MediaInstant) {
        let offset = Self.offset(of: captured, at: now)
        guard let before = soundOffset else {
            soundOffset = offset
            return
        }
        let change = offset.nanoseconds &- before.nanoseconds
        soundOffset =
            abs(change) > Self.step.nanoseconds
            ? offset : MediaDuration(nanoseconds: before.nanoseconds &+ change / 16)
    }

    /// When a picture that came now is to be shown; `now` where no sound is known.
    package mutating func showing(captured: NTPTime?, at now: MediaInstant) -> MediaInstant {
        guard let captured, let soundOffset else { return now }
        let wait = MediaDuration(
            nanoseconds: soundOffset.nanoseconds &- Self.offset(of: captured, at: now).nanoseconds)
        noteLateness(-Double(wait.nanoseconds), at: now)
        // Clocks that far apart are not of one participant.
        guard wait > .zero, wait <= Self.waitMax else { return now }
        return now + wait
    }

    /// How much longer than it needs by itself sound is to be held, so that pictures are in time.
    package var soundDelay: MediaDuration {
        MediaDuration(
            nanoseconds: Int64(max(0, min(lateness, Double(Self.soundDelayMax.nanoseconds)))))
    }

    /// Another participant is heard or seen from now on.
    package mutating func restart() { self = LipSync() }

    private mutating func noteLateness(_ found: Double, at now: MediaInstant) {
        let second = 1e9
        let elapsed = noticedAt.map { Double((now - $0).nanoseconds) } ?? 0
        noticedAt = now
        guard abs(found) < 5 * second else { return }
        // Nine pictures of ten in time: each that is late pulls a ninth as far as one in time lets go.
        if found > 0 { lateness += found / 9 } else { lateness += max(found, -lateness) * 0.002 }
        lateness = min(
            max(0, lateness - elapsed * Self.relief), Double(Self.soundDelayMax.nanoseconds))
    }

    /// What lies between a wall clock and ours.
    private static func offset(of captured: NTPTime, at now: MediaInstant) -> MediaDuration {
        now - captured.instant(clockZero: NTPTime(rawValue: 0xE000_0000_0000_0000))
    }
}
