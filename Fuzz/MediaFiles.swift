// Fuzzes reading and decoding of damaged files, and recording of what hostile participants send.
// SPDX-License-Identifier: Apache-2.0
import Glibc
import MediaCodecs
import MediaFiles

/// Memory that is opened like a file.
private let memory = MemoryFile()

/// A small recording in each format.
private let recordings: [[UInt8]] = MediaFileFormat.allCases.compactMap(recording)
private let pictures: [VideoCodec: [[UInt8]]] = [
    .h264: encoded(.h264), .vp8: encoded(.vp8), .vp9: encoded(.vp9), .av1: SampleUnits.av1,
]
private let opus: [[UInt8]] = [opusPacket()]
private let aac: [[UInt8]] = aacFrames()

/// libFuzzer's entry: the first byte chooses between reading and recording.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    precondition(recordings.count == MediaFileFormat.allCases.count, "there are no samples")
    var script = unsafe FuzzScript(data, count)
    if script.byte() & 1 == 0 {
        memory.contents = script.edited(recordings)
        read()
    } else {
        memory.contents = []
        record(&script)
    }
    return 0
}

/// A file that is in no folder.
private struct MemoryFile {
    private let descriptor: CInt
    var path: String { "/proc/self/fd/\(descriptor)" }

    init() {
        var name = Array("/tmp/martlet-fuzz-XXXXXX".utf8CString)
        descriptor = unsafe mkstemp(&name)
        let gone = unsafe unlink(name)
        precondition(descriptor >= 0 && gone == 0)
    }

    var contents: [UInt8] {
        get {
            let count = Int(lseek(descriptor, 0, SEEK_END))
            var bytes = [UInt8](repeating: 0, count: count)
            let got = unsafe pread(descriptor, &bytes, count, 0)
            precondition(got == count)
            return bytes
        }
        nonmutating set {
            precondition(ftruncate(descriptor, 0) == 0)
            let put = unsafe pwrite(descriptor, newValue, newValue.count, 0)
            precondition(put == newValue.count)
        }
    }
}

// MARK: Samples

private func encoded(_ codec: VideoCodec) -> [[UInt8]] {
    var units: [[UInt8]] = []
    guard var encoder = try? SoftwareVideoEncoder(codec: codec, bitsPerSecond: 100_000) else {
        return []
    }
    for number in 0..<4 {
        let light = (0..<32 * 32).map { UInt8(($0 * 3 + number * 30) & 0x7F + 40) }
        let grey = [UInt8](repeating: 128, count: 16 * 16)
        guard
            let frame = try? VideoFrame(
                width: 32, height: 32, y: light.span, u: grey.span, v: grey.span),
            let unit = try? encoder.encode(frame, isKeyframeWanted: number == 2)
        else { continue }
        units.append(unit.bytes)
    }
    return units
}

private func opusPacket() -> [UInt8] {
    var packet = [UInt8](repeating: 0, count: OpusEncoder.packetBytesMax)
    var room = packet.mutableSpan
    let tone = (0..<960).map { Int16(($0 * 997) % 20_000 - 10_000) }
    var encoder = try? OpusEncoder(channels: 1)
    let count = try? encoder?.encode(tone.span, into: &room)
    return Array(packet.prefix(count ?? 0))
}

private func aacFrames() -> [[UInt8]] {
    var frames: [[UInt8]] = []
    var encoder = try? AACEncoder(format: SoundFormat(sampleRate: 48_000, channels: 1))
    let tone = (0..<1_024).map { Int16(($0 * 997) % 20_000 - 10_000) }
    for _ in 0..<3 {
        var frame = [UInt8](repeating: 0, count: ADTSHeader.frameBytesMax)
        var room = frame.mutableSpan
        let count = (try? encoder?.encode(tone.span, into: &room)) ?? 0
        if count > 0 { frames.append(Array(frame[..<count])) }
    }
    return frames
}

