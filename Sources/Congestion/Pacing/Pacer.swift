// How much may leave at once: a leaky bucket in units of time.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Lets a receiver's packets leave at a multiple of the estimate, with an allowance that an ordinary
/// frame does not use up, so that a turn's packets leave at once and together.
///
/// The bucket is one instant: when a path of the pacing rate would have sent all that left. O(1).
package struct Pacer: Sendable {
    /// How many times the estimate may leave: libwebrtc's pacing factor. Frames are larger than their
    /// share of a second, and what waits here waits in vain if the path is free.
    package static let factor = 2.5
    /// The same on a narrow path, where a keyframe at that factor would be a queue of half a second, and an
    /// overuse.
    package static let factorNarrow = 1.05
    /// The same on a path that was silent, of which nobody knows what it carries by now.
    package static let factorAfterSilence = 1.1
    /// Up to where a path is narrow, and from where on it is not, in bits a second.
    package static let narrow = (below: 200_000.0, until: 600_000.0)
    /// What may wait: as much as leaves at the estimate in this time,
    package static let backlog = MediaDuration.milliseconds(625)
    /// and in any case a keyframe, in bytes.
    package static let backlogBytes = 16_000
    /// What may leave at once, in time at the pacing rate.
    package static let allowance = MediaDuration.milliseconds(40)
    /// The same in bytes, whatever the rate is: a full packet.
    package static let allowanceBytes = 1_250
    /// The least rate in bits a second: sound alone must never wait.
    package static let rateMin = 100_000.0

    /// The pacing rate in bits a second; `nil`: nothing is paced.
    package private(set) var bitsPerSecond: Double?
    /// How many bytes may wait; a great many if nothing is paced.
    package private(set) var backlogMax = Int.max
    private var nanosecondsPerByte = 0.0
    private var allowanceNanoseconds: Int64 = 0
    private var busyUntil = MediaInstant.zero

    /// Paces nothing.
    package init() {}

    /// Takes the estimate, in bits a second; `nil` ends pacing.
    /// - Parameters:
    ///   - isAfterSilence: Whether nothing was heard of the path a moment ago.
    ///   - share: What of the pacing rate may leave, 0 to 1: less while a queue on the path is to drain.
    package mutating func setEstimate(
        _ estimate: Double?, isAfterSilence: Bool = false, share: Double = 1
    ) {
        guard let estimate else {
            bitsPerSecond = nil
            nanosecondsPerByte = 0
            backlogMax = .max
            return
        }
        let factor = Self.factor(at: estimate)
        let rate =
            max(
                estimate * (isAfterSilence ? min(factor, Self.factorAfterSilence) : factor),
                Self.rateMin) * share
        let bytes = estimate * Double(Self.backlog.nanoseconds) / 8e9
        backlogMax = max(Int(min(bytes, 1e9)), Self.backlogBytes)
        bitsPerSecond = rate
        nanosecondsPerByte = 8e9 / rate
        allowanceNanoseconds = max(
            Self.allowance.nanoseconds, Int64(nanosecondsPerByte * Double(Self.allowanceBytes)))
    }

    /// Counts what has left.
    package mutating func noteSent(bytes: Int, at now: MediaInstant) {
        guard bitsPerSecond != nil else { return }
        let time = MediaDuration(nanoseconds: Int64(Double(bytes) * nanosecondsPerByte))
        busyUntil = max(busyUntil, now) + time
    }

    /// How many bytes may leave now; a packet of any size may while there is one left.
    package func room(at now: MediaInstant) -> Int {
        guard bitsPerSecond != nil else { return .max }
        let free = allowanceNanoseconds - max(0, (busyUntil - now).nanoseconds)
        return free <= 0 ? 0 : Int(Double(free) / nanosecondsPerByte)
    }

    /// When half of the allowance is free again: waking for each single packet would tear runs apart.
    package var nextRelease: MediaInstant {
        busyUntil - MediaDuration(nanoseconds: allowanceNanoseconds / 2)
    }

    private static func factor(at estimate: Double) -> Double {
        let share = (estimate - narrow.below) / (narrow.until - narrow.below)
        return factorNarrow + (factor - factorNarrow) * min(max(share, 0), 1)
    }
}
