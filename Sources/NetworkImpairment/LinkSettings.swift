// How bad a one-way link is.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Loss in bursts: a link that is in turns good and bad (Gilbert-Elliott), stepped once a datagram.
package struct BurstLoss: Sendable, Equatable {
    /// The chance that a good link turns bad, 0 to 1.
    package var enter: Double
    /// The chance that a bad link turns good, 0 to 1; its inverse is the mean length of a burst.
    package var leave: Double
    /// The chance that a datagram is lost while the link is bad, 0 to 1.
    package var lossWhileBad: Double

    /// Describes the two states; a bad link loses everything unless told otherwise.
    package init(enter: Double, leave: Double, lossWhileBad: Double = 1) {
        self.enter = enter
        self.leave = leave
        self.lossWhileBad = lossWhileBad
    }
}

/// What a one-way link does to datagrams. May change while it is in use.
package struct LinkSettings: Sendable, Equatable {
    /// The chance that a datagram is lost, 0 to 1 (with `burst`: while the link is good).
    package var loss = 0.0
    /// Loss in bursts; nil: none.
    package var burst: BurstLoss?
    /// The time every datagram takes.
    package var delay = MediaDuration.zero
    /// The most that is added to `delay` at random, evenly spread. Keeps the order of datagrams.
    package var jitter = MediaDuration.zero
    /// The chance that a datagram is overtaken by those behind it, 0 to 1.
    package var reorder = 0.0
    /// How much later an overtaken datagram arrives.
    package var reorderDelay = MediaDuration.milliseconds(20)
    /// The chance that a datagram arrives twice, 0 to 1.
    package var duplicate = 0.0
    /// The rate of the bottleneck in bits a second, IPv4 and UDP headers counted; 0: no bottleneck.
    package var bitsPerSecond: Int64 = 0
    /// The longest time a datagram waits before the bottleneck; one that would wait longer is lost.
    package var queueDelayMax = MediaDuration.milliseconds(300)
    /// What is added to `delay` for datagrams of video.
    package var videoDelay = MediaDuration.zero
    /// A time in which nothing passes: from `lowerBound` on, up to but not including `upperBound`.
    package var blackout: Range<MediaInstant>?

    /// A perfect link.
    package init() {}
}
