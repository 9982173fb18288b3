// That pictures of VP9 and AV1 arrive as they were pushed, through the real server.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Testing

@testable import Martlet

@Suite(.serialized, .timeLimit(.minutes(1))) struct LaterCodecTests {
    /// A picture that says which it is, in several packets, as the server takes it apart.
    private func picture(_ codec: VideoCodec, _ number: Int, isKeyframe: Bool) -> [UInt8] {
        let body =
            [UInt8(number >> 8), UInt8(number & 0xFF)]
            + (0..<2_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
        guard codec == .av1 else {
            return (isKeyframe ? [0x82, 0x49, 0x83, 0x42, 0, 0x13, 0xF0, 0x0B, 0x34] : [0x86])
                + body
        }
        // A temporal delimiter, a sequence header where it is a keyframe, and a frame.
        return [0x12, 0] + (isKeyframe ? [0x0A, 3, 1, 2, 3] : [])
            + [0x32, UInt8(body.count & 0x7F) | 0x80, UInt8(body.count >> 7)] + body
    }

    @Test(arguments: [VideoCodec.vp9, .av1])
    func O07_picturesOfLaterCodecsAreNotTouched(codec: VideoCodec) async throws {
        try await withTwo { sender, viewer in
            let source = try EncodedVideoSource(codec: codec)
            try await sender.localParticipant.publish(source)
            let showing = Task {
                for number in 0..<3_000 {
                    let isKeyframe = number % 10 == 0
                    try await source.write(
                        EncodedVideoFrame(
                            codec: codec, bytes: picture(codec, number, isKeyframe: isKeyframe),
                            isKeyframe: isKeyframe, timestampMicroseconds: Int64(number) * 20_000))
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            defer { showing.cancel() }
            let track = try await track(.camera, in: viewer)
            var pictures = try await viewer.encodedVideo(of: track).makeAsyncIterator()
            var number: Int?
            for _ in 0..<25 {
                let next = try #require(await pictures.next())
                let expected =
                    number.map { $0 + 1 }
                    ?? (0..<3_000).first {
                        picture(codec, $0, isKeyframe: true) == next.bytes
                    }
                number = expected
                let known = try #require(expected)
                #expect(next.codec == codec && next.isKeyframe == (known % 10 == 0))
                #expect(next.bytes == picture(codec, known, isKeyframe: known % 10 == 0))
            }
        }
    }

    @Test func O06_encodedVP9IsDecodedAndHasOneSize() async throws {
        try await withTwo(second: { $0.cameraSizes = 2 }) { sender, viewer in
            let source = try VideoSource()
            var options = VideoPublishOptions()
            options.codec = .vp9
            try await sender.localParticipant.publish(source, as: .camera, options)
            let pushing = Task {
                while !Task.isCancelled {
                    try await source.write(try grey(90))
                    try await Task.sleep(for: .milliseconds(33))
                }
            }
            defer { pushing.cancel() }
            let track = try await track(.camera, in: viewer)
            let frames = try await viewer.video(of: track)
            let brightness = try await first(of: frames) { $0.y[0] }
            #expect(abs(Int(brightness) - 90) <= 4)
            await #expect(throws: MartletError.self) {
                try await viewer.localParticipant.publish(try VideoSource(), as: .camera, options)
            }
            try await viewer.localParticipant.publish(try VideoSource(), as: .screen, options)
            options.codec = .av1
            await #expect(throws: MartletError.self) {
                try await viewer.localParticipant.publish(try VideoSource(), as: .camera, options)
            }
        }
    }
}
