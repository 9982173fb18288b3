// Pictures and sounds that can be told from each other, files of them, and what others say of files.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import MediaCodecs
import Testing

@testable import MediaFiles

/// A folder that goes with the value.
final class TemporaryFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("martlet-files-\(UInt64.random(in: 0...UInt64.max))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

/// A program of FFmpeg's: what it writes.
@discardableResult func run(_ program: String, _ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program, "-v", "error"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(program) \(arguments)")
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
}

let frameNanoseconds: Int64 = 40_000_000

/// How bright the picture of this number is: 16 to 235, in steps that a codec does not blur.
func luma(_ index: Int) -> Int { 32 + index % 24 * 8 }

/// An even picture, as bright as its number says.
func picture(_ index: Int, width: Int = 64, height: Int = 48) throws -> VideoFrame {
    let y = [UInt8](repeating: UInt8(luma(index)), count: width * height)
    let grey = [UInt8](repeating: 128, count: (width + 1) / 2 * ((height + 1) / 2))
    return try VideoFrame(
        width: width, height: height, y: y.span, u: grey.span, v: grey.span,
        timestampMicroseconds: Int64(index) * frameNanoseconds / 1_000)
}

/// The mean of the brightness.
func meanLuma(_ frame: VideoFrame) -> Double {
    var sum = 0
    let y = frame.y
    for row in 0..<frame.height {
        for column in 0..<frame.width { sum += Int(y[row * frame.yStride + column]) }
    }
    return Double(sum) / Double(frame.width * frame.height)
}

/// The pictures `0..<count`, encoded; a keyframe each `interval`.
func encodedPictures(
    _ codec: VideoCodec, count: Int, interval: Int = 10, width: (Int) -> Int = { _ in 64 }
) throws -> [EncodedPicture] {
    var encoder = try SoftwareVideoEncoder(codec: codec, bitsPerSecond: 400_000, frameRate: 25)
    return try (0..<count).compactMap { index in
        try encoder.encode(
            picture(index, width: width(index), height: width(index) * 3 / 4),
            isKeyframeWanted: index % interval == 0)
    }
}

/// A tone of a quarter of full scale, interleaved.
func tone(
    _ frequency: Double = 440, rate: Int = 48_000, channels: Int = 2, from: Int = 0, count: Int
) -> [Int16] {
    (from..<from + count).flatMap { index -> [Int16] in
        let value = sin(2 * Double.pi * frequency * Double(index) / Double(rate)) * 8_192
        return [Int16](repeating: Int16(value), count: channels)
    }
}

/// Upward zero crossings a second of the first channel.
func frequency(_ samples: [Int16], channels: Int = 2, rate: Int = 48_000) -> Double {
    let first = stride(from: 0, to: samples.count, by: channels).map { samples[$0] }
    let crossings = zip(first, first.dropFirst()).filter { $0 < 0 && $1 >= 0 }.count
    return Double(crossings) * Double(rate) / Double(max(first.count, 1))
}

/// A tone as packets of 20 ms.
func opusPackets(count: Int) throws -> [[UInt8]] {
    var encoder = try OpusEncoder(channels: 2, use: .music, bitsPerSecond: 64_000)
    return try (0..<count).map { index in
        let samples = tone(from: index * 960, count: 960)
        var bytes = [UInt8](repeating: 0, count: OpusEncoder.packetBytesMax)
        var room = bytes.mutableSpan
        let written = try encoder.encode(samples.span, into: &room)
        return Array(bytes[..<written])
    }
}

/// A tone as ADTS frames of 1,024 samples.
func aacFrames(count: Int) throws -> [[UInt8]] {
    var encoder = try AACEncoder(format: SoundFormat(sampleRate: 48_000, channels: 2))
    var frames: [[UInt8]] = []
    var index = 0
    while frames.count < count {
        let samples = tone(from: index * 1_024, count: 1_024)
        var bytes = [UInt8](repeating: 0, count: ADTSHeader.frameBytesMax)
        var room = bytes.mutableSpan
        let written = try encoder.encode(samples.span, into: &room)
        if written > 0 { frames.append(Array(bytes[..<written])) }
        index += 1
    }
    return frames
}

let stereo = SoundFormat(sampleRate: 48_000, channels: 2)

/// Writes pictures and sound as they would come: each when it is due. Sound begins at 0. If it is not finished, the file is that of
/// the name with `.killed` behind it.
func record(
    _ path: String, _ format: MediaFileFormat, codec: VideoCodec? = nil,
    pictures: [EncodedPicture] = [], picturesFrom start: Int64 = 0, sound: [[UInt8]] = [],
    isFinished: Bool = true
) throws {
    var writer = try MediaFileWriter(
        path: path, format: format, pictureCodec: codec, soundFormat: sound.isEmpty ? nil : stereo)
    let soundStep: Int64 = format.soundCodec == .aac ? 1_024_000_000_000 / 48_000 : 20_000_000
    var (pictureIndex, soundIndex) = (0, 0)
    while pictureIndex < pictures.count || soundIndex < sound.count {
        let pictureTime = start + Int64(pictureIndex) * frameNanoseconds
        let soundTime = Int64(soundIndex) * soundStep
        let isPicture =
            pictureIndex < pictures.count
            && (soundIndex >= sound.count || pictureTime <= soundTime)
        if isPicture {
            let picture = pictures[pictureIndex]
            try writer.writePicture(
                picture.bytes.span, presentationNanoseconds: pictureTime,
                isKeyframe: picture.isKeyframe)
            pictureIndex += 1
        } else {
            let packet = sound[soundIndex]
            try writer.writeSound(packet.span, presentationNanoseconds: soundTime)
            soundIndex += 1
        }
    }
    guard !isFinished else { return try writer.finish() }
    // What is on the disk while it still writes, for closing would write what waits.
    try FileManager.default.copyItem(atPath: path, toPath: path + ".killed")
}

/// All that is left in a reader.
func packets(_ reader: inout MediaFileReader) throws -> [MediaFilePacket] {
    var packets: [MediaFilePacket] = []
    while let packet = try reader.read() { packets.append(packet) }
    return packets
}

/// All of a file, decoded.
struct Contents {
    var packets: [MediaFilePacket] = []
    var frames: [VideoFrame] = []
    var sound: [DecodedSound] = []
    var pictures: MediaFilePictures?
    var soundStream: MediaFileSound?
    var format = ""

    init(_ path: String) throws {
        var reader = try MediaFileReader(path, stop: MediaFileStop())
        pictures = reader.pictures
        soundStream = reader.sound
        format = reader.formatName
        packets = try MediaFilesTests.packets(&reader)
        if let pictures {
            var decoder = try MediaFilePictureDecoder(pictures)
            for packet in packets { frames += try decoder.decode(packet) }
            frames += try decoder.decode(nil)
        }
        if let soundStream {
            var decoder = try MediaFileSoundDecoder(soundStream)
            for packet in packets { sound += try decoder.decode(packet) }
            sound += try decoder.decode(nil)
        }
    }

    var samples: [Int16] { sound.flatMap(\.samples) }

    func times(_ kind: MediaFilePacket.Kind) -> [Int64] {
        packets.filter { $0.kind == kind }.map(\.presentationNanoseconds)
    }
}

/// Whether two times differ by a millisecond at most, which is what Matroska can say.
func isNear(_ one: Int64, _ other: Int64) -> Bool { abs(one - other) <= 1_000_000 }
