// Where samples stand in a file that knows no times.
// SPDX-License-Identifier: Apache-2.0

/// Counts the samples of a WAV file, and the silence that is missing before the next ones.
struct SamplePlacement {
    /// Samples a second.
    let rate: Int64
    /// Samples of each channel written so far.
    private(set) var count: Int64 = 0

    init(rate: Int) { self.rate = Int64(rate) }

    /// When the next sample is heard, in nanoseconds.
    var time: Int64 { count / rate * 1_000_000_000 + count % rate * 1_000_000_000 / rate }

    /// How many samples of silence belong before samples of this time. Clocks of senders and of sound cards differ by a little: less
    /// than 10 ms is no gap, and what overlaps is written behind what is there.
    /// - Parameter time: 0 to `MediaFileWriter.timeMax`: 2^43 samples, so that no product overflows.
    /// - Returns: nil if it is more than `MediaFileWriter.silenceMax`.
    func silence(before time: Int64) -> Int64? {
        let place =
            time / 1_000_000_000 * rate
            + (time % 1_000_000_000 * rate + 500_000_000) / 1_000_000_000
        let missing = place - count
        guard missing <= MediaFileWriter.silenceMax / 1_000_000_000 * rate else { return nil }
        return missing > rate / 100 ? missing : 0
    }

    /// Counts samples that were written.
    mutating func advance(by samples: Int) { count += Int64(samples) }
}
