// Sound and pictures that can be told apart.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import MediaCodecs

@testable import Martlet

/// A sine of one channel.
func tone(_ frequency: Double, samples: Int, rate: Int = 48_000, from start: Int = 0) -> [Int16] {
    (0..<samples).map {
        Int16(sin(Double(start + $0) * frequency / Double(rate) * 2 * .pi) * 10_000)
    }
}

/// The frequency of a sine by its changes of sign, and its loudness; of one channel.
func heard(_ samples: [Int16], rate: Int) -> (frequency: Double, loudness: Double) {
    var crossings = 0
    var power = 0.0
    for (index, sample) in samples.enumerated() {
        power += Double(sample) * Double(sample)
        if index > 0, (samples[index - 1] < 0) != (sample < 0) { crossings += 1 }
    }
    return (
        Double(crossings) / 2 * Double(rate) / Double(max(1, samples.count)),
        (power / Double(max(1, samples.count))).squareRoot()
    )
}

/// A picture of one grey.
func grey(_ value: UInt8, width: Int = 320, height: Int = 180, microseconds: Int64 = 0) throws
    -> VideoFrame
{
    let luma = [UInt8](repeating: value, count: width * height)
    let chroma = [UInt8](repeating: 128, count: (width / 2) * (height / 2))
    return try VideoFrame(
        width: width, height: height, y: luma.span, u: chroma.span, v: chroma.span,
        timestampMicroseconds: microseconds)
}

/// The grey of a picture's middle.
func greyOf(_ frame: VideoFrame) -> UInt8 {
    frame.y[frame.height / 2 * frame.yStride + frame.width / 2]
}

/// Pushes a tone until cancelled.
func push(_ frequency: Double, into source: AudioSource) async {
    var position = 0
    let count = source.format.sampleRate / 100
    while !Task.isCancelled {
        let mono = tone(frequency, samples: count, rate: source.format.sampleRate, from: position)
        let samples =
            source.format.channels == 1 ? mono : mono.flatMap { [$0, $0] }
        guard
            (try? await source.write(
                AudioFrame(
                    samples: samples, format: source.format,
                    timestampMicroseconds: Int64(position) * 1_000_000
                        / Int64(source.format.sampleRate)))) != nil
        else { return }
        position += count
    }
}
