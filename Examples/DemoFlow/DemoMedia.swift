// What takes the place of a camera and a microphone in the demo.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Martlet
import MediaCodecs

enum DemoMedia {
    private static let width = 320
    private static let height = 180

    /// Pushes 25 pictures a second, of a bar that moves, in the layout most cameras give (NV12).
    static func show(in source: VideoSource) async throws {
        let layout = try PictureLayout(format: .nv12, width: width, height: height)
        var bytes = [UInt8](repeating: 128, count: layout.byteCount)
        for number in 0... {
            let bar = number * 4 % width
            for row in 0..<height {
                for column in 0..<width {
                    bytes[row * width + column] = bar..<bar + 32 ~= column ? 200 : 60
                }
            }
            try await source.write(
                bytes, layout: layout, timestampMicroseconds: Int64(number) * 40_000)
            try await Task.sleep(for: .milliseconds(40))
        }
    }

    /// Pushes a tone of 440 Hz, 10 ms at a time. The source takes it in the rhythm it is heard in: no sleep is needed.
    static func sound(in source: AudioSource) async throws {
        let rate = source.format.sampleRate
        for piece in 0... {
            let samples = (0..<rate / 100).map { index in
                let time = Double(piece * rate / 100 + index) / Double(rate)
                return Int16(8_000 * sin(time * 440 * 2 * .pi))
            }
            try await source.write(AudioFrame(samples: samples, format: source.format))
        }
    }
}