private func recording(_ format: MediaFileFormat) -> [UInt8]? {
    memory.contents = []
    let codec = format.pictureCodecs.first
    let sound = format.soundCodec.map { _ in SoundFormat(sampleRate: 48_000, channels: 1) }
    do throws(MediaFileError) {
        var writer = try MediaFileWriter(
            path: memory.path, format: format, pictureCodec: codec, soundFormat: sound)
        if let codec {
            for (number, unit) in encoded(codec).enumerated() {
                try writer.writePicture(
                    unit.span, presentationNanoseconds: Int64(number) * 40_000_000,
                    isKeyframe: number % 2 == 0)
            }
        }
        for number in 0..<4 {
            let time = Int64(number) * 22_000_000
            switch format.soundCodec {
            case .opus:
                try writer.writeSound(opusPacket().span, presentationNanoseconds: time)
            case .aac:
                guard let frame = aacFrames().last else { return nil }
                try writer.writeSound(frame.span, presentationNanoseconds: time)
            case .samples:
                let samples = [Int16](repeating: 99, count: 500)
                try writer.writeSamples(samples.span, presentationNanoseconds: time)
            case nil: break
            }
        }
        try writer.finish()
    } catch { return nil }
    let bytes = memory.contents
    return bytes.isEmpty ? nil : bytes
}

// MARK: What is done

private func read() {
    var options = MediaFileOptions()
    options.openTimeoutNanoseconds = 3_000_000_000
    options.readTimeoutNanoseconds = 3_000_000_000
    options.pixelsMax = 256 * 256
    do throws(MediaFileError) {
        var reader = try MediaFileReader(
            memory.path, options: options, stop: try MediaFileStop())
        // Once more from the start.
        for _ in 0..<2 {
            try decodeAll(&reader)
            try reader.seekToStart()
        }
    } catch {}
}

private func decodeAll(_ reader: inout MediaFileReader) throws(MediaFileError) {
    var frames: MediaFilePictureDecoder?
    var sound: MediaFileSoundDecoder?
    if let pictures = reader.pictures {
        frames = try? MediaFilePictureDecoder(pictures, pixelsMax: 256 * 256)
    }
    if let stream = reader.sound { sound = try? MediaFileSoundDecoder(stream) }
    var last: [Int64] = [.min, .min]
    for _ in 0..<300 {
        guard let packet = try reader.read() else { break }
        let stream = packet.kind == .picture ? 0 : 1
        precondition(packet.decodingNanoseconds > last[stream], "times must rise")
        precondition(packet.presentationNanoseconds >= packet.decodingNanoseconds)
        precondition(packet.durationNanoseconds >= 0 && !packet.bytes.isEmpty)
        last[stream] = packet.decodingNanoseconds
        check(try? frames?.decode(packet))
        check(try? sound?.decode(packet))
    }
    check(try? frames?.decode(nil))
    check(try? sound?.decode(nil))
}

private func check(_ frames: [VideoFrame]?) {
    for frame in frames ?? [] { precondition(frame.width * frame.height <= 256 * 256) }
}

private func check(_ pieces: [DecodedSound]?) {
    for piece in pieces ?? [] {
        precondition(1...2 ~= piece.channels && piece.samples.count % piece.channels == 0)
    }
}

private func record(_ script: inout FuzzScript) {
    let format = MediaFileFormat.allCases[script.below(MediaFileFormat.allCases.count)]
    let codecs = format.pictureCodecs
    let codec = codecs.isEmpty ? nil : codecs[script.below(codecs.count)]
    let rate = script.byte() & 7 == 0 ? script.number(usual: 96_000) : 48_000
    let sound = script.byte() & 3 == 0 ? nil : SoundFormat(sampleRate: rate, channels: 1)
    do throws(MediaFileError) {
        var writer = try MediaFileWriter(
            path: memory.path, format: format, pictureCodec: codec, soundFormat: sound)
        var time: Int64 = 0
        while !script.isOver {
            let action = script.byte()
            let step = script.number(usual: 60)
            // Hours of silence would be written as such.
            if format != .wav || step < 1_000 { time &+= Int64(step) &* 1_000_000 }
            do throws(MediaFileError) {
                if let codec, action & 1 == 0 {
                    let unit = script.edited(pictures[codec] ?? [])
                    try writer.writePicture(
                        unit.span, presentationNanoseconds: time, isKeyframe: action & 2 == 0)
                } else if format.soundCodec == .samples {
                    let samples = [Int16](repeating: 7, count: script.short() & 0x3FF)
                    try writer.writeSamples(samples.span, presentationNanoseconds: time)
                } else {
                    let packet = script.edited(format.soundCodec == .aac ? aac : opus)
                    try writer.writeSound(packet.span, presentationNanoseconds: time)
                }
            } catch {
                // What one packet is refused for does not end a recording.
                if error == .closed { break }
            }
        }
        if script.byte() & 1 == 0 { try writer.finish() }
    } catch {}
}
