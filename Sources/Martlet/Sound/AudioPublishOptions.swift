// How sound is published.
// SPDX-License-Identifier: Apache-2.0

/// How pushed sound is encoded.
public struct AudioPublishOptions: Sendable, Equatable, Codable {
    /// What is spent on it, in bits a second: 6,000 to 510,000.
    public var bitsPerSecond = 32_000
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
