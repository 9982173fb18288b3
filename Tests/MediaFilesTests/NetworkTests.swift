// That sources of the network are read, cannot reach what is local, and are waited for no longer than one wants.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import MediaCodecs
import Testing

@testable import MediaFiles

@Suite struct NetworkTests {
    @Test func hlsIsReadAndLooped() throws {
        let folder = try TemporaryFolder()
        let raw = folder.file("a.mp4")
        try record(
            raw, .mp4, codec: .h264, pictures: encodedPictures(.h264, count: 50, interval: 25),
            sound: aacFrames(count: 94))
        try run(
            "ffmpeg", "-i", raw, "-c", "copy", "-f", "hls", "-hls_time", "1", "-hls_list_size", "0",
            folder.file("list.m3u8"))
        let server = try SmallServer(folder: folder.path)
        var reader = try MediaFileReader(
            "http://127.0.0.1:\(server.port)/list.m3u8", stop: MediaFileStop())
        #expect(reader.formatName == "hls")
        let isLive = reader.isLive
        #expect(!isLive)
        let first = try packets(&reader)
        #expect(first.filter { $0.kind == .picture }.count == 50)
        #expect(first.filter { $0.kind == .picture && $0.isKeyframe }.count == 2)
        // The list's sound is cut where its pictures are.
        #expect(first.filter { $0.kind == .sound }.count > 85)
        try reader.seekToStart()
        let again = try packets(&reader).filter { $0.kind == .picture }
        #expect(again.count == 50)
        let start = try #require(again.first)
        #expect(start.isKeyframe)
        #expect(abs(start.presentationNanoseconds - 2_010_000_000) < 60_000_000)
        let pictures = first.filter { $0.kind == .picture } + again
        let times = pictures.map(\.decodingNanoseconds)
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func aListFromElsewhereCannotNameLocalFiles() throws {
        let folder = try TemporaryFolder()
        let secret = folder.file("secret.ts")
        try record(
            folder.file("a.mkv"), .matroska, codec: .h264,
            pictures: encodedPictures(.h264, count: 10))
        try run("ffmpeg", "-i", folder.file("a.mkv"), "-c", "copy", secret)
        let server = try SmallServer(folder: folder.path)
        let base = "http://127.0.0.1:\(server.port)"
        func list(_ part: String) throws -> Int {
            try "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n\(part)\n#EXT-X-ENDLIST\n"
                .write(toFile: folder.file("list.m3u8"), atomically: true, encoding: .utf8)
            var reader = try MediaFileReader(base + "/list.m3u8", stop: MediaFileStop())
            return try packets(&reader).count
        }
        // The list itself is in order.
        #expect(try list("secret.ts") == 10)
        for part in ["file://" + secret, "file:" + secret, "data:video/mp2t,x", "concat:" + secret]
        {
            #expect(throws: MediaFileError.self, "\(part)") { _ = try list(part) }
        }
    }

    @Test func whatStallsInTheMidstIsGivenUpOrStopped() throws {
        let folder = try TemporaryFolder()
        try record(
            folder.file("half.mkv"), .matroska, codec: .vp8,
            pictures: encodedPictures(.vp8, count: 100), sound: opusPackets(count: 200))
        let server = try SmallServer(folder: folder.path)
        let source = "http://127.0.0.1:\(server.port)/half.mkv"
        var options = MediaFileOptions()
        options.openTimeoutNanoseconds = 3_000_000_000
        options.readTimeoutNanoseconds = 100_000_000
        var impatient = try MediaFileReader(source, options: options, stop: MediaFileStop())
        var read = 0
        #expect(throws: MediaFileError.timedOut(source)) {
            while try impatient.read() != nil { read += 1 }
        }
        #expect(50...250 ~= read)
        #expect(throws: MediaFileError.notSeekable(source)) { try impatient.seekToStart() }

        options.readTimeoutNanoseconds = 10_000_000_000
        let stop = try MediaFileStop()
        var stopped = try MediaFileReader(source, options: options, stop: stop)
        Thread {
            usleep(50_000)
            stop.stop()
        }.start()
        #expect(throws: MediaFileError.stopped) { while try stopped.read() != nil {} }
    }
}
