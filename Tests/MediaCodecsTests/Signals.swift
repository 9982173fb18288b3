// Sounds and pictures that can be recognised after a codec, and how they are.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import MediaCodecs

/// A tone of `amplitude` (1 is full scale), interleaved, the same on all channels.
func tone(
    _ frequency: Double = 440, rate: Int = 48_000, channels: Int = 1, amplitude: Double = 0.25,
    from start: Int = 0, count: Int
) -> [Int16] {
    var samples: [Int16] = []
    samples.reserveCapacity(count * channels)
    for index in start..<start + count {
        let value = sin(2 * Double.pi * frequency * Double(index) / Double(rate))
        for _ in 0..<channels { samples.append(Int16(value * amplitude * 32_767)) }
    }
    return samples
}

/// What a stretch of one channel holds.
struct Hearing {
    /// The level of all of it, in decibels of full scale (a full sine has -3).
    let level: Double
    /// The level of one frequency alone, on the same scale (Goertzel's sum).
    let levelOfTone: Double
    /// Upward zero crossings a second.
    let frequency: Double

    init(
        _ samples: ArraySlice<Int16>, rate: Int = 48_000, channels: Int = 1, channel: Int = 0,
        tone: Double = 440
    ) {
        let all = Array(samples)
        let values = stride(from: channel, to: all.count, by: channels).map {
            Double(all[$0]) / 32_768
        }
        let count = Double(max(values.count, 1))
        let power = values.reduce(0) { $0 + $1 * $1 } / count
        level = 10 * log10(max(power, 1e-12))
        let step = 2 * Double.pi * tone / Double(rate)
        var (real, imaginary) = (0.0, 0.0)
        for (index, value) in values.enumerated() {
            real += value * cos(step * Double(index))
            imaginary += value * sin(step * Double(index))
        }
        let amplitude = 2 * (real * real + imaginary * imaginary).squareRoot() / count
        levelOfTone = 10 * log10(max(amplitude * amplitude / 2, 1e-12))
        let crossings = zip(values, values.dropFirst()).filter { $0 < 0 && $1 >= 0 }.count
        frequency = Double(crossings) * Double(rate) / count
    }
}

/// A picture with slopes, edges and a square that moves with `index`.
func testPicture(
    _ index: Int = 0, width: Int = 96, height: Int = 64, timestampMicroseconds: Int64? = nil
) throws -> VideoFrame {
    let (chromaWidth, chromaHeight) = ((width + 1) / 2, (height + 1) / 2)
    var (y, u, v): ([UInt8], [UInt8], [UInt8]) = ([], [], [])
    for row in 0..<height {
        for column in 0..<width {
            let isInside =
                abs(column - (10 + index * 2) % width) < 8 && abs(row - height / 2) < 8
            y.append(isInside ? 220 : UInt8(40 + (row + column) % 128))
        }
    }
    for row in 0..<chromaHeight {
        for column in 0..<chromaWidth {
            u.append(UInt8(90 + column % 64))
            v.append(UInt8(100 + row % 64))
        }
    }
    return try VideoFrame(
        width: width, height: height, y: y.span, u: u.span, v: v.span,
        timestampMicroseconds: timestampMicroseconds ?? Int64(index) * 33_333)
}

/// The peak signal to noise ratio of all three planes, in decibels; 99 for equal pictures, 0 for other sizes.
func peakSignalToNoise(_ one: VideoFrame, _ other: VideoFrame) -> Double {
    guard one.width == other.width, one.height == other.height else { return 0 }
    var (error, count) = (0, 0)
    func compare(_ a: Span<UInt8>, _ b: Span<UInt8>, width: Int, height: Int, stride: Int) {
        for row in 0..<height {
            for column in 0..<width {
                let difference = Int(a[row * stride + column]) - Int(b[row * stride + column])
                error += difference * difference
            }
        }
        count += width * height
    }
    compare(one.y, other.y, width: one.width, height: one.height, stride: one.yStride)
    compare(
        one.u, other.u, width: one.chromaWidth, height: one.chromaHeight, stride: one.chromaStride)
    compare(
        one.v, other.v, width: one.chromaWidth, height: one.chromaHeight, stride: one.chromaStride)
    guard error > 0 else { return 99 }
    return 10 * log10(255 * 255 * Double(count) / Double(error))
}
