// Packets of any codec into sound that can be encoded anew.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

/// A piece of sound of 48 kHz.
package struct DecodedSound: Equatable, Sendable {
    /// Samples a second of each channel.
    package static let sampleRate = 48_000
    /// Interleaved if there are two channels.
    package var samples: [Int16]
    /// 1 or 2.
    package var channels: Int
    /// When the first sample is heard, on the reader's timeline.
    package var presentationNanoseconds: Int64
    /// Samples of each channel.
    package var sampleCount: Int { samples.count / max(channels, 1) }
}

/// A decoder of a source's sound, whatever its codec, rate and channels. What encoders put before the start is left out.
package struct MediaFileSoundDecoder: ~Copyable {
    /// 1 if the source is mono, else 2.
    package let channels: Int
    private var decoder: MediaFileDecoder

    /// - Parameter sound: What the reader says of it.
    /// - Throws: `.codec(.notInBuild)`, `.outOfMemory`.
    package init(_ sound: MediaFileSound) throws(MediaFileError) {
        channels = sound.format.channels == 1 ? 1 : 2
        decoder = try MediaFileDecoder(
            sound.parameters, codecName: sound.codecName, pixelsMax: 1, threads: 1)
    }

    /// Decodes a packet of sound, or with nil what waits at the end.
    /// - Returns: The sound that is ready; pieces fit together where the source has no gap.
    /// - Throws: `.codec(.damaged)`, after which the next packet can be given; `.outOfMemory`.
    package mutating func decode(
        _ packet: MediaFilePacket?
    ) throws(MediaFileError) -> [DecodedSound] {
        if let packet, packet.kind != .sound { return [] }
        try decoder.send(packet)
        var pieces: [DecodedSound] = []
        while let piece = try decoder.sound(channels: channels) { pieces.append(piece) }
        return pieces
    }

    /// Begins anew, as after `seekToStart` or the end.
    package mutating func reset() { decoder.reset() }
}
