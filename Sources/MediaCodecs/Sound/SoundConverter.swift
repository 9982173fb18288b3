// Sound of another rate or number of channels, over libswresample.
// SPDX-License-Identifier: Apache-2.0
import CMediaCodecs

/// How a stream of samples is counted and laid out.
public struct SoundFormat: Equatable, Codable, Sendable {
    /// Samples a second of each channel.
    public var sampleRate: Int
    /// 1, or 2 interleaved with the left one first.
    public var channels: Int

    /// A format; what is possible is for those who take it.
    public init(sampleRate: Int, channels: Int) {
        self.sampleRate = sampleRate
        self.channels = channels
    }
}

/// Converts sound between sample rates and between mono and stereo, as loud as it was.
///
/// It is a stream: the sound comes out by `delaySamples` late, and converted pieces fit together without a gap.
@safe  // The handle is made in `init`, freed in `deinit`, and never leaves this type.
public struct SoundConverter: ~Copyable {
    /// What goes in.
    public let input: SoundFormat
    /// What comes out.
    public let output: SoundFormat
    private let handle: OpaquePointer

    /// - Parameters: Formats of 8,000 to 192,000 samples a second and 1 or 2 channels.
    /// - Throws: `.refused` for others, `.outOfMemory`.
    public init(from input: SoundFormat, to output: SoundFormat) throws(MediaCodecError) {
        for format in [input, output] {
            guard 8_000...192_000 ~= format.sampleRate, 1...2 ~= format.channels else {
                throw .refused(
                    "sound has 8,000 to 192,000 samples a second in 1 or 2 channels, not \(format)")
            }
        }
        let made = unsafe martlet_sound_converter_new(
            Int32(input.sampleRate), Int32(input.channels), Int32(output.sampleRate),
            Int32(output.channels))
        guard let made = unsafe made else { throw .outOfMemory }
        unsafe handle = made
        self.input = input
        self.output = output
    }

    deinit { unsafe martlet_sound_converter_free(handle) }

    /// How much sound waits inside, in samples of the output.
    public var delaySamples: Int { Int(unsafe martlet_sound_converter_delay(handle)) }

    /// The most samples of each channel that come out if `sampleCount` of each go in.
    /// - Parameter sampleCount: 0 to 1,000,000.
    public func capacity(forSamples sampleCount: Int) throws(MediaCodecError) -> Int {
        guard 0...1_000_000 ~= sampleCount else {
            throw .refused("a piece of sound has up to 1,000,000 samples, not \(sampleCount)")
        }
        let capacity = unsafe martlet_sound_converter_capacity(handle, Int32(sampleCount))
        try check(capacity)
        return Int(capacity)
    }

    /// Converts a piece.
    /// - Parameters:
    ///   - samples: Interleaved.
    ///   - converted: Where the result is written from the start, interleaved.
    /// - Returns: Samples of each channel that were written.
    /// - Throws: `.noRoom` if `converted` does not hold what `capacity(forSamples:)` says.
    public mutating func convert(
        _ samples: Span<Int16>, into converted: inout MutableSpan<Int16>
    ) throws(MediaCodecError) -> Int {
        let count = samples.count / input.channels
        guard count * input.channels == samples.count else {
            throw .refused("stereo has as many samples on the right as on the left")
        }
        let capacity = try capacity(forSamples: count)
        guard converted.count / output.channels >= capacity else {
            throw .noRoom(needed: capacity * output.channels, have: converted.count)
        }
        guard count > 0 else { return 0 }
        // The pointers are those of spans that live as long as the call; `capacity` is checked.
        let written = unsafe samples.withUnsafeBufferPointer { samples in
            unsafe converted.withUnsafeMutableBufferPointer { converted in
                unsafe martlet_sound_converter_convert(
                    handle, samples.baseAddress, Int32(count), converted.baseAddress,
                    Int32(capacity))
            }
        }
        try check(written)
        return Int(written)
    }

    /// Takes out what waits inside, at the end of the sound.
    /// - Returns: Samples of each channel that were written.
    /// - Throws: `.noRoom` if `converted` does not hold what `capacity(forSamples: 0)` says.
    public mutating func finish(
        into converted: inout MutableSpan<Int16>
    ) throws(MediaCodecError) -> Int {
        let capacity = try capacity(forSamples: 0)
        guard converted.count / output.channels >= capacity else {
            throw .noRoom(needed: capacity * output.channels, have: converted.count)
        }
        guard capacity > 0 else { return 0 }
        // The pointer is that of a span that lives as long as the call; `capacity` is checked.
        let written = unsafe converted.withUnsafeMutableBufferPointer { converted in
            unsafe martlet_sound_converter_convert(
                handle, nil, 0, converted.baseAddress, Int32(capacity))
        }
        try check(written)
        return Int(written)
    }

    private func check(_ status: Int32) throws(MediaCodecError) {
        guard status < 0 else { return }
        throw MediaCodecError(
            status: status, what: "the sound converter", settings: "libswresample refuses it")
    }
}

// The handle is owned by one value, and the library ties no converter to a thread.
extension SoundConverter: @unchecked Sendable {}
