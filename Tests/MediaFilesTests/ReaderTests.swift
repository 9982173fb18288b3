// That files come out as packets of one timeline, with their way to a call, and that nothing in them does harm.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import MediaCodecs
import Payloads
import Testing

@testable import MediaFiles

@Suite struct ReaderTests {
    private func open(_ path: String) throws -> MediaFileReader {
        try MediaFileReader(path, stop: MediaFileStop())
    }

    private func unitTypes(_ packet: MediaFilePacket) -> [UInt8] {
        var (types, zeros, isStart): ([UInt8], Int, Bool) = ([], 0, false)
        let bytes = packet.bytes
        for index in bytes.indices {
            if isStart { types.append(bytes[index] & 31) }
            isStart = bytes[index] == 1 && zeros >= 2
            zeros = bytes[index] == 0 ? zeros + 1 : 0
        }
        return types
    }

    /// The stream without parameter sets behind its first slice.
    private func withoutLaterSets(_ stream: [UInt8]) -> [UInt8] {
        var (result, hasSlice): ([UInt8], Bool) = ([], false)
        var cursor = AnnexBUnitCursor(stream.span)
        while let unit = cursor.next(in: stream.span) {
            let type = stream[unit.lowerBound] & 31
            if type == 5 { hasSlice = true }
            if !hasSlice || (type != 7 && type != 8) { result += [0, 0, 0, 1] + stream[unit] }
        }
        return result
    }

    /// As MP4 stores it: with lengths, and parameter sets in the head alone.
    @Test func h264IsAByteStreamWithParameterSetsBeforeEachKeyframe() throws {
        let folder = try TemporaryFolder()
        let (raw, path) = (folder.file("a.h264"), folder.file("a.mp4"))
        try record(raw, .h264, codec: .h264, pictures: encodedPictures(.h264, count: 30))
        // The sets in the head alone, as cameras send them too; and before the first picture alone.
        try run(
            "ffmpeg", "-i", raw, "-c", "copy", "-bsf:v", "filter_units=remove_types=7|8", path)
        let once = folder.file("once.h264")
        let stream = [UInt8](try Data(contentsOf: URL(fileURLWithPath: raw)))
        try Data(withoutLaterSets(stream)).write(to: URL(fileURLWithPath: once))
        for source in [raw, path, once] {
            let contents = try Contents(source)
            #expect(contents.packets.count == 30)
            for (index, packet) in contents.packets.enumerated() {
                let types = unitTypes(packet).filter { $0 != 6 }
                #expect(packet.isKeyframe == (index % 10 == 0))
                #expect(types == (index % 10 == 0 ? [7, 8, 5] : [1]), "\(source) \(index)")
                #expect(isNear(packet.presentationNanoseconds, Int64(index) * frameNanoseconds))
            }
            #expect(contents.frames.count == 30)
            #expect(contents.pictures?.route == .passThrough)
            #expect(contents.pictures?.frameRate == 25)
        }
    }

