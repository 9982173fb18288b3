// That what the server takes back, or the audience may not send, is encoded and sent no more, and whoever writes is told why.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Signaling
import Synchronization
import Testing

@testable import Martlet

/// Counts the pictures that it is given, and leaves the work to the encoder that is always there.
private struct CountingEncoder: VideoEncoder, ~Copyable {
    private let count: PictureCount
    private var inner: SoftwareVideoEncoder
    var codec: VideoCodec { inner.codec }

    init(_ count: PictureCount, _ codec: VideoCodec) throws(MediaCodecError) {
        self.count = count
        inner = try SoftwareVideoEncoder(codec: codec, bitsPerSecond: 200_000, frameRate: 25)
    }

    mutating func setRate(bitsPerSecond: Int, frameRate: Int) throws(MediaCodecError) {
        try inner.setRate(bitsPerSecond: bitsPerSecond, frameRate: frameRate)
    }

    mutating func encode(
        _ frame: VideoFrame, isKeyframeWanted: Bool
    ) throws(MediaCodecError) -> EncodedPicture? {
        count.add()
        return try inner.encode(frame, isKeyframeWanted: isKeyframeWanted)
    }
}

private final class PictureCount: Sendable {
    private let pictures = Atomic(0)
    var value: Int { pictures.load(ordering: .relaxed) }
    func add() { pictures.add(1, ordering: .relaxed) }

