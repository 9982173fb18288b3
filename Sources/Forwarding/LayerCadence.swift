// When a simulcast layer has stopped coming.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Tells from the times of a stream's frames whether it still comes: a publisher short of bandwidth stops its larger
/// layers without a word.
package struct LayerCadence: Sendable {
    /// How long a stream of many frames a second may send nothing and still count as living.
    package static let silenceMax = MediaDuration.milliseconds(400)
    /// A stream of few frames a second is given the time of so many of them.
    package static let frames: Int64 = 3
    /// The longest time between frames that is taken as its cadence.
    package static let intervalMax = MediaDuration.seconds(1)

    private var timestamp: RTPTimestamp?
    private var lastFrame = MediaInstant.zero
    private var lastPacket = MediaInstant.zero
    /// The longest time between two frames, forgotten slowly.
    private var interval = MediaDuration.zero

    /// Nothing has come yet.
    package init() {}

    /// Takes a packet that came now.
    package mutating func note(timestamp: RTPTimestamp, at now: MediaInstant) {
        lastPacket = now
        guard self.timestamp != timestamp else { return }
        if self.timestamp != nil {
            let passed = min(now - lastFrame, Self.intervalMax)
            interval =
                passed > interval
                ? passed : MediaDuration(nanoseconds: interval.nanoseconds / 16 * 15)
        }
        self.timestamp = timestamp
        lastFrame = now
    }

    /// Whether the stream still comes.
    package func isAlive(at now: MediaInstant) -> Bool {
        timestamp != nil && now - lastPacket <= max(Self.silenceMax, interval * Self.frames)
    }
}
