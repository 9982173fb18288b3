// Opus packets into sound, and sound in place of lost ones, over libopus.
// SPDX-License-Identifier: Apache-2.0
import CMediaCodecs

/// An Opus decoder of 48 kHz (RFC 6716). Nothing is allocated after `init`. Packets may be anything: what cannot be
/// decoded is an error, and the decoder can go on.
@safe  // The handle is made in `init`, freed in `deinit`, and never leaves this type.
package struct OpusDecoder: ~Copyable {
    /// The most samples a channel in a packet: 120 ms (RFC 6716 §2.1.4).
    package static let packetSamplesMax = 5_760

    /// One or two, interleaved, whatever the packets hold.
    package let channels: Int
    private let handle: OpaquePointer

    /// - Parameter channels: 1 or 2.
    /// - Throws: `.refused` for another count, `.outOfMemory`.
    package init(channels: Int) throws(MediaCodecError) {
        guard channels == 1 || channels == 2 else {
            throw .refused("Opus gives 1 or 2 channels, not \(channels)")
        }
        guard let made = unsafe martlet_opus_decoder_new(Int32(channels)) else {
            throw .outOfMemory
        }
        unsafe handle = made
        self.channels = channels
    }

    /// A decoder in the state of another: both go on from there.
    /// - Throws: `.outOfMemory`.
    package init(copying other: borrowing OpusDecoder) throws(MediaCodecError) {
        guard
            let made = unsafe martlet_opus_decoder_copy(other.handle, Int32(other.channels))
        else { throw .outOfMemory }
        unsafe handle = made
        channels = other.channels
    }

    deinit { unsafe martlet_opus_decoder_free(handle) }

    /// Decodes a packet.
    /// - Parameter samples: Where they are written from the start, interleaved.
    /// - Returns: Samples of each channel.
    /// - Throws: `.damaged`; `.noRoom` if the packet holds more than fits.
    package mutating func decode(
        _ packet: Span<UInt8>, into samples: inout MutableSpan<Int16>
    ) throws(MediaCodecError) -> Int {
        let count = try Self.sampleCount(of: packet)
        return try run(packet, sampleCount: count, isCorrection: false, into: &samples)
    }

    /// Decodes what `following` repeats of the lost packet before it (RFC 6716 §2.1.7), or conceals the loss if it
    /// repeats nothing.
    /// - Parameter sampleCount: How long the lost packet was: a multiple of 120, up to 5,760.
    /// - Returns: Samples of each channel: `sampleCount`.
    /// - Throws: `.damaged`, `.refused` for another count, `.noRoom`.
    package mutating func decodeLost(
        from following: Span<UInt8>, sampleCount: Int, into samples: inout MutableSpan<Int16>
    ) throws(MediaCodecError) -> Int {
        _ = try Self.sampleCount(of: following)
        try Self.checkLost(sampleCount)
        return try run(following, sampleCount: sampleCount, isCorrection: true, into: &samples)
    }

    /// Continues the sound before over a loss, fading.
    /// - Parameter sampleCount: How long the loss is: a multiple of 120, up to 5,760.
    /// - Returns: Samples of each channel: `sampleCount`.
    /// - Throws: `.refused` for another count, `.noRoom`.
    package mutating func conceal(
        sampleCount: Int, into samples: inout MutableSpan<Int16>
    ) throws(MediaCodecError) -> Int {
        try Self.checkLost(sampleCount)
        return try run(nil, sampleCount: sampleCount, isCorrection: false, into: &samples)
    }

    /// How many samples of each channel a packet holds.
    /// - Throws: `.damaged` if its head says nothing valid.
    package static func sampleCount(of packet: Span<UInt8>) throws(MediaCodecError) -> Int {
        guard !packet.isEmpty else { throw .damaged }
        // The pointer is that of a span that lives as long as the call.
        let count = unsafe packet.withUnsafeBufferPointer { packet in
            unsafe martlet_opus_packet_samples(packet.baseAddress, Int32(clamping: packet.count))
        }
        guard count > 0 else { throw .damaged }
        return Int(count)
    }

    private static func checkLost(_ sampleCount: Int) throws(MediaCodecError) {
        guard 120...packetSamplesMax ~= sampleCount, sampleCount % 120 == 0 else {
            throw .refused("a loss is a multiple of 120 samples up to 5,760, not \(sampleCount)")
        }
    }

    private mutating func run(
        _ packet: Span<UInt8>?, sampleCount: Int, isCorrection: Bool,
        into samples: inout MutableSpan<Int16>
    ) throws(MediaCodecError) -> Int {
        guard samples.count >= sampleCount * channels else {
            throw .noRoom(needed: sampleCount * channels, have: samples.count)
        }
        // The pointers are those of spans that live as long as the call, and there is room for what is written.
        let decoded = unsafe samples.withUnsafeMutableBufferPointer { samples in
            guard let packet else {
                return unsafe martlet_opus_decoder_decode(
                    handle, nil, 0, samples.baseAddress, Int32(sampleCount), 0)
            }
            return unsafe packet.withUnsafeBufferPointer { packet in
                unsafe martlet_opus_decoder_decode(
                    handle, packet.baseAddress, Int32(clamping: packet.count), samples.baseAddress,
                    Int32(sampleCount), isCorrection ? 1 : 0)
            }
        }
        // What libopus refuses here comes from the packet: all else was checked.
        guard decoded >= 0 else { throw .damaged }
        return Int(decoded)
    }
}

// The handle is owned by one value, and the library ties no decoder to a thread.
extension OpusDecoder: @unchecked Sendable {}
