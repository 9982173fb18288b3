// Sound into AAC, as recordings and RTMP want it, over libavcodec.
// SPDX-License-Identifier: Apache-2.0
import CMediaCodecs

/// An encoder of AAC-LC in ADTS frames.
@safe  // The handle is made in `init`, freed in `deinit`, and never leaves this type.
package struct AACEncoder: ~Copyable {
    /// Samples of each channel in a frame.
    package static let frameSamples = 1_024

    /// What goes in.
    package let format: SoundFormat
    private let handle: OpaquePointer
    private var isFinished = false

    /// - Parameters:
    ///   - format: A rate of `ADTSHeader.sampleRates`, 1 or 2 channels.
    ///   - bitsPerSecond: 8,000 to 512,000.
    /// - Throws: `.refused` for others, `.notInBuild`, `.outOfMemory`.
    package init(format: SoundFormat, bitsPerSecond: Int = 128_000) throws(MediaCodecError) {
        guard let index = ADTSHeader.sampleRates.firstIndex(of: format.sampleRate),
            1...2 ~= format.channels, 8_000...512_000 ~= bitsPerSecond
        else {
            throw .refused(
                "AAC takes 1 or 2 channels of \(ADTSHeader.sampleRates) samples, and 8,000 to 512,000 bits a second"
            )
        }
        var status: Int32 = 0
        // The pointer is that of a variable that lives as long as the call.
        let made = unsafe martlet_aac_encoder_new(
            Int32(format.sampleRate), Int32(index), Int32(format.channels), Int32(bitsPerSecond),
            &status)
        guard let made = unsafe made else { throw Self.error(status) }
        unsafe handle = made
        self.format = format
    }

    deinit { unsafe martlet_aac_encoder_free(handle) }

    /// By how many samples the decoded sound begins late.
    package var delaySamples: Int { Int(unsafe martlet_aac_encoder_padding(handle)) }

    /// Takes the next frame's sound, and gives an earlier frame once there is one.
    /// - Parameters:
    ///   - samples: Interleaved, `frameSamples` of each channel.
    ///   - frame: Where it is written from the start; `ADTSHeader.frameBytesMax` is enough.
    /// - Returns: The frame's bytes; 0 for the first samples, which nothing comes out for.
    /// - Throws: `.refused` for another number of samples or after `finish`, `.noRoom`.
    package mutating func encode(
        _ samples: Span<Int16>, into frame: inout MutableSpan<UInt8>
    ) throws(MediaCodecError) -> Int {
        guard samples.count == Self.frameSamples * format.channels, !isFinished else {
            throw .refused("an AAC frame takes 1,024 samples of each channel until it is finished")
        }
        // The pointers are those of spans that live as long as the call.
        let written = unsafe samples.withUnsafeBufferPointer { samples in
            unsafe frame.withUnsafeMutableBufferPointer { frame in
                unsafe martlet_aac_encoder_encode(
                    handle, samples.baseAddress, frame.baseAddress, Int32(clamping: frame.count))
            }
        }
        return try Self.count(written, room: frame.count)
    }

    /// Gives what waits inside, a frame a call, at the end of the sound.
    /// - Returns: The frame's bytes; 0 when there is no more.
    /// - Throws: `.noRoom`.
    package mutating func finish(
        into frame: inout MutableSpan<UInt8>
    ) throws(MediaCodecError) -> Int {
        isFinished = true
        // The pointer is that of a span that lives as long as the call.
        let written = unsafe frame.withUnsafeMutableBufferPointer { frame in
            unsafe martlet_aac_encoder_encode(
                handle, nil, frame.baseAddress, Int32(clamping: frame.count))
        }
        return try Self.count(written, room: frame.count)
    }

    private static func count(_ written: Int32, room: Int) throws(MediaCodecError) -> Int {
        if written >= 0 { return Int(written) }
        if Int(written) == MARTLET_CODEC_NO_ROOM {
            throw .noRoom(needed: ADTSHeader.frameBytesMax, have: room)
        }
        throw error(written)
    }

    private static func error(_ status: Int32) -> MediaCodecError {
        MediaCodecError(status: status, what: "AAC", settings: "libavcodec refuses the settings")
    }
}

// The handle is owned by one value, and the library ties no encoder to a thread.
extension AACEncoder: @unchecked Sendable {}
