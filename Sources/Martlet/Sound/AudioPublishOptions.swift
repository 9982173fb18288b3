// How sound is published.
// SPDX-License-Identifier: Apache-2.0

/// How pushed sound is encoded.
public struct AudioPublishOptions: Sendable, Equatable, Codable {
    /// How much work can be done for a packet.
    public static let complexities = 0...10

    /// What is spent on it, in bits a second: 6,000 to 510,000.
    public var bitsPerSecond = 32_000
    /// How much work is done for each packet, 0 to 10, as Opus counts it; 9 by default. Less costs quality at the same bit rate: of
    /// speech 5 takes half as long as 9, and 0 a fifth (docs/native.md). Of what is Opus already nothing is encoded.
    public var complexity = 9
    /// Whether it is more than speech.
    public var isMusic = false
    /// Whether it is sent in two channels.
    public var isStereo = false
    /// Whether it begins muted.
    public var isMuted = false

    /// Speech.
    public init() {}

    func check() throws(MartletError) {
        guard 6_000...510_000 ~= bitsPerSecond else {
            throw MartletError(
                .invalidArgument,
                "Sound takes 6,000 to 510,000 bits a second, not \(bitsPerSecond).")
        }
        guard Self.complexities ~= complexity else {
            throw MartletError(
                .invalidArgument, "Opus has complexities from 0 to 10, not \(complexity).")
        }
    }

    /// Music, in stereo.
    public static var music: AudioPublishOptions {
        var options = AudioPublishOptions()
        options.bitsPerSecond = 96_000
        options.isMusic = true
        options.isStereo = true
        return options
    }
}
