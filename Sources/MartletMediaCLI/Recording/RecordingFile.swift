// One file of a recording: its encoders, its times, and what it holds.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Martlet
import MediaCodecs
import MediaFiles

/// Pictures and sound of one participant in one file. It belongs to one thread.
final class RecordingFile {
    /// What its pictures come as; `nil`: it has none.
    let source: VideoCodec?
    /// What they are written as.
    let codec: VideoCodec?
    private let path: String
    private var writer: MediaFileWriter
    private let format: MediaFileFormat
    private var start: Int64?
    private var picturesCount = 0
    private var isBroken = false
    private var last: Int64 = 0
    private var lastPicture: Int64 = -1

    // Pictures that have to be encoded anew.
    private var decoder: VideoDecoder?
    private var encoder: SoftwareVideoEncoder?

    /// Sound that is written as it came.
    private var placement: PacketPlacement?

    // Sound that is encoded anew: samples that wait for a packet, and when the first of them was captured.
    private var aac: AACEncoder?
    private var waiting: [Int16] = []
    private var position: Int64?
    /// By how much sound comes later than the samples before it end, smoothed, in microseconds.
    private var drift = 0.0
    private var lastSound: Int64 = -1
    /// When the last packet of what is written as it came is heard, in nanoseconds.
    private var lastPacket: Int64 = -1
    /// What comes first has this time, in microseconds: sound that is encoded begins by what its encoder holds back sooner.
    private var head: Int64 = 0

    init(path: String, pictures: VideoCodec?, hasSound: Bool) throws {
        guard let format = MediaFileFormat(fileName: path) else {
            throw MediaFileError.refused("there is no such format")
        }
        self.path = path
        self.format = format
        source = pictures
        let codec = pictures.map { format.pictureCodecs.contains($0) ? $0 : .h264 }
        self.codec = codec
        writer = try MediaFileWriter(
            path: path, format: format, pictureCodec: codec,
            soundFormat: hasSound && format != .h264 ? Recording.soundFormat : nil)
        if let pictures, codec != pictures { decoder = try VideoDecoder(codec: pictures) }
        guard hasSound else { return }
        switch format.soundCodec {
        case .opus:
            placement = PacketPlacement(
                isTimed: format != .ogg, filledMax: format == .ogg ? Self.day : Self.silenceMax)
        case .aac:
            aac = try AACEncoder(format: Recording.soundFormat)
            head = 50_000
        case .samples, nil: break
        }
    }

    // MARK: Pictures

    func write(_ frame: EncodedVideoFrame) {
        guard codec != nil, !isBroken else { return }
        if decoder == nil {
            return write(frame.bytes, isKeyframe: frame.isKeyframe, at: frame.timestampMicroseconds)
        }
        // What cannot be decoded is left out; a keyframe makes it good.
        guard
            let picture = try? decoder?.decode(
                frame.bytes.span, timestampMicroseconds: frame.timestampMicroseconds)
        else { return }
        if encoder == nil {
            encoder = try? SoftwareVideoEncoder(codec: .h264, bitsPerSecond: 2_500_000)
        }
        guard
            let encoded = try? encoder?.encode(picture, isKeyframeWanted: frame.isKeyframe) ?? nil
        else { return }
        write(encoded.bytes, isKeyframe: encoded.isKeyframe, at: frame.timestampMicroseconds)
    }

    private func write(_ bytes: [UInt8], isKeyframe: Bool, at microseconds: Int64) {
        guard let time = time(microseconds) else { return }
        let placed = max(time, lastPicture + 1_000)
        attempt {
            if try writer.writePicture(
                bytes.span, presentationNanoseconds: placed * 1_000, isKeyframe: isKeyframe)
            {
                lastPicture = placed
                picturesCount += 1
                last = max(last, placed)
            }
        }
    }

    // MARK: Sound

    func write(_ piece: RecordedSound) {
        switch piece {
        case .packet(let packet): write(packet)
        case .samples(let samples): write(samples)
        }
    }

    /// The longest gap that is filled where packets have times, in ticks of 48 kHz: ten seconds.
    private static let silenceMax: Int64 = 480_000
    /// The same where they have none.
    private static let day: Int64 = 86_400 * 48_000

    private func write(_ packet: EncodedAudioFrame) {
        guard !isBroken, let time = time(packet.timestampMicroseconds),
            let length = try? OpusDecoder.sampleCount(of: packet.bytes.span),
            let pieces = placement?.place(
                time * 48 / 1_000, length: Int64(length),
                isBehindGap: packet.missingMicroseconds > 0)
        else { return }
        for piece in pieces {
            let bytes = piece.silence ?? packet.bytes
            // Times rise, by a nanosecond at least.
            let placed = max(piece.ticks * 1_000_000 / 48, lastPacket + 1)
            attempt {
                try writer.writeSound(bytes.span, presentationNanoseconds: placed)
                lastPacket = placed
                last = max(last, (piece.ticks + Int64(length)) * 1_000 / 48)
            }
        }
    }

