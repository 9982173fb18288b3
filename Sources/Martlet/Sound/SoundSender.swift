// How pushed sound is sent, and how loud it is.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import RTP

/// Sends what is pushed into a source: the clock of the room's event loop lets it leave.
struct SoundSender: Sendable {
    /// Samples of 48 kHz in a packet: 20 ms.
    static let packetSamples = 960
    let source: AudioSource
    let options: AudioPublishOptions
    let pacer: PublishPacer
    let mute: MuteSwitch
    /// For how much loss packets repeat in-band what the one before said, in percent.
    let expectedLossPercent: Int
    let mid: String
    let driver: MediaDriver

    /// Sends until the source has ended.
    /// - Throws: What cannot be encoded; `CancellationError`.
    func run() async throws {
        let (driver, mid) = (driver, mid)
        let outlet = try SoundOutlet(self) { frame in
            driver.assumeIsolated { _ = $0.send(frame, mid: mid) }
        }
        try await driver.clock.publish(outlet)
    }

    /// Nothing but zeros; a single sample of 1 in 20 ms is louder by 7 dB.
    static let silence = RTP.AudioLevel(hasVoiceActivity: false, attenuation: 127)

    /// The mean power in -dBov, and whether it is more than a hum (RFC 6464 §3).
    static func level(of samples: Span<Int16>) -> RTP.AudioLevel {
        var sum: Int64 = 0
        for index in samples.indices {
            let sample = Int32(samples[index])
            sum &+= Int64(sample &* sample)
        }
        guard sum > 0 else { return silence }
        let power = Double(sum) / (Double(samples.count) * 32_768 * 32_768)
        // Each halving of the power is 3 dB; no logarithm is needed for whole decibels.
        var attenuation = 0
        var bound = 1.0
        let decibel = 0.794_328_234_724_281_5
        while attenuation < 127, power < bound * decibel {
            bound *= decibel
            attenuation += 1
        }
        return RTP.AudioLevel(
            hasVoiceActivity: attenuation < 60, attenuation: UInt8(attenuation))
    }
}