    /// What somebody has on the disk, made by FFmpeg: each comes out, in the order it is shown.
    @Test(arguments: [
        (
            "b.mp4", "h264", ["-c:v", "libx264", "-bf", "2", "-preset", "ultrafast"],
            MediaRoute.transcode(.reordered)
        ),
        (
            "high10.mkv", "h264",
            ["-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-preset", "ultrafast"],
            .transcode(.profile)
        ),
        ("mpeg.avi", "mpeg4", ["-c:v", "mpeg4", "-q:v", "2"], .transcode(.codec)),
        ("huff.mkv", "ffvhuff", ["-c:v", "ffvhuff", "-pix_fmt", "rgb24"], .transcode(.codec)),
        (
            "main.ts", "h264",
            ["-c:v", "libx264", "-bf", "0", "-preset", "ultrafast", "-profile:v", "main"],
            .passThrough
        ),
    ]) func picturesOfAnyKindAreDecoded(
        name: String, codecName: String, options: [String], route: MediaRoute
    ) throws {
        let folder = try TemporaryFolder()
        let raw = folder.file("a.mkv")
        try record(
            raw, .matroska, codec: .vp8, pictures: encodedPictures(.vp8, count: 30, interval: 99))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["ffmpeg", "-v", "error", "-i", raw] + options + [folder.file(name)]
        try process.run()
        process.waitUntilExit()
        let contents = try Contents(folder.file(name))
        #expect(contents.pictures?.codecName == codecName)
        #expect(contents.pictures?.route == route)
        #expect(contents.frames.count == 30)
        for (index, frame) in contents.frames.enumerated() {
            #expect(frame.width == 64)
            #expect(abs(meanLuma(frame) - Double(luma(index))) < 6, "\(name) \(index)")
            #expect(
                isNear(frame.timestampMicroseconds * 1_000, Int64(index) * frameNanoseconds),
                "\(name) \(index) \(frame.timestampMicroseconds)")
        }
    }

    @Test func picturesAreTurnedUprightClockwise() throws {
        let folder = try TemporaryFolder()
        let (plain, turned) = (folder.file("a.mp4"), folder.file("b.mp4"))
        let judged = folder.file("c.mkv")
        // The left half is dark, the right one bright.
        var y: [UInt8] = []
        for _ in 0..<48 {
            y += [UInt8](repeating: 40, count: 32) + [UInt8](repeating: 200, count: 32)
        }
        let grey = [UInt8](repeating: 128, count: 32 * 24)
        let frame = try VideoFrame(width: 64, height: 48, y: y.span, u: grey.span, v: grey.span)
        var encoder = try SoftwareVideoEncoder(codec: .h264, bitsPerSecond: 400_000)
        let encoded = try #require(try encoder.encode(frame, isKeyframeWanted: true))
        try record(plain, .mp4, codec: .h264, pictures: [encoded])
        for (rotate, rotation) in [
            ("270", PictureRotation.clockwise90), ("180", .half), ("90", .clockwise270),
        ] {
            // FFmpeg counts the other way round, and turns pictures by itself where it decodes.
            let metadata = "rotate=\(rotate)"
            try run("ffmpeg", "-y", "-i", plain, "-c", "copy", "-metadata:s:v", metadata, turned)
            try run("ffmpeg", "-y", "-i", turned, "-c:v", "ffv1", judged)
            let contents = try Contents(turned)
            #expect(contents.pictures?.rotation == rotation)
            #expect(contents.pictures?.route == .transcode(.rotated))
            let upright = try #require(contents.frames.first)
            let expected = try #require(try Contents(judged).frames.first)
            #expect(upright.width == expected.width)
            #expect(upright.height == expected.height)
            for (x, y) in [(20, 10), (20, 40), (40, 20)] {
                let place = y * upright.yStride + x
                #expect(abs(Int(upright.y[place]) - Int(expected.y[place])) < 4)
            }
        }
    }

    /// 5.1 channels of 44.1 kHz become two of 48 kHz, without what the encoder put before the start.
    @Test(arguments: ["a.m4a", "a.mp3", "a.flac", "six.ogg"]) func soundOfAnyKindIsDecoded(
        name: String
    ) throws {
        let folder = try TemporaryFolder()
        let path = folder.file(name)
        let channels = name.hasPrefix("six") ? "6" : "2"
        try run(
            "ffmpeg", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=1", "-ac",
            channels, path)
        let contents = try Contents(path)
        #expect(
            contents.soundStream?.format
                == SoundFormat(sampleRate: 44_100, channels: Int(channels) ?? 0))
        #expect(contents.soundStream?.route == .transcode(.codec))
        #expect(contents.sound.allSatisfy { $0.channels == 2 })
        #expect(abs(contents.samples.count / 2 - 48_000) < 1_800, "\(contents.samples.count / 2)")
        #expect(abs(frequency(Array(contents.samples.prefix(80_000))) - 440) < 4)
        let first = try #require(contents.sound.first)
        #expect(abs(first.presentationNanoseconds) < 5_000_000)
        // Each piece begins where the last one ended.
        var end = first.presentationNanoseconds
        for piece in contents.sound {
            #expect(abs(piece.presentationNanoseconds - end) < 1_000_000)
            end = piece.presentationNanoseconds + Int64(piece.sampleCount) * 1_000_000_000 / 48_000
        }
    }

    @Test(arguments: ["a.mp4", "a.mkv", "a.h264", "a.ogg", "a.wav", "a.aac"])
    func aLoopKeepsTheTimelineGoing(name: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file(name)
        let format = try #require(MediaFileFormat(fileName: name))
        let codec = format.pictureCodecs.first
        if format == .wav {
            var writer = try MediaFileWriter(
                path: path, format: .wav, pictureCodec: nil, soundFormat: stereo)
            try writer.writeSamples(tone(count: 48_000).span, presentationNanoseconds: 0)
            try writer.finish()
        } else {
            let sound = try format.soundCodec.map {
                try $0 == .aac ? aacFrames(count: 47) : opusPackets(count: 50)
            }
            try record(
                path, format, codec: codec,
                pictures: codec.map { try encodedPictures($0, count: 25) } ?? [],
                sound: sound ?? [])
        }
        var reader = try open(path)
        let kind = codec == nil ? MediaFilePacket.Kind.sound : .picture
        let first = try packets(&reader).filter { $0.kind == kind }
        for round in 1...3 {
            try reader.seekToStart()
            let again = try packets(&reader).filter { $0.kind == kind }
            #expect(again.count == first.count)
            #expect(again.first?.isKeyframe == first.first?.isKeyframe)
            let shift = try #require(again.first).presentationNanoseconds
            #expect(
                abs(shift - Int64(round) * 1_003_000_000) < 10_000_000 * Int64(round), "\(shift)")
            for (one, other) in zip(first, again) {
                #expect(one.bytes.count == other.bytes.count)
                let moved = other.presentationNanoseconds - shift + first[0].presentationNanoseconds
                #expect(isNear(one.presentationNanoseconds, moved))
            }
        }
    }

    @Test func whatIsNotThereIsNamed() throws {
        let folder = try TemporaryFolder()
        #expect(throws: MediaFileError.notFound(folder.file("x.mp4"))) {
            _ = try open(folder.file("x.mp4"))
        }
        #expect(throws: MediaFileError.noAccess(folder.path)) { _ = try open(folder.path) }
        #expect("\(MediaFileError.notFound("x.mp4"))".contains("x.mp4"))
        // A pipe would be waited for.
        unsafe mkfifo(folder.file("pipe"), 0o600)
        #expect(throws: MediaFileError.noAccess(folder.file("pipe"))) {
            _ = try open(folder.file("pipe"))
        }
    }

    @Test func listsOfOtherFilesAreRefused() throws {
        let folder = try TemporaryFolder()
        try record(folder.file("a.ogg"), .ogg, sound: opusPackets(count: 5))
        for (name, text) in [
            ("a.mp4", "ffconcat version 1.0\nfile a.ogg\n"),
            ("b.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ogg\n#EXT-X-ENDLIST\n"),
            ("c.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ogg\n"),
            (
                "d.sdp",
                "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n"
            ),
        ] {
            try text.write(toFile: folder.file(name), atomically: true, encoding: .utf8)
            #expect(throws: MediaFileError.self, "\(name)") { _ = try open(folder.file(name)) }
        }
    }

    /// Cut anywhere, changed anywhere, or noise: errors at most.
    @Test(arguments: ["a.mp4", "a.mkv", "a.ogg", "a.h264", "a.wav"]) func damageDoesNoHarm(
        name: String
    ) throws {
        let folder = try TemporaryFolder()
        let format = try #require(MediaFileFormat(fileName: name))
        let whole = folder.file(name)
        if format == .wav {
            var writer = try MediaFileWriter(
                path: whole, format: .wav, pictureCodec: nil, soundFormat: stereo)
            try writer.writeSamples(tone(count: 4_800).span, presentationNanoseconds: 0)
            try writer.finish()
        } else {
            let codec = format.pictureCodecs.first
            try record(
                whole, format, codec: codec,
                pictures: codec.map { try encodedPictures($0, count: 8, interval: 4) } ?? [],
                sound: format.soundCodec.map {
                    try $0 == .aac ? aacFrames(count: 10) : opusPackets(count: 150)
                } ?? [])
        }
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: whole)))
        var state: UInt64 = 7
        func number(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % max(bound, 1)
        }
        var opened = 0
        for round in 0..<60 {
            var damaged = bytes
            switch round % 3 {
            case 0: damaged = Array(bytes.prefix(number(bytes.count)))
            case 1:
                for _ in 0...number(8) { damaged[number(bytes.count)] = UInt8(number(256)) }
            default:
                // The heads of boxes are at the front.
                for _ in 0...number(4) {
                    damaged[number(min(bytes.count, 600))] = UInt8(number(256))
                }
            }
            if round == 59 { damaged = (0..<4_000).map { _ in UInt8(number(256)) } }
            let path = folder.file("damaged")
            try Data(damaged).write(to: URL(fileURLWithPath: path))
            if (try? readAndDecode(path)) != nil { opened += 1 }
        }
        // The damage reached what lies behind opening.
        #expect(opened > 0 && opened < 60)
    }

    /// Goes on behind damage as long as there is more.
    private func readAndDecode(_ path: String) throws {
        var reader = try open(path)
        if let pictures = reader.pictures, let sound = reader.sound {
            var pictureDecoder = try MediaFilePictureDecoder(pictures, pixelsMax: 1_000_000)
            var soundDecoder = try MediaFileSoundDecoder(sound)
            while let packet = try? reader.read() {
                _ = try? pictureDecoder.decode(packet)
                _ = try? soundDecoder.decode(packet)
            }
            _ = try? pictureDecoder.decode(nil)
            _ = try? soundDecoder.decode(nil)
        } else if let pictures = reader.pictures {
            var decoder = try MediaFilePictureDecoder(pictures, pixelsMax: 1_000_000)
            while let packet = try? reader.read() { _ = try? decoder.decode(packet) }
        } else if let sound = reader.sound {
            var decoder = try MediaFileSoundDecoder(sound)
            while let packet = try? reader.read() { _ = try? decoder.decode(packet) }
        }
        try? reader.seekToStart()
        _ = try? reader.read()
    }

    /// A listener that takes connections and says nothing.
    private func withSilentServer(_ body: (UInt16) throws -> Void) throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(socket, $0, length) == 0 && listen(socket, 8) == 0
                    && getsockname(socket, $0, &length) == 0
            }
        }
        try #require(isBound)
        try body(UInt16(bigEndian: address.sin_port))
    }

    @Test(arguments: ["http", "rtsp", "rtmp"]) func aSilentServerIsGivenUp(scheme: String) throws {
        try withSilentServer { port in
            var options = MediaFileOptions()
            options.openTimeoutNanoseconds = 150_000_000
            #expect(throws: MediaFileError.timedOut("\(scheme)://127.0.0.1:\(port)/x")) {
                _ = try MediaFileReader(
                    "\(scheme)://u:p@127.0.0.1:\(port)/x", options: options, stop: MediaFileStop())
            }
        }
    }

    @Test func anotherThreadStopsAWaitingReader() throws {
        try withSilentServer { port in
            let stop = try MediaFileStop()
            let thread = Thread {
                usleep(50_000)
                stop.stop()
            }
            thread.start()
            #expect(throws: MediaFileError.stopped) {
                _ = try MediaFileReader("http://127.0.0.1:\(port)/x", stop: stop)
            }
        }
        // What was opened is stopped too.
        let folder = try TemporaryFolder()
        try record(folder.file("a.ogg"), .ogg, sound: opusPackets(count: 5))
        let stop = try MediaFileStop()
        var reader = try MediaFileReader(folder.file("a.ogg"), stop: stop)
        _ = try reader.read()
        stop.stop()
        #expect(throws: MediaFileError.stopped) { try reader.read() }
        #expect(throws: MediaFileError.self) { try reader.seekToStart() }
    }
}