    private func write(_ piece: AudioFrame) {
        guard !isBroken, let time = time(piece.timestampMicroseconds) else { return }
        if format.soundCodec == .samples { return write(samples: piece, at: time) }
        guard aac != nil else { return }
        guard let begun = position else {
            position = time
            waiting = piece.samples
            return encode()
        }
        var samples = piece.samples
        let behind = time - begun - Int64(waiting.count / 2) * 1_000 / 48
        drift += (Double(behind) - drift) / 16
        if behind > Self.gap {
            fill(behind)
            drift = 0
        } else if let wrong = misplaced(by: behind) {
            if wrong < 0 {
                samples.removeFirst(min(Int(-wrong * 48 / 1_000), samples.count / 2) * 2)
            } else {
                fill(wrong)
            }
            fadeSeam(&samples)
            drift = 0
        }
        waiting += samples
        encode()
    }

    private func write(samples piece: AudioFrame, at time: Int64) {
        let placed = max(time, lastSound + 1)
        attempt {
            try writer.writeSamples(piece.samples.span, presentationNanoseconds: placed * 1_000)
            lastSound = placed
            last = max(last, placed + Int64(piece.samples.count / 2) * 1_000 / 48)
        }
    }

    /// By how much sound is to be moved, in microseconds: it was played slower or faster for a while, or the sender's clock is
    /// known better by now, and sound keeps to its times. `nil`: it is where it belongs, or off for a moment only.
    private func misplaced(by behind: Int64) -> Int64? {
        if abs(behind) > Self.stepMin { return behind }
        return abs(drift) > Self.driftMax ? Int64(drift) : nil
    }

    /// Lets what waits die away and what follows begin softly: a step would click.
    private func fadeSeam(_ samples: inout [Int16]) {
        let frames = min(Self.fadeFrames, waiting.count / 2, samples.count / 2)
        for index in 0..<frames {
            for channel in 0..<2 {
                let ending = waiting.count - 2 * (index + 1) + channel
                waiting[ending] = Int16(Int(waiting[ending]) * index / frames)
                samples[2 * index + channel] = Int16(
                    Int(samples[2 * index + channel]) * index / frames)
            }
        }
    }

    /// More than this missing between two pieces is a pause, in microseconds.
    private static let gap: Int64 = 60_000
    /// Sound is never further from its time than this for long, in microseconds.
    private static let driftMax = 5_000.0
    /// Further from its time than this it is moved at once; the jitter buffer plays 17.5 ms more or less at a time.
    private static let stepMin: Int64 = 25_000
    /// Over how many samples of each channel it is faded: 2 ms.
    private static let fadeFrames = 96

    /// Fills a gap with silence, so that what follows is heard at its time.
    private func fill(_ microseconds: Int64) {
        guard format != .adts else { return fillWhole(microseconds) }
        // A long pause is jumped over: each packet has its time.
        guard microseconds <= 10_000_000 else {
            position = position.map { $0 + microseconds + Int64(waiting.count / 2) * 1_000 / 48 }
            waiting = []
            return
        }
        waiting += [Int16](repeating: 0, count: Int(microseconds * 48 / 1_000) * 2)
    }

    /// Fills a gap where packets have no times, a second at once; a day of it at most.
    private func fillWhole(_ microseconds: Int64) {
        var left = min(microseconds, Self.day / 48 * 1_000)
        while left > 0 {
            let part = min(left, 1_000_000)
            waiting += [Int16](repeating: 0, count: Int(part * 48 / 1_000) * 2)
            encode()
            left -= part
        }
    }

    private func encode() {
        let count = AACEncoder.frameSamples * 2
        while waiting.count >= count, let now = position {
            let samples = Array(waiting.prefix(count))
            waiting.removeFirst(count)
            position = now + Int64(count / 2) * 1_000 / 48
            var bytes = [UInt8](repeating: 0, count: ADTSHeader.frameBytesMax)
            var span = bytes.mutableSpan
            let written = (try? aac?.encode(samples.span, into: &span)) ?? 0
            // A frame comes with the samples of the next, and begins with what the encoder held back.
            let delay = Int64((aac?.delaySamples ?? 0) + AACEncoder.frameSamples) * 1_000 / 48
            guard written > 0 else { continue }
            bytes.removeLast(bytes.count - written)
            // What a decoder gives is by so much later than what it was given.
            let placed = max(now - delay, lastSound + 1, 0)
            attempt {
                try writer.writeSound(bytes.span, presentationNanoseconds: placed * 1_000)
                lastSound = placed
                last = max(last, now)
            }
        }
    }

    // MARK: What both share

    /// The time in the file, in microseconds; `nil` for what was captured before its beginning.
    private func time(_ microseconds: Int64) -> Int64? {
        let start = self.start ?? microseconds
        self.start = start
        let time = microseconds - start
        return time >= 0 ? time + head : nil
    }

    private func attempt(_ body: () throws -> Void) {
        do { try body() } catch {
            if case .timeNotRising? = error as? MediaFileError { return }
            isBroken = true
            FileHandle.standardError.write(Data("\(path): \(error)\n".utf8))
        }
    }

    /// Ends the file.
    /// - Returns: A line that says what is in it.
    func finish() -> String? {
        attempt { try writer.finish() }
        let seconds = (Double(last) / 1e4).rounded() / 100
        let pictures = codec.map { ", \(picturesCount) pictures of \($0.rawValue)" } ?? ""
        return "\(path): \(seconds) s\(pictures)"
    }
}
