// Encoded pictures and sound into a file, over libavformat.
// SPDX-License-Identifier: Apache-2.0
import CMediaFiles
package import MediaCodecs

/// Writes a recording. Calls wait for the disk: give a writer a thread of its own.
///
/// With pictures the file's head is written when their first keyframe comes, since only then their size and parameter sets are
/// known; sound is kept until then, and pictures before it are left out. A writer that is dropped without `finish` leaves a file
/// that can be played up to its last moments.
@safe  // The handle is made in `init`, freed in `deinit`, and never leaves this type.
package struct MediaFileWriter: ~Copyable {
    /// How many packets of sound, and how many bytes, are kept until a keyframe comes: half a minute.
    package static let keptPacketsMax = 1_500
    /// The same in bytes.
    package static let keptBytesMax = 8 << 20
    /// The longest packet in bytes.
    package static let packetBytesMax = 64 << 20
    /// The latest time, in nanoseconds: a year.
    package static let timeMax: Int64 = 366 * 86_400 * 1_000_000_000
    /// How much of silence is written at most where sound was missing (WAV), in nanoseconds: a day.
    package static let silenceMax: Int64 = 86_400 * 1_000_000_000

    /// Where it writes.
    package let path: String
    /// What it writes.
    package let format: MediaFileFormat
    /// The codec of pictures; nil without.
    package let pictureCodec: VideoCodec?
    /// What its sound is; nil without.
    package let soundFormat: SoundFormat?

    private let handle: OpaquePointer
    private var state = State.waiting
    private var kept: [KeptPacket] = []
    private var keptBytes = 0
    private var lastPicture: Int64?
    private var lastSound: Int64?
    /// What was written of samples (WAV).
    private var placement: SamplePlacement

    private enum State { case waiting, writing, closed }

    private struct KeptPacket {
        var bytes: [UInt8]
        var time: Int64
        var duration: Int64
    }

    /// Makes the file, or empties one that is there.
    /// - Parameters:
    ///   - path: A path, whatever characters it has.
    ///   - pictureCodec: One of the format's `pictureCodecs`, or nil for sound alone.
    ///   - soundFormat: Of the format's `soundCodec`, or nil for pictures alone: 48,000 samples a second for Opus, a rate of
    ///     `ADTSHeader.sampleRates` for AAC, 8,000 to 192,000 for samples; 1 or 2 channels.
    /// - Throws: `.refused` for what the format does not take, `.noAccess`, `.notFound` if the folder does not exist, `.failed`.
    package init(
        path: String, format: MediaFileFormat, pictureCodec: VideoCodec?, soundFormat: SoundFormat?
    ) throws(MediaFileError) {
        guard !path.isEmpty, !path.utf8.contains(0), path.utf8.count <= 4_096 else {
            throw .refused("a path has 1 to 4,096 bytes")
        }
        try format.check(pictureCodec, soundFormat)
        var status: Int32 = 0
        var text = ErrorText()
        // The pointers are those of a string and variables that live as long as the call.
        let made = unsafe ("file:" + path).withCString { path in
            unsafe text.lend { unsafe martlet_file_writer_new(path, format.number, &status, $0) }
        }
        guard let made = unsafe made else {
            throw MediaFileError(status: status, source: path, reason: text.text)
        }
        unsafe handle = made
        self.path = path
        self.format = format
        self.pictureCodec = pictureCodec
        self.soundFormat = soundFormat
        placement = SamplePlacement(rate: soundFormat?.sampleRate ?? 1)
    }

    deinit { unsafe martlet_file_writer_free(handle) }

    /// Writes a picture.
    /// - Parameters:
    ///   - bytes: H.264 as an access unit in Annex B, a frame of VP8 or VP9, a temporal unit of AV1; without B frames. A
    ///     picture of another size begins with a keyframe that has its parameter sets, which stay in the stream.
    ///   - presentationNanoseconds: When it is shown, from the start of the recording: 0 to `timeMax`, rising.
    /// - Returns: false if it was left out, because no keyframe that can be decoded has come yet.
    /// - Throws: `.timeNotRising`, `.refused`; `.failed`, `.noAccess` and the like if the disk does not take it, after which
    ///   the writer is closed; `.closed`.
    @discardableResult package mutating func writePicture(
        _ bytes: Span<UInt8>, presentationNanoseconds: Int64, isKeyframe: Bool
    ) throws(MediaFileError) -> Bool {
        guard let pictureCodec else { throw .refused("this recording has no pictures") }
        try check(bytes, presentationNanoseconds, after: lastPicture)
        if state == .waiting {
            guard isKeyframe, let track = MediaFileTrack(pictureCodec, keyframe: bytes) else {
                return false
            }
            try begin(picture: track)
        }
        try write(
            bytes, isPicture: true, time: presentationNanoseconds, duration: 0,
            isKeyframe: isKeyframe)
        lastPicture = presentationNanoseconds
        return true
    }

    /// Writes a packet of sound.
    /// - Parameters:
    ///   - bytes: An Opus packet, or an ADTS frame of AAC.
    ///   - presentationNanoseconds: When it is heard, from the start of the recording: 0 to `timeMax`, rising.
    /// - Throws: As for pictures; `.codec(.damaged)` if it is no such packet; `.noKeyframe` if too much waits for pictures.
    package mutating func writeSound(
        _ bytes: Span<UInt8>, presentationNanoseconds: Int64
    ) throws(MediaFileError) {
        guard let soundFormat, let codec = format.soundCodec, codec != .samples else {
            throw .refused("this recording has no encoded sound")
        }
        try check(bytes, presentationNanoseconds, after: lastSound)
        var (offset, duration): (Int, Int64) = (0, 0)
        do throws(MediaCodecError) {
            if codec == .opus {
                let ticks = try OpusDecoder.sampleCount(of: bytes)
                duration = Int64(ticks) * 1_000_000_000 / 48_000
            } else {
                let header = try ADTSHeader(parsing: bytes)
                // A container has what the header says in its own head.
                offset = format == .mp4 ? (bytes[1] & 1 == 1 ? 7 : 9) : 0
                guard header.frameByteCount == bytes.count, offset < bytes.count else {
                    throw .damaged
                }
                duration =
                    Int64(AACEncoder.frameSamples) * 1_000_000_000 / Int64(soundFormat.sampleRate)
            }
        } catch {
            throw .codec(error)
        }
        try writeSound(
            bytes.extracting(droppingFirst: offset), time: presentationNanoseconds,
            duration: duration)
        lastSound = presentationNanoseconds
    }

    /// Writes samples (WAV). The format has no times: where some are missing, silence is written; samples that overlap are
    /// written behind another.
    /// - Parameters:
    ///   - samples: Interleaved.
    ///   - presentationNanoseconds: When the first is heard, from the start of the recording: 0 to `timeMax`, rising.
    /// - Throws: As for pictures; `.refused` if more than `silenceMax` is missing.
    package mutating func writeSamples(
        _ samples: Span<Int16>, presentationNanoseconds: Int64
    ) throws(MediaFileError) {
        guard let soundFormat, format == .wav, samples.count % soundFormat.channels == 0 else {
            throw .refused("samples are written to WAV, as many for the right as for the left")
        }
        guard samples.count <= 1 << 24 else {
            throw .refused("a piece of sound has up to 16,777,216 samples")
        }
        try check(presentationNanoseconds, after: lastSound)
        if state == .waiting { try begin(picture: nil) }
        guard var silence = placement.silence(before: presentationNanoseconds) else {
            throw .refused("more than a day of sound is missing: begin another recording")
        }
        while silence > 0 {
            // A second at a time.
            let count = Int(min(silence, placement.rate))
            try writeSampleBytes(
                [UInt8](repeating: 0, count: count * 2 * soundFormat.channels), count: count)
            silence -= Int64(count)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(samples.count * 2)
        for index in samples.indices {
            bytes.append(UInt8(truncatingIfNeeded: samples[index]))
            bytes.append(UInt8(truncatingIfNeeded: samples[index] >> 8))
        }
        try writeSampleBytes(bytes, count: samples.count / soundFormat.channels)
        lastSound = presentationNanoseconds
    }

    /// Writes what waits and the end of the file, and closes it. Without any packet the file stays empty.
    /// - Throws: `.closed` if it was closed before; `.failed` and the like if the disk does not take it.
    package mutating func finish() throws(MediaFileError) {
        guard state != .closed else { throw .closed }
        // Sound for which no pictures came is a recording too.
        if state == .waiting, !kept.isEmpty { try begin(picture: nil) }
        state = .closed
        var text = ErrorText()
        let status = unsafe text.lend { unsafe martlet_file_writer_finish(handle, $0) }
        guard status >= 0 else {
            throw MediaFileError(status: status, source: path, reason: text.text)
        }
    }

    // MARK: What the calls share

    private func check(
        _ bytes: Span<UInt8>, _ time: Int64, after last: Int64?
    ) throws(MediaFileError) {
        guard 1...Self.packetBytesMax ~= bytes.count else {
            throw .refused("a packet has 1 to 67,108,864 bytes, not \(bytes.count)")
        }
        try check(time, after: last)
    }

    private func check(_ time: Int64, after last: Int64?) throws(MediaFileError) {
        guard state != .closed else { throw .closed }
        guard 0...Self.timeMax ~= time else {
            throw .refused("a recording goes from 0 to a year, not to \(time) ns")
        }
        if let last, time <= last { throw .timeNotRising(last: last, given: time) }
    }

    /// Writes the head, and what was kept.
    private mutating func begin(picture: MediaFileTrack?) throws(MediaFileError) {
        var sound = soundFormat.flatMap { MediaFileTrack(format.soundCodec, $0) }
        // Frames that have their headers get none of the muxer's.
        if format == .adts { sound?.setup = [] }
        var text = ErrorText()
        let status = unsafe MediaFileTrack.lend(picture) { picture in
            unsafe MediaFileTrack.lend(sound) { sound in
                unsafe text.lend {
                    unsafe martlet_file_writer_begin(handle, picture, sound, $0)
                }
            }
        }
        try close(unless: status, text)
        state = .writing
        for packet in kept {
            try write(
                packet.bytes.span, isPicture: false, time: packet.time, duration: packet.duration,
                isKeyframe: true)
        }
        kept = []
        keptBytes = 0
    }

    private mutating func writeSound(
        _ bytes: Span<UInt8>, time: Int64, duration: Int64
    ) throws(MediaFileError) {
        if state == .waiting, pictureCodec != nil {
            guard kept.count < Self.keptPacketsMax, keptBytes + bytes.count <= Self.keptBytesMax
            else { throw .noKeyframe }
            keptBytes += bytes.count
            let copy = bytes.indices.map { bytes[$0] }
            kept.append(KeptPacket(bytes: copy, time: time, duration: duration))
            return
        }
        if state == .waiting { try begin(picture: nil) }
        try write(bytes, isPicture: false, time: time, duration: duration, isKeyframe: true)
    }

    private mutating func writeSampleBytes(
        _ bytes: [UInt8], count: Int
    ) throws(MediaFileError) {
        guard count > 0 else { return }
        let duration = Int64(count) * 1_000_000_000 / placement.rate
        try write(
            bytes.span, isPicture: false, time: placement.time, duration: duration,
            isKeyframe: true)
        placement.advance(by: count)
    }

    private mutating func write(
        _ bytes: Span<UInt8>, isPicture: Bool, time: Int64, duration: Int64, isKeyframe: Bool
    ) throws(MediaFileError) {
        var text = ErrorText()
        // The pointers are those of a span and a variable that live as long as the call.
        let status = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe text.lend { text in
                unsafe martlet_file_writer_write(
                    handle, isPicture ? 1 : 0, bytes.baseAddress, Int32(bytes.count), time,
                    duration, isKeyframe ? 1 : 0, text)
            }
        }
        try close(unless: status, text)
    }

    /// A file of which a part was not written is not written on.
    private mutating func close(unless status: Int32, _ text: ErrorText) throws(MediaFileError) {
        guard status < 0 else { return }
        state = .closed
        throw MediaFileError(status: status, source: path, reason: text.text)
    }
}

// The handle is owned by one value, and the library ties no writer to a thread.
extension MediaFileWriter: @unchecked Sendable {}
