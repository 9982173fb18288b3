// What the path carried whenever it was full.
// SPDX-License-Identifier: Apache-2.0

/// A running mean of the throughput at overuse, with its deviation: where the rate should grow slowly.
struct LinkCapacity {
    private static let weight = 0.05

    /// Kilobits a second; `nil`: not known.
    private(set) var estimate: Double?
    /// The variance, divided by the estimate.
    private var variance = 0.4

    /// Whether a throughput in kbit/s lies more than three deviations above the estimate.
    func isExceeded(by sample: Double) -> Bool {
        guard let estimate, sample > estimate else { return false }
        return isFar(sample, from: estimate)
    }

    /// Whether one lies more than three deviations below it.
    func isMissed(by sample: Double) -> Bool {
        guard let estimate, sample < estimate else { return false }
        return isFar(sample, from: estimate)
    }

    /// Forgets the estimate: the path has changed.
    mutating func reset() { estimate = nil }

    /// Takes the throughput at an overuse, in kbit/s.
    mutating func observe(_ sample: Double) {
        let updated = estimate.map { (1 - Self.weight) * $0 + Self.weight * sample } ?? sample
        let error = updated - sample
        variance = (1 - Self.weight) * variance + Self.weight * error * error / max(updated, 1)
        variance = min(max(variance, 0.4), 2.5)
        estimate = updated
    }

    /// Compared by squares: a root would need the C library.
    private func isFar(_ sample: Double, from estimate: Double) -> Bool {
        (sample - estimate) * (sample - estimate) > 9 * variance * estimate
    }
}
