// A tone, without a step between its pieces, and how it is recognised.
// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Makes a sine of 48 kHz, one channel.
struct TestTone {
    private var phase = 0.0
    let frequency: Double

    init(frequency: Double) { self.frequency = frequency }

    /// The next samples; silent ones keep the phase going.
    mutating func next(_ count: Int, isAudible: (Int) -> Bool) -> [Int16] {
        (0..<count).map { index in
            phase += frequency / 48_000
            if phase >= 1 { phase -= 1 }
            return isAudible(index) ? Int16(sin(phase * 2 * .pi) * 9_000) : 0
        }
    }
}

/// What is heard in 10 ms of one channel of 48 kHz.
struct HeardPiece {
    /// The mean of squares, square-rooted; full scale is 32,768.
    let loudness: Double
    /// The first sample that is more than noise.
    let onset: Int?
    /// How often the sign changes, as the frequency of a sine; nothing for silence.
    let frequency: Double

    init(_ samples: [Int16]) {
        var power = 0.0
        var crossings = 0
        for (index, sample) in samples.enumerated() {
            power += Double(sample) * Double(sample)
            if index > 0, (samples[index - 1] < 0) != (sample < 0) { crossings += 1 }
        }
        onset = samples.firstIndex { abs(Int($0)) > 1_500 }
        loudness = (power / Double(max(1, samples.count))).squareRoot()
        frequency = Double(crossings) / 2 * 48_000 / Double(max(1, samples.count))
    }

    /// Whether there is more than noise.
    var isAudible: Bool { loudness > 400 }
}
