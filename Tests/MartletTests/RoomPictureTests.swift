// That pictures and what goes with them arrive over a real server in every form.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Synchronization
import Testing

@testable import Martlet

/// Whether a keyframe is wanted, at first it is.
private final class Wish: Sendable {
    private let state = Atomic(true)
    func set() { state.store(true, ordering: .relaxed) }
    func take() -> Bool { state.exchange(false, ordering: .relaxed) }
}

/// An encoder of the application's own: it counts, and leaves the work to the one that is always there.
private struct CountingEncoder: VideoEncoder, ~Copyable {
    static let pictures = Atomic(0)
    private var inner: SoftwareVideoEncoder
    var codec: VideoCodec { inner.codec }

    init(_ codec: VideoCodec, _ bitsPerSecond: Int, _ frameRate: Int) throws(MediaCodecError) {
        inner = try SoftwareVideoEncoder(
            codec: codec, bitsPerSecond: bitsPerSecond, frameRate: frameRate)
    }

    mutating func setRate(bitsPerSecond: Int, frameRate: Int) throws(MediaCodecError) {
        try inner.setRate(bitsPerSecond: bitsPerSecond, frameRate: frameRate)
    }

    mutating func encode(
        _ frame: VideoFrame, isKeyframeWanted: Bool
    ) throws(MediaCodecError) -> EncodedPicture? {
        Self.pictures.add(1, ordering: .relaxed)
        return try inner.encode(frame, isKeyframeWanted: isKeyframeWanted)
    }
}

@Suite(.serialized) struct RoomPictureTests {
    @Test func I01_I03_N01_N02_N04_aScreenIsFittedIntoItsSize() async throws {
        try await withServer { server in
            let sender = try await joined(server, "ada")
            let viewer = try await joined(server, "bob")
            let source = try VideoSource()
            var options = VideoPublishOptions()
            options.width = 320
            options.height = 180
            options.fit = .contain
            let publication = try await sender.localParticipant.publish(
                source, as: .screen, options
            ) {
                codec, bitsPerSecond, frameRate throws(MediaCodecError) in
                try CountingEncoder(codec, bitsPerSecond, frameRate)
            }
            let pushing = Task {
                while !Task.isCancelled {
                    // Square: black bars are left and right of it.
                    try await source.write(try grey(200, width: 200, height: 200))
                    try await Task.sleep(for: .milliseconds(40))
                }
            }
            defer { pushing.cancel() }
            let screen = try await track(.screen, in: viewer)
            let frames = try await viewer.video(of: screen)
            let seen = try await first(of: frames) { frame -> (UInt8, UInt8)? in
                (frame.y[90 * frame.yStride + 20], greyOf(frame))
            }
            // In a process of its own an application's encoder has no place.
            #expect(CountingEncoder.pictures.load(ordering: .relaxed) > 0 || isIsolated)
            #expect(seen.0 < 40 && abs(Int(seen.1) - 200) < 8)
            let sent = try #require(await publication.statistics.first)
            #expect(sent.frames > 0 && sent.keyframes > 0 && sent.bytes > 0)
            let received = try #require(await viewer.statistics(of: screen))
            #expect(received.frames > 0 && received.keyframes > 0 && received.packets > 0)
            await sender.leave()
            await viewer.leave()
        }
    }

