// Pieces of sound as an application gives and gets them.
// SPDX-License-Identifier: Apache-2.0
public import MediaCodecs

/// A piece of uncompressed sound: 16-bit samples, two channels interleaved with the left one first.
public struct AudioFrame: Sendable, Equatable {
    /// The samples.
    public var samples: [Int16]
    /// How they are counted and laid out.
    public var format: SoundFormat
    /// When the first one was captured, in microseconds: of received sound since 1970 on the server's clock, of sound to be
    /// sent on any clock that runs evenly.
    public var timestampMicroseconds: Int64

    /// Describes a piece.
    public init(samples: [Int16], format: SoundFormat, timestampMicroseconds: Int64 = 0) {
        self.samples = samples
        self.format = format
        self.timestampMicroseconds = timestampMicroseconds
    }

    /// Samples of each channel.
    public var sampleCount: Int { samples.count / max(1, format.channels) }

    /// How long it sounds.
    public var duration: Duration {
        .microseconds(sampleCount * 1_000_000 / max(1, format.sampleRate))
    }
}

/// A piece of compressed sound.
public struct EncodedAudioFrame: Sendable, Equatable {
    /// An AAC frame with its ADTS header, or an Opus packet.
    public var bytes: [UInt8]
    /// When its sound was captured, in microseconds; as in ``AudioFrame``.
    public var timestampMicroseconds: Int64
    /// How much sound is missing before it, in microseconds: what was lost, what the sender paused for (DTX, mute), and what was
    /// left out because it was read too slowly. 0: it goes on where the packet before it ended. Told of packets that are
    /// received as they came; of sound to be sent it is not looked at.
    public var missingMicroseconds: Int64

    /// Describes a piece.
    public init(bytes: [UInt8], timestampMicroseconds: Int64, missingMicroseconds: Int64 = 0) {
        self.bytes = bytes
        self.timestampMicroseconds = timestampMicroseconds
        self.missingMicroseconds = missingMicroseconds
    }
}

/// How sound is made into AAC (rows O09 to O12).
public struct AACOptions: Sendable, Equatable, Codable {
    /// Samples a second; `nil`: 48,000, as received.
    public var sampleRate: Int?
    /// 1 or 2.
    public var channels: Int
    /// 8,000 to 512,000.
    public var bitsPerSecond: Int

    /// Describes AAC.
    public init(sampleRate: Int? = nil, channels: Int = 2, bitsPerSecond: Int = 64_000) {
        self.sampleRate = sampleRate
        self.channels = channels
        self.bitsPerSecond = bitsPerSecond
    }
}