    /// Waits until there are more than so many.
    func wait(beyond count: Int) async throws {
        for _ in 0..<500 {
            if value > count { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw TestFailure("no picture was encoded")
    }
}

@Suite(.serialized, .timeLimit(.minutes(1))) struct WithdrawalTests {
    /// Pushes pictures until the source takes none.
    private static func show(_ source: VideoSource) -> Task<MartletError?, any Error> {
        Task {
            while true {
                do {
                    try await source.write(try grey(90, width: 64, height: 36))
                } catch let error as MartletError {
                    return error
                }
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    private static func unpublished(
        _ source: Martlet.TrackSource, _ events: AsyncStream<RoomEvent>
    ) async throws -> UnpublishReason {
        try await first(of: events) { event in
            if case .localTrackUnpublished(source, let reason) = event { reason } else { nil }
        }
    }

    @Test(arguments: [false, true])
    func P02_whatTheServerTakesBackIsSentNoMoreAndSaysWhy(isIsolated: Bool) async throws {
        try await withTokenServer { server in
            let room = Room(isolation: isIsolated ? .process() : .inProcess)
            let me = room.localParticipant
            try await room.join(
                Martlet.JoinOptions(server: server, room: "demo", token: try token()))
            let microphone = try await me.publish(try AudioSource())
            let (source, count) = (try VideoSource(), PictureCount())
            let camera = try await me.publish(source) { codec, _, _ throws(MediaCodecError) in
                try CountingEncoder(count, codec)
            }
            let showing = Self.show(source)
            defer { showing.cancel() }
            if !isIsolated { try await count.wait(beyond: 3) }
            #expect(camera.unpublishReason == nil)

            let events = room.events
            try await room.renewToken(
                try token(TokenGrants(publish: TrackSourceSet(.microphone))))
            #expect(try await Self.unpublished(.camera, events) == .notPermitted)
            // All of this is so from the event on.
            #expect(camera.unpublishReason == .notPermitted && microphone.unpublishReason == nil)
            #expect(await me.publications.first === microphone)
            let error = try await showing.value
            #expect(error?.code == 2009 && error?.message.contains("camera") == true)
            #expect(!source.tryWrite(try grey(90, width: 64, height: 36)))
            await camera.finish()
            let encoded = count.value
            for code in [
                await errorCode { try await camera.unpublish() },
                await errorCode { try await camera.setMuted(true) },
            ] { #expect(code == 4004) }
            #expect(await errorCode { try await me.publish(source) } == 2009)
            #expect(await errorCode { try await source.write(try grey(90)) } == 2009)

            // With the right come back, the same source serves again.
            try await room.renewToken(try token())
            let again = try await me.publish(source) { codec, _, _ throws(MediaCodecError) in
                try CountingEncoder(count, codec)
            }
            let more = Self.show(source)
            defer { more.cancel() }
            if !isIsolated {
                #expect(count.value >= encoded)
                try await count.wait(beyond: encoded + 3)
            }
            let wishes = room.events
            try await again.unpublish()
            #expect(try await Self.unpublished(.camera, wishes) == .requested)
            #expect(again.unpublishReason == .requested)
            await room.leave()
            #expect(microphone.unpublishReason == .left)
        }
    }

    @Test(arguments: [false, true])
    func E19_P02_whoIsSentAwaySendsNoMore(isIsolated: Bool) async throws {
        try await withServer { server in
            let room = Room(isolation: isIsolated ? .process() : .inProcess)
            let other = Room()
            for (room, id) in [(room, "ada"), (other, "bob")] {
                try await room.join(
                    Martlet.JoinOptions(server: server, room: "demo", participant: id))
            }
            let source = try EncodedAudioSource(codec: .opus)
            let publication = try await room.localParticipant.publish(source)
            let events = room.events
            try await other.remove("ada")
            _ = try await moves(events, to: .kicked)
            #expect(publication.unpublishReason == .left)
            await publication.finish()
            #expect(await errorCode { try await publication.setMuted(true) } == 4004)
            await other.leave()
        }
    }

    @Test func R05_R06_theAudienceEncodesNothing() async throws {
        try await withServer { server in
            let room = try await joined(server, "ada")
            let (source, count) = (try VideoSource(), PictureCount())
            let camera = try await room.localParticipant.publish(source) {
                codec, _, _ throws(MediaCodecError) in try CountingEncoder(count, codec)
            }
            let showing = Self.show(source)
            defer { showing.cancel() }
            if isIsolated { return await room.leave() }
            try await count.wait(beyond: 3)
            let roles = room.events
            try await room.localParticipant.setRole(.audience)
            try await first(of: roles) { if case .roleChanged = $0 { () } else { nil } }
            // The one picture that may be with the encoder comes out of it.
            try await Task.sleep(for: .milliseconds(50))
            let before = count.value
            // What is pushed is taken all the same.
            for _ in 0..<10 { try await source.write(try grey(90, width: 64, height: 36)) }
            #expect(count.value == before && camera.unpublishReason == nil)
            try await room.localParticipant.setRole(.host)
            try await count.wait(beyond: before)
            await room.leave()
        }
    }

    @Test func whatCannotBeSentEndsAndSaysWhy() async throws {
        try await withServer { server in
            let room = try await joined(server, "ada")
            let source = try EncodedVideoSource(codec: .h264)
            let events = room.events
            let publication = try await room.localParticipant.publish(source)
            // No Annex B.
            let wrong = EncodedVideoFrame(
                codec: .h264, bytes: [0, 0, 0, 2, 9, 9], isKeyframe: true, timestampMicroseconds: 0)
            let writing = Task { () -> MartletError? in
                while true {
                    do { try await source.write(wrong) } catch { return error as? MartletError }
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            #expect(try await Self.unpublished(.camera, events) == .failed)
            #expect(publication.unpublishReason == .failed)
            let error = try await writing.value
            #expect(error?.code == 6012 && error?.message.contains("Annex B") == true)
            // The server was told: another can take its place.
            for _ in 0..<100 where !(await room.localParticipant.publications.isEmpty) {
                try await Task.sleep(for: .milliseconds(10))
            }
            for attempt in 0..<100 {
                let code = await errorCode {
                    try await room.localParticipant.publish(try VideoSource())
                }
                if code == nil { break }
                #expect(code == 4005 && attempt < 99)
                try await Task.sleep(for: .milliseconds(10))
            }
            await room.leave()
        }
    }
}
