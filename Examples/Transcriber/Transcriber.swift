// Where a speech engine plugs in: what it is given, and what it gives back.
// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What turns one speaker's sound into text. Each speaker has one of their own, so that it can keep what it heard before.
protocol Transcriber: Sendable {
    /// Hears the next piece.
    /// - Parameter samples: 10 ms of 16 kHz, one channel, right behind the piece before.
    /// - Returns: Text, whenever there is some.
    func hear(_ samples: [Int16]) async -> String?
}

/// Takes the place of an engine: tells after each second of speech how long and how loud it was.
actor LoudnessMeter: Transcriber {
    /// Quieter than this is no speech, in dB below the loudest possible.
    private static let silence = -50.0
    private static let secondSamples = 16_000

    private var speech: [Int16] = []
    private var total = 0

    func hear(_ samples: [Int16]) -> String? {
        guard Self.decibels(samples) > Self.silence else { return nil }
        speech += samples
        total += samples.count
        guard speech.count >= Self.secondSamples else { return nil }
        defer { speech = [] }
        let seconds = Double(total) / Double(Self.secondSamples)
        return String(
            format: "%.2f s of speech, the last %d samples at %.1f dB", seconds, speech.count,
            Self.decibels(speech))
    }

    /// The mean power, in dB; 0 is that of a full-scale square wave.
    private static func decibels(_ samples: [Int16]) -> Double {
        let power = samples.reduce(0.0) { $0 + Double($1) * Double($1) }
        return 10 * log10(max(power / Double(max(1, samples.count)) / (32_768 * 32_768), 1e-12))
    }
}
