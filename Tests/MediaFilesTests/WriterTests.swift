// That recordings hold what was given, when it was given, as our reader and FFmpeg see it.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import MediaCodecs
import Payloads
import Testing

@testable import MediaFiles

@Suite struct WriterTests {
    static let both: [(MediaFileFormat, VideoCodec)] = [
        (.mp4, .h264), (.matroska, .h264), (.matroska, .vp8), (.webm, .vp9),
    ]

    /// Pictures that begin 200 ms behind the sound come back with their brightness, sound and times.
    @Test(arguments: both) func picturesAndSoundComeBack(
        format: MediaFileFormat, codec: VideoCodec
    ) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a: b'%d.\(format)")
        let isAAC = format.soundCodec == .aac
        let start: Int64 = 200_000_000
        let pictures = try encodedPictures(codec, count: 40)
        let sound = try isAAC ? aacFrames(count: 84) : opusPackets(count: 90)
        try record(
            path, format, codec: codec, pictures: pictures, picturesFrom: start, sound: sound)

        let contents = try Contents(path)
        #expect(contents.pictures?.codec == codec)
        #expect(contents.pictures?.width == 64)
        #expect(contents.pictures?.height == 48)
        #expect(contents.pictures?.route == .passThrough)
        #expect(contents.soundStream?.isOpus == !isAAC)
        #expect(contents.soundStream?.route == (isAAC ? .transcode(.codec) : .passThrough))
        let pictureTimes = contents.times(.picture)
        #expect(pictureTimes.count == 40)
        for (index, time) in pictureTimes.enumerated() {
            #expect(isNear(time, start + Int64(index) * frameNanoseconds), "picture \(index)")
        }
        let soundTimes = contents.times(.sound)
        #expect(soundTimes.count == sound.count)
        for (index, time) in soundTimes.enumerated() {
            let step = isAAC ? 1_024_000_000_000 / 48_000 : Int64(20_000_000)
            #expect(isNear(time, Int64(index) * step), "sound \(index)")
        }
        // Neither runs ahead of the other in the file by more than a fragment of it.
        let bound: Int64 = format == .mp4 ? 600_000_000 : 100_000_000
        var latest: [MediaFilePacket.Kind: Int64] = [:]
        for packet in contents.packets {
            latest[packet.kind] = packet.presentationNanoseconds
            guard let one = latest[.picture], let other = latest[.sound] else { continue }
            #expect(abs(one - other) < bound)
        }
        #expect(contents.frames.count == 40)
        for (index, frame) in contents.frames.enumerated() {
            #expect(abs(meanLuma(frame) - Double(luma(index))) < 4, "picture \(index)")
            #expect(isNear(frame.timestampMicroseconds * 1_000, pictureTimes[index]))
        }
        #expect(abs(frequency(Array(contents.samples[9_600...])) - 440) < 3)
        let judged = try run(
            "ffprobe", "-count_frames", "-show_entries", "stream=codec_name,nb_read_frames", "-of",
            "csv=p=0", path)
        #expect(judged.contains(",40"), "\(judged)")
        #expect(judged.contains(isAAC ? "aac" : "opus"))
    }

    /// AV1 has no encoder of ours; its head is made of the first keyframe.
    @Test func av1IsCopied() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.mkv")
        try run(
            "ffmpeg", "-f", "lavfi", "-i", "color=gray:s=64x48:r=25:d=0.4", "-c:v", "libaom-av1",
            "-cpu-used", "8", "-usage", "realtime", path)
        let source = try Contents(path)
        #expect(source.pictures?.codec == .av1)
        #expect(source.pictures?.route == .passThrough)
        #expect(source.frames.count == 10)
        for format in [MediaFileFormat.matroska, .webm] {
            let copy = folder.file("copy.\(format)")
            var writer = try MediaFileWriter(
                path: copy, format: format, pictureCodec: .av1, soundFormat: nil)
            for packet in source.packets {
                let time = packet.presentationNanoseconds
                try writer.writePicture(
                    packet.bytes, presentationNanoseconds: time, isKeyframe: packet.isKeyframe)
            }
            try writer.finish()
            let frames = try Contents(copy).frames
            #expect(frames.map { Int(meanLuma($0)) } == source.frames.map { Int(meanLuma($0)) })
            let judged = try run(
                "ffprobe", "-show_entries", "stream=codec_name,width,extradata_size", "-of",
                "csv=p=0", copy)
            #expect(judged.hasPrefix("av1,64,"), "\(judged)")
            #expect(!judged.hasSuffix(","), "the head says how to decode it: \(judged)")
        }
    }

    /// What WebRTC senders do when the network changes: new parameter sets in the midst of the stream.
    @Test(arguments: [MediaFileFormat.mp4, .matroska]) func sizesMayChange(
        format: MediaFileFormat
    ) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("sizes.\(format)")
        let pictures = try encodedPictures(.h264, count: 20) { $0 < 10 ? 64 : 128 }
        try record(path, format, codec: .h264, pictures: pictures)
        let contents = try Contents(path)
        #expect(
            contents.frames.map(\.width) == Array(repeating: 64, count: 10)
                + Array(repeating: 128, count: 10))
        for (index, frame) in contents.frames.enumerated() {
            #expect(abs(meanLuma(frame) - Double(luma(index))) < 4, "picture \(index)")
        }
        let judged = try run(
            "ffprobe", "-show_entries", "frame=width,height", "-of", "csv=p=0", path)
        #expect(judged.split(separator: "\n").filter { $0.hasPrefix("64,48") }.count == 10)
        #expect(judged.split(separator: "\n").filter { $0.hasPrefix("128,96") }.count == 10)
        if format == .mp4 {
            #expect(
                try run(
                    "ffprobe", "-show_entries", "stream=codec_tag_string", "-of", "csv=p=0", path)
                    == "avc3")
        }
    }

    /// FFmpeg, too, finds messages where they were put, and decodes the pictures around them.
    @Test func messagesInsidePicturesAreWhereOthersLookForThem() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("messages.mkv")
        let bytes = [UInt8](repeating: 0, count: 4_000) + [1, 0, 0, 3]
        var pictures = try encodedPictures(.h264, count: 6)
        for index in [0, 3] {
            let message = MetadataMessage(id: 5, bytes: bytes).userData
            let picture = pictures[index].bytes
            let joined = H264UserData.inserting([message], into: picture.span)
            pictures[index].bytes = try #require(joined)
        }
        try record(path, .matroska, codec: .h264, pictures: pictures)
        let contents = try Contents(path)
        var receiver = MetadataReceiver()
        let received = contents.packets.map { receiver.receive($0.bytes).map(\.bytes) }
        #expect(received == [[bytes], [], [], [], [], []])
        #expect(contents.frames.count == 6)
        let judged = try run("ffprobe", "-show_frames", "-of", "flat", path)
        let found = judged.components(separatedBy: "User Data Unregistered").count - 1
        // One more in the first picture: the encoder's own.
        #expect(found == 3)
    }

    /// As after kill -9: nothing of the end was written.
    @Test(arguments: [(MediaFileFormat.mp4, VideoCodec.h264), (.matroska, .vp8)])
    func aKilledRecordingCanBePlayed(format: MediaFileFormat, codec: VideoCodec) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("killed.\(format)")
        // One keyframe alone: fragments end by their duration too.
        let pictures = try encodedPictures(codec, count: 110, interval: 1_000)
        let sound = try format == .mp4 ? aacFrames(count: 206) : opusPackets(count: 220)
        try record(
            path, format, codec: codec, pictures: pictures, sound: sound, isFinished: false)
        let contents = try Contents(path + ".killed")
        #expect(contents.frames.count >= 110 - 60, "all but the last two seconds")
        #expect(contents.samples.count >= (110 - 60) * 1_920 * 2)
    }

    @Test func soundAloneIsWrittenInItsOwnFormats() throws {
        let folder = try TemporaryFolder()
        for (format, sound) in [
            (MediaFileFormat.ogg, try opusPackets(count: 50)),
            (.matroska, try opusPackets(count: 50)),
            (.adts, try aacFrames(count: 48)), (.mp4, try aacFrames(count: 48)),
        ] {
            let path = folder.file("sound.\(format)")
            try record(path, format, sound: sound)
            let contents = try Contents(path)
            #expect(contents.pictures == nil)
            #expect(contents.times(.sound).count == sound.count, "\(format)")
            #expect(
                contents.packets.last.map {
                    isNear(
                        $0.presentationNanoseconds,
                        Int64(sound.count - 1)
                            * (format.soundCodec == .aac ? 1_024_000_000_000 / 48_000 : 20_000_000))
                } == true, "\(format)")
            #expect(abs(frequency(Array(contents.samples[9_600...])) - 440) < 3, "\(format)")
        }
    }

    @Test func aByteStreamOfH264IsWhatWasGiven() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.h264")
        let pictures = try encodedPictures(.h264, count: 12)
        try record(path, .h264, codec: .h264, pictures: pictures)
        let written = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(written == Data(pictures.flatMap(\.bytes)))
        #expect(try Contents(path).frames.count == 12)
    }

    /// WAV has no times: what is missing is silence, and small differences of clocks are not.
    @Test func missingSamplesAreSilence() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        var writer = try MediaFileWriter(
            path: path, format: .wav, pictureCodec: nil, soundFormat: stereo)
        let loud = [Int16](repeating: 1_000, count: 960 * 2)
        for time in [0, 20_000_000, 45_000_000, 2_100_000_000] as [Int64] {
            try writer.writeSamples(loud.span, presentationNanoseconds: time)
        }
        try writer.finish()
        let contents = try Contents(path)
        #expect(contents.soundStream?.codecName == "pcm_s16le")
        let samples = contents.samples
        #expect(samples.count == (100_800 + 960) * 2)
        #expect(samples[..<(2_880 * 2)].allSatisfy { $0 == 1_000 })
        #expect(samples[(2_880 * 2)..<(100_800 * 2)].allSatisfy { $0 == 0 })
        #expect(samples[(100_800 * 2)...].allSatisfy { $0 == 1_000 })
    }

    @Test func timesRiseAndWhatCannotBeIsRefused() throws {
        let folder = try TemporaryFolder()
        var writer = try MediaFileWriter(
            path: folder.file("a.mkv"), format: .matroska, pictureCodec: nil, soundFormat: stereo)
        let packets = try opusPackets(count: 3)
        func write(_ index: Int, _ time: Int64, _ writer: inout MediaFileWriter) throws {
            let packet = packets[index]
            try writer.writeSound(packet.span, presentationNanoseconds: time)
        }
        try write(0, 40_000_000, &writer)
        #expect(throws: MediaFileError.timeNotRising(last: 40_000_000, given: 40_000_000)) {
            try write(1, 40_000_000, &writer)
        }
        #expect(throws: MediaFileError.timeNotRising(last: 40_000_000, given: 20_000_000)) {
            try write(1, 20_000_000, &writer)
        }
        for time in [-1, Int64.min, .max, MediaFileWriter.timeMax + 1] {
            #expect(throws: MediaFileError.self) { try write(1, time, &writer) }
        }
        let noPacket: [UInt8] = [0xFF, 0xFF]
        #expect(throws: MediaFileError.codec(.damaged)) {
            try writer.writeSound(noPacket.span, presentationNanoseconds: 41_000_000)
        }
        #expect(throws: MediaFileError.self) {
            try writer.writePicture(
                noPacket.span, presentationNanoseconds: 0, isKeyframe: true)
        }
        // It went on, and two that are nearer than a millisecond are two.
        try write(1, 60_000_000, &writer)
        try write(2, 60_000_001, &writer)
        try writer.finish()
        #expect(throws: MediaFileError.closed) { try writer.finish() }
        #expect(throws: MediaFileError.closed) { try write(2, 80_000_000, &writer) }
        let times = try Contents(folder.file("a.mkv")).times(.sound)
        #expect(times == [0, 20_000_000, 21_000_000])
    }

    @Test func whatAFormatDoesNotTakeIsRefused() throws {
        let folder = try TemporaryFolder()
        func make(_ format: MediaFileFormat, _ codec: VideoCodec?, _ sound: SoundFormat?) throws {
            _ = try MediaFileWriter(
                path: folder.file("x"), format: format, pictureCodec: codec, soundFormat: sound)
        }
        let odd = SoundFormat(sampleRate: 47_999, channels: 2)
        for (format, codec, sound) in [
            (MediaFileFormat.mp4, VideoCodec.vp8, nil), (.mp4, nil, odd), (.ogg, .vp8, stereo),
            (.matroska, nil, odd), (.h264, nil, stereo), (.webm, .h264, nil), (.wav, nil, nil),
            (.wav, nil, SoundFormat(sampleRate: 48_000, channels: 3)),
        ] as [(MediaFileFormat, VideoCodec?, SoundFormat?)] {
            #expect(throws: MediaFileError.self) { try make(format, codec, sound) }
        }
        #expect(throws: MediaFileError.notFound(folder.file("no/x"))) {
            _ = try MediaFileWriter(
                path: folder.file("no/x"), format: .wav, pictureCodec: nil, soundFormat: stereo)
        }
        #expect(throws: MediaFileError.noAccess(folder.path)) {
            _ = try MediaFileWriter(
                path: folder.path, format: .wav, pictureCodec: nil, soundFormat: stereo)
        }
        #expect(MediaFileFormat(fileName: "x.y/a.MKV") == .matroska)
        #expect(MediaFileFormat(fileName: "a.avi") == nil)
    }

    @Test func aFullDiskIsSaidOnceAndClosesTheFile() throws {
        var writer = try MediaFileWriter(
            path: "/dev/full", format: .wav, pictureCodec: nil, soundFormat: stereo)
        let samples = [Int16](repeating: 0, count: 96_000)
        #expect(throws: MediaFileError.failed("/dev/full", reason: "No space left on device")) {
            try writer.writeSamples(samples.span, presentationNanoseconds: 0)
        }
        #expect(throws: MediaFileError.closed) {
            try writer.writeSamples(samples.span, presentationNanoseconds: 2_000_000_000)
        }
    }

    @Test func pictureWaitForAKeyframeAndSoundWaitsForThemWithinBounds() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("late.mkv")
        let pictures = try encodedPictures(.h264, count: 12, interval: 6)
        let packet = try opusPackets(count: 1)[0]
        var writer = try MediaFileWriter(
            path: path, format: .matroska, pictureCodec: .h264, soundFormat: stereo)
        for index in 1..<12 {
            try writer.writeSound(
                packet.span, presentationNanoseconds: Int64(index) * frameNanoseconds)
            let picture = pictures[index].bytes
            let isWritten = try writer.writePicture(
                picture.span,
                presentationNanoseconds: Int64(index) * frameNanoseconds,
                isKeyframe: pictures[index].isKeyframe)
            #expect(isWritten == (index >= 6))
        }
        try writer.finish()
        let contents = try Contents(path)
        #expect(contents.times(.sound).count == 11)
        #expect(contents.times(.picture).first == 5 * frameNanoseconds)
        #expect(contents.frames.count == 6)

        var waiting = try MediaFileWriter(
            path: folder.file("never.mkv"), format: .matroska, pictureCodec: .h264,
            soundFormat: stereo)
        // What calls itself a keyframe and is none is none.
        let noKeyframe: [UInt8] = [0, 0, 1, 0x65, 1]
        #expect(
            try !waiting.writePicture(
                noKeyframe.span, presentationNanoseconds: 0, isKeyframe: true))
        for index in 0..<MediaFileWriter.keptPacketsMax {
            try waiting.writeSound(
                packet.span, presentationNanoseconds: Int64(index) * 20_000_000)
        }
        #expect(throws: MediaFileError.noKeyframe) {
            try waiting.writeSound(packet.span, presentationNanoseconds: 1 << 40)
        }
        try waiting.finish()
        #expect(try Contents(folder.file("never.mkv")).times(.sound).count == 1_500)
    }
}
