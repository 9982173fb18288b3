// How much a client may send within a second.
// SPDX-License-Identifier: Apache-2.0

/// Counts the frames of one connection, and their bytes, within windows of a second.
struct MessageRate {
    private let framesMax: Int
    private let bytesMax: Int
    private var window = ContinuousClock.now
    private var frames = 0
    private var bytes = 0

    init(_ limits: ServerLimits) {
        framesMax = limits.messagesPerSecondMax
        bytesMax = limits.messageBytesPerSecondMax
    }

    /// Counts a frame; false if it is one too many.
    mutating func take(bytes count: Int, at now: ContinuousClock.Instant) -> Bool {
        if now - window >= .seconds(1) {
            window = now
            frames = 0
            bytes = 0
        }
        frames += 1
        bytes += count
        return frames <= framesMax && bytes <= bytesMax
    }
}
