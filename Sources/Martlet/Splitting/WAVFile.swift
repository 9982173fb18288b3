// The samples of a WAV file.
// SPDX-License-Identifier: Apache-2.0
public import MediaCodecs

/// A WAV file with 16-bit samples (RIFF, Multimedia Programming Interface 1.0), mono or stereo, 8,000 to 96,000 a second, for an
/// ``AudioSource`` of its ``format``. A file that ends too early is taken as far as it goes.
public struct WAVFile: Sendable {
    /// How its samples are counted and laid out.
    public let format: SoundFormat
    /// Samples of each channel.
    public let sampleCount: Int
    private let bytes: [UInt8]
    /// Where the samples begin.
    private let start: Int

    /// Reads a file.
    /// - Throws: A ``MartletError`` 1004 that says what is wrong with it, or not taken.
    public init(_ bytes: [UInt8]) throws(MartletError) {
        let span = bytes.span
        guard Self.name(at: 0, in: span) == "RIFF", Self.name(at: 8, in: span) == "WAVE" else {
            throw Self.refusal("it does not begin as one")
        }
        var offset = 12
        var format: SoundFormat?
        while let name = Self.name(at: offset, in: span),
            let size = Self.number(4, at: offset + 4, in: span)
        {
            let body = offset + 8
            switch name {
            case "fmt ": format = try Self.format(at: body, size: size, in: span)
            case "data":
                guard let format else { throw Self.refusal("its samples come before their format") }
                self.bytes = bytes
                self.format = format
                start = body
                // Who writes to a pipe does not know the size beforehand.
                sampleCount = min(size, span.count - body) / (2 * format.channels)
                return
            default: break
            }
            // Chunks have even lengths; both numbers are of 32 bits at most.
            offset = body + size + (size & 1)
        }
        throw Self.refusal("it has no samples")
    }

    /// How long it sounds.
    public var duration: Duration {
        .microseconds(Int64(sampleCount) * 1_000_000 / Int64(format.sampleRate))
    }

    /// A piece of it, with its time from the beginning; empty behind the end.
    /// - Parameters:
    ///   - sample: The first sample of each channel.
    ///   - count: How many; fewer come at the end.
    public func piece(from sample: Int, count: Int) -> AudioFrame {
        let first = min(max(sample, 0), sampleCount)
        let last = min(sampleCount, first + min(max(count, 0), sampleCount))
        var samples: [Int16] = []
        samples.reserveCapacity((last - first) * format.channels)
        for index in (first * format.channels)..<(last * format.channels) {
            let offset = start + 2 * index
            samples.append(
                Int16(bitPattern: UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8))
        }
        return AudioFrame(
            samples: samples, format: format,
            timestampMicroseconds: Int64(first) * 1_000_000 / Int64(format.sampleRate))
    }

    /// `| tag 2 | channels 2 | rate 4 | bytes a second 4 | bytes of all channels 2 | bits 2 |`, and where the tag is `FFFE` behind `| size 2
    /// | valid bits 2 | speakers 4 |` the tag that counts.
    private static func format(
        at body: Int, size: Int, in bytes: Span<UInt8>
    ) throws(MartletError) -> SoundFormat {
        guard size >= 16, var tag = number(2, at: body, in: bytes),
            let channels = number(2, at: body + 2, in: bytes),
            let rate = number(4, at: body + 4, in: bytes),
            let block = number(2, at: body + 12, in: bytes),
            let bits = number(2, at: body + 14, in: bytes)
        else { throw refusal("its format is cut off") }
        if tag == 0xFFFE, size >= 26, let inner = number(2, at: body + 24, in: bytes) {
            tag = inner
        }
        guard tag == 1, bits == 16 else {
            throw refusal(
                "its samples are no integers of 16 bits (`ffmpeg -i in.wav -c:a pcm_s16le out.wav`)"
            )
        }
        guard 1...2 ~= channels, block == 2 * channels else {
            throw refusal("it has \(channels) channels, not 1 or 2")
        }
        guard AudioSource.sampleRates ~= rate else {
            throw refusal("it has \(rate) samples a second, not 8,000 to 96,000")
        }
        return SoundFormat(sampleRate: rate, channels: channels)
    }

    private static func refusal(_ why: String) -> MartletError {
        MartletError(.invalidArgument, "That is no WAV file that can be played: \(why).")
    }

    private static func name(at offset: Int, in bytes: Span<UInt8>) -> String? {
        guard offset + 4 <= bytes.count else { return nil }
        return String(decoding: (offset..<(offset + 4)).map { bytes[$0] }, as: UTF8.self)
    }

    /// A number in little endian.
    private static func number(_ count: Int, at offset: Int, in bytes: Span<UInt8>) -> Int? {
        guard offset + count <= bytes.count else { return nil }
        return (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
}
