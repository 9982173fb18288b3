// Pieces of sound of one moment heard together.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

/// The sum of pieces, as loud as it can be without wrapping round. Its memory is used again for each moment.
struct SoundMix {
    private static let count = SoundPiece.frames * SoundPiece.format.channels
    private static let silence = [Int16](repeating: 0, count: count)

    private var sums: [Int32] = []
    private var first: [Int16]?
    private var isSum = false

    /// Begins another moment.
    mutating func begin() {
        first = nil
        isSum = false
    }

    /// Adds a piece; what of it is longer than 10 ms is not heard.
    mutating func add(_ piece: SoundPiece) {
        guard let first else {
            self.first = piece.samples
            return
        }
        if !isSum {
            isSum = true
            if sums.isEmpty { sums = [Int32](repeating: 0, count: Self.count) }
            Self.set(&sums, to: first.span)
        }
        Self.add(piece.samples.span, to: &sums)
    }

    /// What is heard: one piece as it is, or the sum of several.
    var samples: [Int16] {
        guard isSum else { return first ?? Self.silence }
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
        for index in sums.indices {
            sums[index] = index < samples.count ? Int32(samples[index]) : 0
        }
    }

    private static func add(_ samples: Span<Int16>, to sums: inout [Int32]) {
        var sums = sums.mutableSpan
        for index in 0..<min(samples.count, sums.count) {
            // Hundreds of thousands of pieces would be needed to overflow.
            sums[index] &+= Int32(samples[index])
        }
    }
}
