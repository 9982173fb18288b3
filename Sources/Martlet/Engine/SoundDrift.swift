// How the clock of whoever pushes sound differs from ours.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// Finds by how much sound is late all the time, as where it is pushed by a slower clock than ours.
struct Lateness: Sendable {
    /// How much sound is looked at together.
    private static let window = MediaDuration.seconds(1)
    private var least: MediaDuration?
    private var seen = MediaDuration.zero

    /// Notes how late a piece came.
    /// - Returns: By how much it is to be put off: what even the most punctual of a second was late.
    mutating func note(_ late: MediaDuration, lasting duration: MediaDuration) -> MediaDuration {
        let least = min(least ?? late, late)
        self.least = least
        seen = seen + duration
        guard seen >= Self.window else { return .zero }
        self = Lateness()
        return max(least, .zero)
    }
}

/// Finds how much longer sound waits than it did, as where it is pushed by a faster clock than ours: of what is pushed live the most
/// punctual of some seconds waits a little longer each time. Who pushes faster than it plays fills the buffer at once, which counts
/// for nothing: that sound is to be heard whole.
struct SoundBacklog: Sendable {
    /// How much sound is looked at together: twice the longest piece.
    static let window = MediaDuration.seconds(2)
    /// What grows by more than this from one window to the next does not do so by a clock: 2,000 ppm.
    static let growthMax = MediaDuration.milliseconds(4)
    /// So much is too much; more than is left out of a packet at a time.
    static let bound = MediaDuration.milliseconds(20)

    private var least: MediaDuration?
    private var before: MediaDuration?
    private var seen = MediaDuration.zero
    private var grown = MediaDuration.zero

    /// Whether sound is to be made shorter.
    var isTooLong: Bool { grown >= Self.bound }

    /// Notes how long a packet waits before it leaves; less than nothing: it came late.
    mutating func note(_ wait: MediaDuration, lasting duration: MediaDuration) {
        let least = min(least ?? wait, wait)
        self.least = least
        seen = seen + duration
        guard seen >= Self.window else { return }
        if let before {
            let growth = least + before * -1
            grown = growth > Self.growthMax ? .zero : max(grown + growth, .zero)
        }
        before = least
        self.least = nil
        seen = .zero
    }

    /// What waits has become shorter.
    mutating func shorten(by duration: MediaDuration) {
        let less = duration * -1
        grown = max(grown + less, .zero)
        before = before.map { $0 + less }
        least = least.map { $0 + less }
    }
}
