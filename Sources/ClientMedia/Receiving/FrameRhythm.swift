// When the next frame of a stream is to be expected, and how sure that is.
// SPDX-License-Identifier: Apache-2.0
import RTP
package import Wire

/// The timestamps of the last frames of a stream, by which sound that has just begun is not heard before its picture.
package struct FrameRhythm: Sendable {
    /// Frames further apart have no rhythm, in ticks of 90 kHz: half a second.
    static let intervalMax = 45_000
    /// The interval before two frames have come: 25 a second.
    static let usualInterval = 3_600
    /// So long a frame is waited for of which something is there, or packets that others came behind.
    static let patience = MediaDuration.milliseconds(450)
    /// The same of one that is to be expected by the others.
    static let patienceInRhythm = MediaDuration.milliseconds(120)
    /// The same where the first only has come.
    static let patienceAtFirst = MediaDuration.milliseconds(40)

    private var last: RTPTimestamp?
    private var interval: Int?

    /// Knows of no frame.
    package init() {}

    /// Notes a frame that is whole, in the order they are shown in.
    package mutating func add(_ timestamp: RTPTimestamp) {
        interval = last.map { timestamp.distance(from: $0) }
        last = timestamp
    }

    /// The frame behind the last.
    /// - Parameters:
    ///   - begun: Its timestamp, if something of it is there.
    ///   - isMissing: Whether packets are missing that others came behind.
    /// - Returns: Its timestamp, or what it is likely to be, and how long it is worth waiting for; `nil`: none is to be expected.
    package func ahead(
        begun: RTPTimestamp?, isMissing: Bool
    ) -> (timestamp: RTPTimestamp, patience: MediaDuration)? {
        if let begun { return (begun, Self.patience) }
        let ticks = interval ?? Self.usualInterval
        guard let last, ticks > 0, ticks <= Self.intervalMax else { return nil }
        let next = RTPTimestamp(last.rawValue &+ UInt32(ticks))
        if isMissing { return (next, Self.patience) }
        return (next, interval == nil ? Self.patienceAtFirst : Self.patienceInRhythm)
    }
}
