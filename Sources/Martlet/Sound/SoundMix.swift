// Pieces of sound of one moment heard together.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

/// The sum of pieces, as loud as it can be without wrapping round. Its memory is used again for each moment.
struct SoundMix {
    private static let count = SoundPiece.frames * SoundPiece.format.channels
    private static let silence = [Int16](repeating: 0, count: count)

    private var sums: [Int32] = []
    private var isSilent = true

    /// Begins another moment.
    mutating func begin() { isSilent = true }

    /// Adds a piece of up to 10 ms.
    mutating func add(_ samples: Span<Int16>) {
        if sums.isEmpty { sums = [Int32](repeating: 0, count: Self.count) }
        if isSilent {
            isSilent = false
            Self.set(&sums, to: samples)
        } else {
            Self.add(samples, to: &sums)
        }
    }

    /// What is heard together.
    var samples: [Int16] {
        guard !isSilent else { return Self.silence }
        let sums = sums.span
        return [Int16](capacity: Self.count) { output in
            for index in sums.indices {
                output.append(
                    Int16(
                        truncatingIfNeeded: max(
                            Int32(Int16.min), min(Int32(Int16.max), sums[index]))))
            }
        }
    }

    private static func set(_ sums: inout [Int32], to samples: Span<Int16>) {
        var sums = sums.mutableSpan
        let count = min(samples.count, sums.count)
        for index in 0..<count { sums[index] = Int32(samples[index]) }
        for index in count..<sums.count { sums[index] = 0 }
    }

    private static func add(_ samples: Span<Int16>, to sums: inout [Int32]) {
        var sums = sums.mutableSpan
        for index in 0..<min(samples.count, sums.count) {
            // Hundreds of thousands of pieces would be needed to overflow.
            sums[index] &+= Int32(samples[index])
        }
    }
}
