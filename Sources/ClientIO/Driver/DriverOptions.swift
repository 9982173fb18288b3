// How a session is driven: its times, its bounds, its server.
// SPDX-License-Identifier: Apache-2.0
package import ClientSession
import NIOCore
package import Wire

/// Everything a driver needs beside its server's address and its media.
package struct DriverOptions: Sendable {
    /// How long a session waits for what.
    package var timing = SessionTiming()
    /// How long a request waits for its answer while the links are there.
    package var requestTimeout = MediaDuration.seconds(10)
    /// The bounds of its WebSockets, and whom they trust.
    package var webSocket = WebSocketOptions()
    /// Events that may wait in `SessionDriver.events`; an application that leaves more unread has left the room.
    package var eventsMax = 16_384
    /// How often at most the session is told that media was heard.
    package var mediaHeardInterval = MediaDuration.milliseconds(200)

    /// The clock of its session.
    package var clock = DriverClock()

    /// The defaults.
    package init() {}
}

/// The machine's monotonic clock, or one that runs faster, for tests of what takes half a minute.
package struct DriverClock: Sendable {
    /// How many seconds pass in one, 1 to 1,000.
    package let rate: Int64
    private let start = NIODeadline.now()

    /// Makes a clock; a rate out of range is cut to it.
    package init(rate: Int64 = 1) { self.rate = min(max(rate, 1), 1_000) }

    /// Now, since the machine started, with what passed since this clock was made counted `rate` times.
    var now: MediaInstant {
        let passed = NIODeadline.now() - start
        return MediaInstant(nanoseconds: Int64(clamping: start.uptimeNanoseconds))
            + MediaDuration(nanoseconds: passed.nanoseconds) * rate
    }

    /// When the machine's clock has come to a moment of this one.
    func deadline(_ moment: MediaInstant) -> NIODeadline {
        let ahead = moment - MediaInstant(nanoseconds: Int64(clamping: start.uptimeNanoseconds))
        // Rounded up, so that it has come then.
        return start + .nanoseconds(ahead.nanoseconds / rate + 1)
    }
}
