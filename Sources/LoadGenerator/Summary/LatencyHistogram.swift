// How long things took, in buckets that widen with the time: small, quick to add to, and exact enough.
// SPDX-License-Identifier: Apache-2.0
package import Wire

/// Times from nought to some minutes, each known to 10 us or 1.6 %, whichever is more.
package struct LatencyHistogram: Sendable {
    /// The width of the first buckets.
    private static let unitNanoseconds: Int64 = 10_000
    /// Buckets of one width, before they widen: a power of two.
    private static let perOctave = 64
    private static let octaves = 20
    private var buckets: [UInt64] = []

    /// Nothing measured yet; takes memory with the first time that is added.
    package init() {}

    /// How many times were added.
    package private(set) var count: UInt64 = 0
    /// The longest of them.
    package private(set) var longest = MediaDuration.zero

    /// Adds one; what is below nought counts as nought.
    package mutating func add(_ time: MediaDuration) {
        if buckets.isEmpty {
            buckets = [UInt64](repeating: 0, count: Self.perOctave * (Self.octaves + 1))
        }
        buckets[Self.bucket(of: time)] &+= 1
        count &+= 1
        longest = max(longest, time)
    }

    /// Adds what another has measured.
    package mutating func add(_ other: LatencyHistogram) {
        guard !other.buckets.isEmpty else { return }
        guard !buckets.isEmpty else {
            self = other
            return
        }
        for index in buckets.indices { buckets[index] &+= other.buckets[index] }
        count &+= other.count
        longest = max(longest, other.longest)
    }

    /// The time that `share` (0 to 1) of those added did not exceed; zero if there are none.
    package func quantile(_ share: Double) -> MediaDuration {
        guard count > 0 else { return .zero }
        let wanted = min(UInt64(Double(count) * within(share)), count - 1)
        var seen: UInt64 = 0
        for index in buckets.indices {
            seen &+= buckets[index]
            if seen > wanted { return min(Self.end(of: index), longest) }
        }
        return longest
    }

    private static func bucket(of time: MediaDuration) -> Int {
        var steps = max(0, time.nanoseconds) / unitNanoseconds
        var octave = 0
        while steps >= 2 * Int64(perOctave), octave < octaves - 1 {
            steps >>= 1
            octave += 1
        }
        return min(
            octave * perOctave + Int(min(steps, Int64.max >> 8)), perOctave * (octaves + 1) - 1)
    }

    /// Where a bucket ends.
    private static func end(of bucket: Int) -> MediaDuration {
        guard bucket >= 2 * perOctave else {
            return MediaDuration(nanoseconds: Int64(bucket + 1) * unitNanoseconds)
        }
        let octave = bucket / perOctave - 1
        let steps = Int64(bucket % perOctave + perOctave + 1) << Int64(octave)
        return MediaDuration(nanoseconds: steps * unitNanoseconds)
    }
}

/// A share as it can be reckoned with: 0 to 1, and 0 for what is no number.
func within(_ share: Double) -> Double { share > 0 ? min(share, 1) : 0 }
