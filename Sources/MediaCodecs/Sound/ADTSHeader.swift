// The header of an ADTS frame, by which AAC is cut into frames.
// SPDX-License-Identifier: Apache-2.0

/// The fixed and variable header of an ADTS frame (ISO/IEC 13818-7 §6.2):
/// `syncword 12 | ID 1 | layer 2 | no checksum 1 | profile 2 | rate 4 | private 1 | channels 3 | copy 4 | length 13 |
/// fullness 11 | blocks 2`.
package struct ADTSHeader: Equatable, Sendable {
    /// The most bytes a frame has, its header included.
    package static let frameBytesMax = 8_191
    /// The sample rates in the order of their index.
    package static let sampleRates = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8_000, 7_350,
    ]

    /// Bytes of the whole frame.
    package let frameByteCount: Int
    /// Samples a second of the core; the decoded sound may have twice as many (HE-AAC).
    package let sampleRate: Int
    /// 1 to 7 as the table of configurations numbers them; 0 if the frame itself says it.
    package let channelConfiguration: Int

    /// Blocks of 1,024 samples in the frame: 1 to 4.
    package let blockCount: Int

    /// Bytes of a header without a checksum.
    package static let headByteCount = 7

    /// Reads the header at the start of `bytes`.
    /// - Throws: `.damaged` if there is none, or the frame does not end within `bytes`.
    package init(parsing bytes: Span<UInt8>) throws(MediaCodecError) {
        guard let header = Self(head: bytes), header.frameByteCount <= bytes.count else {
            throw .damaged
        }
        self = header
    }

    /// Reads the header at the start of `bytes`, wherever its frame ends; `nil` if there is none.
    package init?(head bytes: Span<UInt8>) {
        guard bytes.count >= Self.headByteCount, bytes[0] == 0xFF, bytes[1] & 0xF6 == 0xF0 else {
            return nil
        }
        let rateIndex = Int(bytes[2] >> 2 & 15)
        let length = Int(bytes[3] & 3) << 11 | Int(bytes[4]) << 3 | Int(bytes[5] >> 5)
        let headerCount = bytes[1] & 1 == 1 ? 7 : 9
        guard rateIndex < Self.sampleRates.count, length > headerCount else { return nil }
        frameByteCount = length
        sampleRate = Self.sampleRates[rateIndex]
        channelConfiguration = Int(bytes[2] & 1) << 2 | Int(bytes[3] >> 6)
        blockCount = Int(bytes[6] & 3) + 1
    }
}
