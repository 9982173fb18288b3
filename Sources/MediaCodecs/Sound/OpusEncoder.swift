// Sound into Opus packets, over libopus.
// SPDX-License-Identifier: Apache-2.0
import CMediaCodecs

/// An Opus encoder of 48 kHz (RFC 6716). Nothing is allocated after `init`.
@safe  // The handle is made in `init`, freed in `deinit`, and never leaves this type.
package struct OpusEncoder: ~Copyable {
    /// What the sound mostly is.
    package enum Use: Sendable {
        /// Speech: understood best at few bits.
        case voice
        /// Anything else: as close to the original as possible.
        case music
    }

    /// The most bytes a packet of 20 ms or less has (RFC 6716 §3.4).
    package static let packetBytesMax = 1_275

    /// One or two, interleaved.
    package let channels: Int
    private let handle: OpaquePointer

    /// - Parameters:
    ///   - channels: 1 or 2.
    ///   - bitsPerSecond: 6,000 to 510,000.
    /// - Throws: `.refused` for other values, `.outOfMemory`.
    package init(
        channels: Int, use: Use = .voice, bitsPerSecond: Int = 32_000
    ) throws(MediaCodecError) {
        guard channels == 1 || channels == 2 else {
            throw .refused("Opus takes 1 or 2 channels, not \(channels)")
        }
        try Self.checkBitRate(bitsPerSecond)
        guard let made = unsafe martlet_opus_encoder_new(Int32(channels), use == .music ? 1 : 0)
        else { throw .outOfMemory }
        // A rate that was checked is not refused.
        _ = unsafe martlet_opus_encoder_set_bit_rate(made, Int32(bitsPerSecond))
        unsafe handle = made
        self.channels = channels
    }

    deinit { unsafe martlet_opus_encoder_free(handle) }

    /// What is spent on average, from the next packet on.
    /// - Parameter bitsPerSecond: 6,000 to 510,000.
    package mutating func setBitRate(_ bitsPerSecond: Int) throws(MediaCodecError) {
        try Self.checkBitRate(bitsPerSecond)
        try check(unsafe martlet_opus_encoder_set_bit_rate(handle, Int32(bitsPerSecond)))
    }

    /// Whether packets repeat the one before at few bits (in-band FEC), for a share of losses. Speech alone is
    /// repeated, and the repetition is paid from the bit rate.
    /// - Parameter expectedLossPercent: 0 to 100; at 0 nothing is repeated.
    package mutating func setForwardErrorCorrection(
        _ isOn: Bool, expectedLossPercent: Int
    ) throws(MediaCodecError) {
        guard 0...100 ~= expectedLossPercent else {
            throw .refused("a loss is 0 to 100 percent, not \(expectedLossPercent)")
        }
        try check(
            unsafe martlet_opus_encoder_set_loss(
                handle, isOn ? 1 : 0, Int32(expectedLossPercent)))
    }

    /// Whether silence becomes packets of two bytes or fewer, which need not be sent.
    package mutating func setDiscontinuousTransmission(_ isOn: Bool) throws(MediaCodecError) {
        try check(unsafe martlet_opus_encoder_set_dtx(handle, isOn ? 1 : 0))
    }

    /// How much work is done for quality.
    /// - Parameter complexity: 0 to 10; libopus begins with 9.
    package mutating func setComplexity(_ complexity: Int) throws(MediaCodecError) {
        guard 0...10 ~= complexity else {
            throw .refused("Opus has complexities from 0 to 10, not \(complexity)")
        }
        try check(unsafe martlet_opus_encoder_set_complexity(handle, Int32(complexity)))
    }

    /// By how many samples of 48 kHz the decoded sound begins late.
    package var delaySamples: Int { Int(unsafe martlet_opus_encoder_lookahead(handle)) }

    /// Encodes 2.5, 5, 10, 20, 40 or 60 ms.
    /// - Parameters:
    ///   - samples: Interleaved; 120, 240, 480, 960, 1,920 or 2,880 for each channel.
    ///   - packet: Where the packet is written from the start; `packetBytesMax` is enough up to 20 ms.
    /// - Returns: The packet's bytes. Two or fewer need not be sent if transmission is discontinuous.
    /// - Throws: `.refused` for another duration, `.noRoom` for an empty `packet`.
    package mutating func encode(
        _ samples: Span<Int16>, into packet: inout MutableSpan<UInt8>
    ) throws(MediaCodecError) -> Int {
        let count = samples.count / channels
        guard Self.isDuration(count), count * channels == samples.count else {
            throw .refused("Opus takes 2.5, 5, 10, 20, 40 or 60 ms, not \(count) samples")
        }
        guard !packet.isEmpty else { throw .noRoom(needed: Self.packetBytesMax, have: 0) }
        // The pointers are those of spans that live as long as the call.
        let written = unsafe samples.withUnsafeBufferPointer { samples in
            unsafe packet.withUnsafeMutableBufferPointer { packet in
                unsafe martlet_opus_encoder_encode(
                    handle, samples.baseAddress, Int32(count), packet.baseAddress,
                    Int32(clamping: packet.count))
            }
        }
        if Int(written) == MARTLET_CODEC_NO_ROOM {
            throw .noRoom(needed: Self.packetBytesMax, have: packet.count)
        }
        try check(written)
        return Int(written)
    }

    /// Whether a packet can hold this many samples a channel (RFC 6716 §2.1.4).
    private static func isDuration(_ count: Int) -> Bool {
        switch count {
        case 120, 240, 480, 960, 1_920, 2_880: true
        default: false
        }
    }

    private static func checkBitRate(_ bitsPerSecond: Int) throws(MediaCodecError) {
        guard 6_000...510_000 ~= bitsPerSecond else {
            throw .refused("Opus takes 6,000 to 510,000 bits a second, not \(bitsPerSecond)")
        }
    }

    private func check(_ status: Int32) throws(MediaCodecError) {
        guard status < 0 else { return }
        throw MediaCodecError(status: status, what: "Opus", settings: "libopus refuses the setting")
    }
}

// The handle is owned by one value, and the library ties no encoder to a thread.
extension OpusEncoder: @unchecked Sendable {}
