// That a frame keeps the time it was pushed at on its way into the engine, however long that takes.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import NIOCore
import Testing
import Wire

@testable import Martlet

@Suite struct CrossedFrameTests {
    /// Takes the next frame of a publication across, as if the engine got it much later, into a source there.
    private func cross(_ feed: PublicationFeed, into source: EngineFeed.Source) async throws {
        let packed = try #require(await IsolatedPublication.next(of: feed))
        var bytes = [UInt8](repeating: 0, count: packed.count)
        unsafe bytes.withUnsafeMutableBytes { unsafe packed.copy(to: $0) }
        var buffer = ByteBuffer()
        try EngineFraming.write(
            .frame(
                FrameNotice(
                    stream: 1, content: packed.content,
                    timestampMicroseconds: packed.timestampMicroseconds, pushedAt: packed.pushedAt,
                    position: 0, count: UInt32(packed.count))), into: &buffer)
        guard case .frame(let notice)? = try EngineFraming.read(&buffer) else {
            throw TestFailure("no frame")
        }
        let crossed = unsafe bytes.withUnsafeBytes {
            unsafe CrossedFrame(notice, LentBytes($0), for: source)
        }
        try await #require(crossed).write(into: source)
    }

    private let pushedAt = MediaInstant(nanoseconds: 7_123_456_789)

    @Test func G01_Y02_theTimeOfPushingCrossesWithEachKindOfFrame() async throws {
        let sound = AudioFrame(
            samples: [1, 2], format: SoundFormat(sampleRate: 48_000, channels: 1),
            timestampMicroseconds: 5)
        let (from, to) = (try AudioSource(), try AudioSource())
        try await from.write(Pushed(frame: sound, at: pushedAt))
        try await cross(.sound(from, AudioPublishOptions()), into: .sound(to))
        let heard = try #require(await to.queue.next())
        #expect(heard.at == pushedAt && heard.frame.samples == [1, 2])
        #expect(heard.frame.timestampMicroseconds == 5)

        let (screen, shown) = (try VideoSource(), try VideoSource())
        try await screen.write(
            PushedPicture(frame: try grey(9), rotation: .half, pushedAt: pushedAt))
        try await cross(
            .pictures(screen, VideoPublishOptions(), LocalParticipant.softwareEncoder),
            into: .pictures(shown))
        let seen = try #require(await shown.queue.next())
        #expect(seen.pushedAt == pushedAt && seen.rotation == .half && greyOf(seen.frame) == 9)

        let (opus, packets) = (
            try EncodedAudioSource(codec: .opus), try EncodedAudioSource(codec: .opus)
        )
        try await opus.write(
            Pushed(
                frame: EncodedAudioFrame(bytes: [0x78, 1], timestampMicroseconds: 5), at: pushedAt))
        try await cross(
            .encodedSound(opus, AudioPublishOptions()), into: .encodedSound(packets))
        #expect(await packets.queue.next()?.at == pushedAt)

        let (vp8, pictures) = (
            try EncodedVideoSource(codec: .vp8), try EncodedVideoSource(codec: .vp8)
        )
        try await vp8.write(
            Pushed(
                frame: EncodedVideoFrame(
                    codec: .vp8, bytes: [1], isKeyframe: true, timestampMicroseconds: 5),
                at: pushedAt))
        try await cross(
            .encodedPictures(vp8, maxBitsPerSecond: 1, isMuted: false),
            into: .encodedPictures(pictures))
        #expect(await pictures.queue.next()?.at == pushedAt)
    }

    @Test func G01_aFrameIsPushedWhenItIsWritten() async throws {
        let source = try AudioSource()
        let before = MediaDriver.now
        try await source.write(AudioFrame(samples: [1], format: source.format))
        #expect(
            try source.tryWrite(AudioFrame(samples: [1], format: source.format)))
        let after = MediaDriver.now
        for _ in 0..<2 {
            let pushed = try #require(await source.queue.next())
            #expect(before...after ~= pushed.at)
        }
    }
}