    @Test(arguments: [VideoCodec.vp8, .h264])
    func I02_O05_O06_O07_O08_picturesDecodedAndAsTheyCame(codec: VideoCodec) async throws {
        try await withServer { server in
            let sender = try await joined(server, "ada")
            let viewer = try await joined(server, "bob")
            let source = try VideoSource()
            var options = VideoPublishOptions()
            options.codec = codec
            options.width = 320
            options.height = 180
            try await sender.localParticipant.publish(source, as: .camera, options)
            let pushing = Task {
                while !Task.isCancelled {
                    // Twice the size it is sent in, and turned.
                    try await source.write(
                        try grey(150, width: 360, height: 640), rotation: .clockwise90)
                    try await Task.sleep(for: .milliseconds(33))
                }
            }
            defer { pushing.cancel() }
            let camera = try await track(.camera, in: viewer)
            let frames = try await viewer.video(of: camera)
            let encoded = try await viewer.encodedVideo(of: camera)
            async let seen = first(of: frames) { frame -> (Int, Int, UInt8)? in
                (frame.width, frame.height, greyOf(frame))
            }
            async let passed = Gathering.gathered(encoded, count: 5)
            let (picture, pieces) = try await (seen, passed)
            #expect(picture.0 == 320 && picture.1 == 180)
            #expect(abs(Int(picture.2) - 150) < 8)
            #expect(pieces[0].isKeyframe && pieces[0].codec == codec)
            // Annex B: a start code, then parameter sets.
            if codec == .h264 {
                #expect(
                    pieces[0].bytes.prefix(3) == [0, 0, 0]
                        || pieces[0].bytes.prefix(3) == [0, 0, 1])
            }
            var decoder = try VideoDecoder(codec: codec)
            let bytes = pieces[0].bytes
            let first = try decoder.decode(bytes.span, timestampMicroseconds: 0)
            #expect(first?.width == 320)
            await sender.leave()
            await viewer.leave()
        }
    }

    @Test func Y03_encodedPicturesAndSoundPassThrough() async throws {
        try await withServer { server in
            let sender = try await joined(server, "ada") { $0.publishPacing = .byTimestamp }
            let viewer = try await joined(server, "bob")
            let pictures = try EncodedVideoSource(codec: .h264)
            let sound = try EncodedAudioSource(codec: .aac)
            try await sender.localParticipant.publish(pictures)
            try await sender.localParticipant.publish(sound)
            let requests = pictures.keyframeRequests
            let wanted = Wish()
            let listening = Task { for await _ in requests { wanted.set() } }
            let showing = Task {
                var encoder = try SoftwareVideoEncoder(codec: .h264, bitsPerSecond: 300_000)
                var number: Int64 = 0
                while !Task.isCancelled {
                    let frame = try grey(120, microseconds: number * 40_000)
                    let isWanted = wanted.take()
                    if let picture = try encoder.encode(frame, isKeyframeWanted: isWanted) {
                        try await pictures.write(
                            EncodedVideoFrame(
                                codec: .h264, bytes: picture.bytes, isKeyframe: picture.isKeyframe,
                                timestampMicroseconds: number * 40_000))
                    }
                    number += 1
                }
            }
            let playing = Task {
                var encoder = try AACEncoder(format: SoundFormat(sampleRate: 48_000, channels: 1))
                var position = 0
                while !Task.isCancelled {
                    let samples = tone(600, samples: 1_024, from: position)
                    var bytes = [UInt8](repeating: 0, count: 8_191)
                    var span = bytes.mutableSpan
                    let count = try encoder.encode(samples.span, into: &span)
                    if count > 0 {
                        try await sound.write(
                            EncodedAudioFrame(
                                bytes: Array(bytes.prefix(count)),
                                timestampMicroseconds: Int64(position) * 1_000 / 48))
                    }
                    position += 1_024
                }
            }
            defer {
                showing.cancel()
                playing.cancel()
                listening.cancel()
            }
            let camera = try await track(.camera, in: viewer)
            let frames = try await viewer.video(of: camera)
            let value = try await first(of: frames) { greyOf($0) }
            #expect(abs(Int(value) - 120) < 8)
            let microphone = try await track(.microphone, in: viewer)
            let pcm = try await viewer.audio(of: microphone)
            let samples = try await Gathering.samples(pcm, seconds: 2)
            #expect(abs(heard(samples.suffix(24_000), rate: 48_000).frequency - 600) < 12)
            await sender.leave()
            await viewer.leave()
        }
    }

    @Test func D15_D19_D20_D21_D22_D23_D24_bytesGoWithPictures() async throws {
        try await withServer { server in
            let sender = try await joined(server, "ada")
            let viewer = try await joined(server, "bob")
            let source = try VideoSource()
            var options = VideoPublishOptions()
            options.codec = .h264
            let publication = try await sender.localParticipant.publish(
                source, as: .camera, options)
            let pushing = Task {
                while !Task.isCancelled {
                    try await source.write(try grey(90))
                    try await Task.sleep(for: .milliseconds(33))
                }
            }
            defer { pushing.cancel() }
            let camera = try await track(.camera, in: viewer)
            let frames = try await viewer.video(of: camera)
            _ = try await first(of: frames) { $0.width }
            let events = viewer.events
            let large = [UInt8](repeating: 0, count: 4_096)
            try publication.sendMetadata([1, 0, 0, 3], repeats: 5)
            try publication.sendMetadata(large, after: .milliseconds(300))
            try publication.sendMetadata([9], after: .milliseconds(400))
            let found = Mutex<[[UInt8]]>([])
            let got = try await first(of: events) { event -> [[UInt8]]? in
                guard case .metadataReceived(from: "bob", _, _) = event else {
                    if case .metadataReceived(from: "ada", track: camera.id, let bytes) = event {
                        return found.withLock { found in
                            found.append(bytes)
                            return bytes == [9] ? found : nil
                        }
                    }
                    return nil
                }
                return nil
            }
            // Each once, though the first went out with five pictures.
            #expect(got == [[1, 0, 0, 3], large, [9]])
            #expect(throws: MartletError.self) {
                try publication.sendMetadata([UInt8](repeating: 1, count: 4_097))
            }
            #expect(throws: MartletError.self) { try publication.sendMetadata([], repeats: 1) }
            // With keyframes alone: one is asked for.
            try publication.sendMetadata([7], keyFramesOnly: true)
            let more = try await viewer.encodedVideo(of: camera)
            _ = try await first(of: more) { $0.isKeyframe ? true : nil }
            let again = viewer.events
            try publication.sendMetadata([8])
            let next = try await first(of: again) { event -> [UInt8]? in
                if case .metadataReceived(_, _, let bytes) = event { bytes } else { nil }
            }
            #expect(next == [7] || next == [8])
            let sound = try await sender.localParticipant.publish(try AudioSource())
            #expect(throws: MartletError.self) { try sound.sendMetadata([1]) }
            await sender.leave()
            await viewer.leave()
        }
    }
}
