// What whoever takes pictures as they were sent can rely on.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Synchronization
import Testing

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

private func joined(_ server: String, _ id: String) async throws -> Room {
    let room = anyRoom()
    try await room.join(JoinOptions(server: server, room: "pictures", participant: id))
    return room
}

/// The camera of the other, once it is there.
private func camera(in room: Room) async throws -> RemoteTrack {
    let events = room.events
    if let found = await room.remoteParticipants.flatMap(\.tracks).first { return found }
    return try await first(of: events) { event in
        if case .trackPublished(let track) = event { track } else { nil }
    }
}

/// Runs a body over a camera of an application's own encoder that somebody watches.
/// - Parameter body: Is given the camera, the room of who watches, and the camera's track there.
private func withCamera(
    _ body: @escaping @Sendable (Camera, Room, RemoteTrack) async throws -> Void
) async throws {
    try await withServer { server in
        let (sender, viewer) = (try await joined(server, "ada"), try await joined(server, "bob"))
        let device = try Camera()
        try await sender.publish(device.source)
        device.start()
        defer { device.stop() }
        try await body(device, viewer, try await camera(in: viewer))
        await viewer.leave()
        await sender.leave()
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
