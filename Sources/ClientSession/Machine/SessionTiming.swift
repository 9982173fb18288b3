// The times of a session, and when a broken link is tried again.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// How long a client waits for what; the defaults are those of a break's clock (docs/sessions.md).
package struct SessionTiming: Hashable, Sendable {
    /// How long a client tries to come back before it gives up.
    package var window = MediaDuration.seconds(45)
    /// How long joining may take.
    package var joinTimeout = MediaDuration.seconds(10)
    /// How long one try to come back may take.
    package var attemptTimeout = MediaDuration.seconds(5)
    /// How long leaving waits for the server's word.
    package var leaveTimeout = MediaDuration.seconds(1)
    /// Between two pings.
    package var pingInterval = MediaDuration.seconds(1)
    /// Silence after which the signalling link is lost: three pings without an answer.
    package var signalTimeout = MediaDuration.seconds(3)
    /// Silence after which the media link is lost, once it has been heard.
    package var mediaTimeout = MediaDuration.seconds(3)
    /// How long a new media link may take until it is heard for the first time.
    package var mediaConnectTimeout = MediaDuration.seconds(10)
    /// Whether there is a media link to watch.
    package var watchesMedia = true

    /// The shortest and the longest window.
    package static let windowRange = MediaDuration.seconds(30)...MediaDuration.seconds(50)

    /// The defaults.
    package init() {}

    /// How much later than due a driver may be; beyond it the machine it runs on has slept, and what was
    /// not heard meanwhile says nothing of the links.
    static let lateness = MediaDuration.seconds(1)

    /// The pause before a try, in milliseconds and without jitter: none before the first, then
    /// 300, 1,200, 2,700, 4,800, and 7,000 before all others.
    /// - Parameter attempt: Which try it is, from 1.
    package static func pauseMilliseconds(before attempt: Int) -> Int64 {
        guard attempt > 1 else { return 0 }
        guard attempt <= 5 else { return 7_000 }
        let failures = Int64(attempt - 1)
        return 300 * failures * failures
    }
}

/// A small generator for jitter that is the same in every language of the SDKs: xorshift, 32 bits.
struct JitterSource: Hashable, Sendable {
    private var state: UInt32

    /// - Parameter seed: Any number; 0 counts as 1.
    init(seed: UInt32) { state = seed == 0 ? 1 : seed }

    /// A pause with up to a fifth of it on top, so that clients of one server do not come back in step.
    mutating func lengthen(milliseconds: Int64) -> MediaDuration {
        state ^= state << 13
        state ^= state >> 17
        state ^= state << 5
        return .milliseconds(milliseconds + milliseconds * Int64(state % 1_000) / 5_000)
    }
}
