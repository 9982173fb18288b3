// The named bounds of one signalling connection's behaviour.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// How long a signalling connection may take and how often it may ask for what is costly.
package struct ConnectionLimits: Sendable, Equatable {
    /// From its opening to its `join` or `resume`.
    package var joinTimeout = MediaDuration.seconds(10)
    /// Between two pings of a joined connection.
    package var pingInterval = MediaDuration.seconds(1)
    /// Silence after which the link counts as lost: three missed pings.
    package var linkLostTimeout = MediaDuration.seconds(3)
    /// Offers, joins included, within a minute: each costs a negotiation.
    package var offersPerMinuteMax = 30
    /// Tries to resume a session, within a minute: who guesses ids is not to guess many.
    package var resumesPerMinuteMax = 10
    /// How long after a client was told of relays it is told of them anew, since credentials end; `nil`: there are none.
    package var relayRenewal: MediaDuration?

    /// Brief messages (`BriefMessage`) within a second that are taken where they come in: twice what a client sends.
    package var briefMessagesPerSecondMax = 4

    /// The limits of a production server.
    package init() {}

    /// A silence after which everything a client says goes to its room at once, for as long as it takes to lose a
    /// link: half of that.
    var notableSilence: MediaDuration {
        MediaDuration(nanoseconds: linkLostTimeout.nanoseconds / 2)
    }
}

/// Counts within windows of a length.
struct WindowCount: Sendable {
    private let window: MediaDuration
    private var start: MediaInstant?
    private var count = 0

    init(window: MediaDuration) { self.window = window }

    /// Counts one more; if that is more than `max`, how long until the next may come.
    mutating func take(max: Int, at now: MediaInstant) -> MediaDuration? {
        let start = self.start.flatMap { now - $0 < window ? $0 : nil } ?? now
        if start != self.start { count = 0 }
        self.start = start
        guard count < max else { return start + window - now }
        count += 1
        return nil
    }
}
