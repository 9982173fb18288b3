// That a screen has several sizes where one joined with them, and that custom pictures go beside camera and screen.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Testing

@testable import Martlet

@Suite(.serialized, .timeLimit(.minutes(1))) struct MorePicturesTests {
    /// Pushes grey pictures until it is cancelled.
    private func showing(_ source: VideoSource, _ value: UInt8, width: Int = 160) -> Task<
        Void, any Error
    > {
        Task {
            while !Task.isCancelled {
                try await source.write(
                    try grey(value, width: width, height: width * 9 / 16 & ~1, microseconds: 0))
                try await Task.sleep(for: .milliseconds(33))
            }
        }
    }

    /// The tracks of the other, once there are so many.
    private func tracks(_ count: Int, in room: Room) async throws -> [RemoteTrack] {
        for _ in 0..<500 {
            let found = await room.remoteParticipants.flatMap(\.tracks)
            if found.count == count { return found }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw MartletError(.invalidState, "there are not so many tracks")
    }

    @Test func P05_customPicturesAreTakenForThemselves() async throws {
        try await withServer { server in
            let sender = try await joined(server, "ada") { $0.customPictures = 2 }
            let viewer = try await joined(server, "bob")
            let sources = try [VideoSource(), VideoSource(), VideoSource()]
            try await sender.localParticipant.publish(sources[0])
            // Both at once: each has a section of its own.
            async let one = sender.localParticipant.publish(sources[1], as: .custom)
            async let other = sender.localParticipant.publish(sources[2], as: .custom)
            let publications = try await [one, other]
            #expect(publications.map(\.source) == [.custom, .custom])
            let pushing = [(0, 60), (1, 120), (2, 180)].map { showing(sources[$0.0], $0.1) }
            defer { for task in pushing { task.cancel() } }
            let error = await #expect(throws: MartletError.self) {
                try await sender.localParticipant.publish(try VideoSource(), as: .custom)
            }
            #expect(error?.code == 4006)
            await #expect(throws: MartletError.self) {
                try await sender.localParticipant.publish(try AudioSource(), as: .custom)
            }
            let seen = try await tracks(3, in: viewer)
            #expect(seen.filter { $0.source == .custom }.count == 2)
            var greys: [Int] = []
            for track in seen {
                greys.append(
                    Int(try await first(of: try await viewer.video(of: track)) { greyOf($0) }))
            }
            #expect(
                zip(greys.sorted(), [60, 120, 180]).allSatisfy { abs($0 - $1) <= 4 }, "\(greys)")
            // What is taken back makes room.
            try await publications[0].unpublish()
            let encoded = try EncodedVideoSource(codec: .vp8)
            try await sender.localParticipant.publish(encoded, as: .custom)
            await viewer.leave()
            await sender.leave()
        }
    }

    @Test func S01_aScreenHasTheSizesOneJoinedWith() async throws {
        try await withServer { server in
            let sender = try await joined(server, "ada") { $0.screenSizes = 2 }
            let viewer = try await joined(server, "bob")
            let source = try VideoSource()
            let publication = try await sender.localParticipant.publish(source, as: .screen)
            let pushing = showing(source, 90, width: 640)
            defer { pushing.cancel() }
            let screen = try await tracks(1, in: viewer)[0]
            let frames = try await viewer.video(of: screen)
            _ = try await first(of: frames) { $0.width == 640 ? true : nil }
            #expect(await publication.statistics.count == 2)
            try await viewer.setQuality(.low, of: "ada", source: .screen)
            let small = try await viewer.video(of: screen)
            _ = try await first(of: small) { $0.width == 320 ? true : nil }
            await #expect(throws: MartletError.self) {
                try await sender.localParticipant.publish(
                    try EncodedVideoSource(codec: .vp8), as: .screen)
            }
            await viewer.leave()
            await sender.leave()
        }
    }

    @Test func whatCannotBeJoinedWithIsRefused() async throws {
        for change in [
            { $0.screenSizes = 0 }, { $0.screenSizes = 4 }, { $0.customPictures = 9 },
            { $0.customPictures = -1 },
        ] as [(inout JoinOptions) -> Void] {
            await #expect(throws: MartletError.self) {
                try await joined("ws://127.0.0.1:1", "ada", change)
            }
        }
    }
}
