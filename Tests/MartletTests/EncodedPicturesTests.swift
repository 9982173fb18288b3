// What whoever takes pictures as they were sent can rely on.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import MediaCodecs
import RTP
import Synchronization
import Testing
import Wire

@testable import Martlet

/// A camera of an application's own encoder, which makes keyframes where it is asked to, and none otherwise.
private final class Camera: Sendable {
    let source: EncodedVideoSource
    /// Keyframes that were asked for.
    let requests = Atomic(0)
    /// Pictures that were sent.
    let sent = Atomic(0)
    private let isWanted = Atomic(true)
    private let tasks = Mutex<[Task<Void, any Error>]>([])

    init() throws { source = try EncodedVideoSource(codec: .vp8) }

    /// Sends until it is stopped.
    func start() {
        let asked = source.keyframeRequests
        let listening = Task<Void, any Error> {
            for await _ in asked {
                self.requests.add(1, ordering: .relaxed)
                self.isWanted.store(true, ordering: .relaxed)
            }
        }
        let showing = Task {
            var encoder = try SoftwareVideoEncoder(codec: .vp8, bitsPerSecond: 80_000)
            var number: Int64 = 0
            while !Task.isCancelled {
                let frame = try grey(120, width: 160, height: 90, microseconds: number * 10_000)
                let isWanted = self.isWanted.exchange(false, ordering: .relaxed)
                if let picture = try encoder.encode(frame, isKeyframeWanted: isWanted) {
                    try await self.source.write(
                        EncodedVideoFrame(
                            codec: .vp8, bytes: picture.bytes, isKeyframe: picture.isKeyframe,
                            timestampMicroseconds: number * 10_000))
                }
                number += 1
                self.sent.add(1, ordering: .relaxed)
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        tasks.withLock { $0 = [listening, showing] }
    }

    func stop() { tasks.withLock { $0.forEach { $0.cancel() } } }
}

/// Runs a body over a camera of an application's own encoder that somebody watches.
/// - Parameter body: Is given the camera, the room of who watches, and the camera's track there.
private func withCamera(
    _ body: @escaping @Sendable (Camera, Room, RemoteTrack) async throws -> Void
) async throws {
    try await withTwo { sender, viewer in
        let device = try Camera()
        try await sender.localParticipant.publish(device.source)
        device.start()
        defer { device.stop() }
        try await body(device, viewer, try await track(.camera, in: viewer))
    }
}

/// Waits until something is so.
private func wait(until isSo: () -> Bool) async throws {
    for _ in 0..<1_000 where !isSo() { try await Task.sleep(for: .milliseconds(10)) }
    #expect(isSo())
}

@Suite(.serialized, .timeLimit(.minutes(1))) struct EncodedPicturesTests {
    @Test func O07_aKeyframeComesWhenItIsAskedFor() async throws {
        try await withCamera { device, viewer, track in
            var pictures = try await viewer.encodedVideo(of: track).makeAsyncIterator()
            #expect(await pictures.next()?.isKeyframe == true)
            // Whatever joining asked for has come.
            for _ in 0..<60 { _ = await pictures.next() }
            let before = device.requests.load(ordering: .relaxed)
            try await viewer.requestKeyframe(of: track)
            var count = 0
            while count < 200, let picture = await pictures.next(), !picture.isKeyframe {
                count += 1
            }
            #expect(count < 200, "no keyframe came")
            #expect(device.requests.load(ordering: .relaxed) > before)
            await #expect(throws: MartletError.self) {
                try await Room().requestKeyframe(of: track)
            }
        }
    }

    @Test func O06_aDecoderThatFailsGoesOnWithAKeyframe() throws {
        var encoder = try SoftwareVideoEncoder(codec: .vp8, bitsPerSecond: 80_000)
        let decoder = ViewerDecoder()
        func outcome(_ bytes: [UInt8]?, isKeyframeWanted: Bool = false) throws -> String {
            var (bytes, isKeyframe) = (bytes ?? [], false)
            if bytes.isEmpty {
                let frame = try grey(120, width: 160, height: 90)
                let picture = try encoder.encode(frame, isKeyframeWanted: isKeyframeWanted)
                (bytes, isKeyframe) = (picture?.bytes ?? [], picture?.isKeyframe ?? false)
            }
            let frame = EncodedFrame(
                codec: .vp8, bytes: bytes, timestamp: RTPTimestamp(0), isKeyframe: isKeyframe,
                completeAt: .zero)
            switch decoder.take(ReceivedPicture(frame: frame, pair: "0")) {
            case .picture: return "picture"
            case .nothing: return "nothing"
            case .failed: return "failed"
            }
        }
        #expect(try outcome(nil) == "picture")
        #expect(try outcome(nil) == "picture")
        #expect(try outcome([0x11, 0xFF, 0xFF, 0xFF, 0xFF]) == "failed")
        // Nothing is asked for again, and nothing torn is shown.
        #expect(try outcome(nil) == "nothing")
        #expect(try outcome([0x11, 0xFF, 0xFF, 0xFF, 0xFF]) == "nothing")
        #expect(try outcome(nil, isKeyframeWanted: true) == "picture")
        #expect(try outcome(nil) == "picture")
    }

    @Test func O06_O07_aDecoderThatFailsInterruptsNobodyElse() async throws {
        try await withCamera { device, viewer, track in
            var pictures = try await viewer.encodedVideo(of: track).makeAsyncIterator()
            let decoded = try await viewer.video(of: track)
            _ = try await first(of: decoded) { $0.width }
            for _ in 0..<30 { _ = await pictures.next() }
            let before = device.requests.load(ordering: .relaxed)
            // No decoder can make anything of this.
            try await device.source.write(
                EncodedVideoFrame(
                    codec: .vp8, bytes: [0x11, 0xFF, 0xFF, 0xFF, 0xFF], isKeyframe: false,
                    timestampMicroseconds: 0))
            // The other viewer has all that comes before the keyframe that the decoder needs, the broken picture too.
            var sizes: [Int] = []
            var hasKeyframe = false
            while sizes.count < 85, !hasKeyframe, let picture = await pictures.next() {
                sizes.append(picture.bytes.count)
                hasKeyframe = picture.isKeyframe
            }
            let broken = try #require(sizes.firstIndex(of: 5), "the broken picture came as it was")
            #expect(hasKeyframe && sizes.count > broken + 1, "\(sizes.count) pictures")
            #expect(device.requests.load(ordering: .relaxed) > before)
            _ = try await first(of: decoded) { $0.width }
            #expect(await viewer.statistics(of: track)?.interruptions == 0)
        }
    }

    @Test func O07_whoReadsTooSlowlyGoesOnWithAKeyframe() async throws {
        try await withCamera { device, viewer, track in
            var pictures = try await viewer.encodedVideo(of: track).makeAsyncIterator()
            var last = try #require(await pictures.next()).timestampMicroseconds
            // More than wait for a reader anywhere.
            let sent = device.sent.load(ordering: .relaxed)
            try await wait { device.sent.load(ordering: .relaxed) > sent + 300 }
            let before = device.requests.load(ordering: .relaxed)
            var gaps = 0
            for _ in 0..<400 {
                guard let picture = await pictures.next() else { break }
                if picture.timestampMicroseconds - last > 500_000 {
                    gaps += 1
                    #expect(picture.isKeyframe, "nothing before it was handed out")
                }
                last = picture.timestampMicroseconds
            }
            // What one who stands still asks for is little.
            #expect(gaps >= 1 && before < 8, "\(gaps) gaps, \(before) keyframes asked for")
        }
    }
}
