// How loud a stream was over an interval.
// SPDX-License-Identifier: Apache-2.0
import RTP

/// The mean power of a stream over an interval, from the levels its packets carry (RFC 6464).
///
/// Power, not decibels, is averaged: a short word in a silent half second is still a voice, where the mean of
/// the decibels would be near silence.
package struct AudioLevelAverage: Sendable {
    /// The power of each level, 0 to 127 dB below the loudest, in 2^-50.
    private static let powers: InlineArray<128, UInt64> = {
        var powers = InlineArray<128, UInt64>(repeating: 0)
        var power: UInt64 = 1 << 50
        for level in 0..<128 {
            powers[level] = power
            // One decibel is a factor of 10^(-1/10).
            power = power / 1_000_000 * 794_328 + power % 1_000_000 * 794_328 / 1_000_000
        }
        return powers
    }()

    private var sum: UInt64 = 0
    private var count: UInt64 = 0

    /// Nothing heard yet.
    package init() {}

    /// Adds the level byte of one packet.
    package mutating func add(_ byte: UInt8) {
        sum &+= Self.powers[Int(AudioLevel(byte: byte).attenuation)]
        count &+= 1
    }

    /// The level in -dBov of the mean power since the last call, 0 to 127, and a new start; `nil` if nothing was
    /// heard.
    package mutating func take() -> UInt8? {
        guard count > 0 else { return nil }
        let mean = sum / count
        sum = 0
        count = 0
        for level in 0..<127 where Self.powers[level] <= mean { return UInt8(level) }
        return 127
    }
}
