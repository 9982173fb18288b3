// Playing a piece of sound a little faster or slower without changing its pitch.
// SPDX-License-Identifier: Apache-2.0

/// Takes one period out of a piece of sound, or repeats one, and fades over the seam (overlap-add of similar parts,
/// Verhelst and Roelands 1993); of a pause, nearly all of the piece.
package enum SoundStretch {
    /// The periods looked for, in samples of 48 kHz: 400 to 100 Hz, and multiples of higher tones.
    static let periods = 120...480
    /// Parts less alike than this are not blended: it would be heard.
    static let likenessMin = 0.6
    /// What is quieter on average is a pause, of which nearly all can be left out or said twice: -56 dB of the loudest.
    static let quietMax = 50.0
    /// Over so many samples pauses are blended.
    static let seam = 120

    /// Shortens or lengthens a piece.
    /// - Parameters:
    ///   - samples: Interleaved, of 48 kHz.
    ///   - channels: 1 or 2.
    ///   - isShorter: Whether a period is left out; else one is repeated.
    /// - Returns: The piece in its new length; as it was where it is too short, or has no period.
    package static func stretched(
        _ samples: [Int16], channels: Int, isShorter: Bool
    ) -> [Int16] {
        let count = samples.count / max(1, channels)
        guard channels > 0, count >= periods.upperBound * 2 else { return samples }
        if isQuiet(samples) { return paused(samples, channels: channels, isShorter: isShorter) }
        guard let period = period(of: samples, channels: channels) else { return samples }
        var result: [Int16] = []
        result.reserveCapacity(samples.count + period * channels)
        let (first, second) = (0, period * channels)
        if !isShorter { result += samples[first..<second] }
        // From what is heard before the seam to what is heard after it.
        let (from, to) = isShorter ? (first, second) : (second, first)
        result += blend(samples, from: from, to: to, count: second, channels: channels)
        result += samples[(isShorter ? second * 2 : second)...]
        return result
    }

    /// A pause that is over at once, or as long again.
    private static func paused(_ samples: [Int16], channels: Int, isShorter: Bool) -> [Int16] {
        let (count, seam) = (samples.count / channels * channels, seam * channels)
        if isShorter {
            return blend(samples, from: 0, to: count - seam, count: seam, channels: channels)
        }
        return samples[..<(count - seam)]
            + blend(samples, from: count - seam, to: 0, count: seam, channels: channels)
            + samples[seam...]
    }

    private static func blend(
        _ samples: [Int16], from: Int, to: Int, count: Int, channels: Int
    ) -> [Int16] {
        (0..<count).map { index in
            let share = Double(index / channels) / Double(count / channels)
            let left = Double(samples[from + index])
            let right = Double(samples[to + index])
            return Int16(clamping: Int((left + (right - left) * share).rounded()))
        }
    }

    private static func isQuiet(_ samples: [Int16]) -> Bool {
        var sum = 0.0
        for sample in samples { sum += Double(sample) * Double(sample) }
        return sum < quietMax * quietMax * Double(samples.count)
    }

    /// The distance at which the beginning is most like what follows; `nil`: nowhere enough.
    private static func period(of samples: [Int16], channels: Int) -> Int? {
        let first = FirstChannel(samples, channels: channels)
        var best = (likeness: likenessMin, period: 0)
        for period in stride(from: periods.lowerBound, through: periods.upperBound, by: 4) {
            let likeness = first.likeness(at: period)
            if likeness > best.likeness { best = (likeness, period) }
            // Nothing is more alike.
            if likeness >= 1 { return period }
        }
        guard best.period > 0 else { return nil }
        for period in max(
            periods.lowerBound, best.period - 3)...min(
                periods.upperBound, best.period + 3)
        {
            let likeness = first.likeness(at: period)
            if likeness > best.likeness { best = (likeness, period) }
        }
        return best.period
    }
}

/// The first channel of what is compared: the even samples and the odd ones apart, and how much power there is before each.
private struct FirstChannel {
    private let even: [Int32]
    private let odd: [Int32]
    private let evenPower: [Int64]
    private let oddPower: [Int64]

    init(_ samples: [Int16], channels: Int) {
        let pairs = min(samples.count / channels / 2, SoundStretch.periods.upperBound)
        func part(_ offset: Int) -> [Int32] {
            (0..<pairs).map { Int32(samples[($0 * 2 + offset) * channels]) }
        }
        func power(_ part: [Int32]) -> [Int64] {
            var sum: Int64 = 0
            var sums: [Int64] = [0]
            sums.reserveCapacity(part.count + 1)
            for sample in part {
                sum &+= Int64(sample &* sample)
                sums.append(sum)
            }
            return sums
        }
        even = part(0)
        odd = part(1)
        evenPower = power(even)
        oddPower = power(odd)
    }

    /// The normalised correlation of the first `period` samples with those behind them, every other sample.
    func likeness(at period: Int) -> Double {
        let count = (period + 1) / 2
        let shift = period / 2
        let isEven = period % 2 == 0
        let before = 1 + Double(evenPower[count])
        let power = isEven ? evenPower : oddPower
        let after = 1 + Double(power[shift + count] - power[shift])
        let product = Self.product(
            even.span.extracting(0..<count),
            (isEven ? even : odd).span.extracting(shift..<shift + count))
        return Double(product) / (before * after).squareRoot()
    }

    private static func product(_ left: Span<Int32>, _ right: Span<Int32>) -> Int64 {
        var sum: Int64 = 0
        for index in 0..<min(left.count, right.count) {
            sum &+= Int64(left[index]) &* Int64(right[index])
        }
        return sum
    }
}
