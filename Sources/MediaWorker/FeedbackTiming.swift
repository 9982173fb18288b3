// How often a worker reports.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// The intervals of everything a worker sends of its own accord.
enum FeedbackTiming {
    /// Transport-wide feedback to a publisher while it sends: without it a browser's estimate
    /// falls.
    static let transportInterval = MediaDuration.milliseconds(50)
    /// Receiver reports, and sender reports once a source is settled.
    static let reportInterval = MediaDuration.seconds(1)
    /// So much before its time a report may go out if there is a turn anyway: one of its own costs as much as some four
    /// packets. Longer than the gap between evenly spread packets of an ordinary stream.
    static let earliness = MediaDuration.milliseconds(8)
    /// How long after the one before the second and the third sender report of a source follow, so that lip sync starts at once, even
    /// where one is lost.
    static let earlyReportsAfter: [MediaDuration] = [.milliseconds(80), .milliseconds(170)]
    /// A receiver's time is echoed at most so often, whatever it sends.
    static let echoInterval = MediaDuration.milliseconds(100)
    /// Audio levels to the control plane.
    static let levelInterval = MediaDuration.milliseconds(500)
    /// How long a worker lets a peer sleep at most between two looks at it.
    static let idleInterval = MediaDuration.seconds(5)
}
