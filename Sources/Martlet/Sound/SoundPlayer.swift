// Packets of one section's sound into samples, piece by piece.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import MediaCodecs
import Wire

/// 10 ms of sound of 48 kHz, two channels interleaved.
struct SoundPiece: Sendable {
    /// Samples of each channel.
    static let frames = 480
    /// What all sound has inside.
    static let format = SoundFormat(sampleRate: 48_000, channels: 2)

    var samples: [Int16]
    /// When it was captured, in microseconds since 1970.
    var microseconds: Int64
}

/// Decodes, makes up and stretches as the jitter buffer says, and hands out pieces of 10 ms. It belongs to one event loop.
final class SoundPlayer {
    private var decoder: SharedDecoder
    /// Decoded and not handed out yet.
    private var samples: [Int16] = []
    private var taken = 0
    private var presentStart = 0
    /// The timestamp of what it moved on to; `nil`: nothing was decoded before.
    private(set) var presentTimestamp: RTPTimestamp?
    /// The timestamp behind the last sample decoded.
    private var end: RTPTimestamp?
    /// Sound before it is of whoever had the section before.
    private let start: RTPTimestamp
    /// Packets that could not be decoded.
    private(set) var damaged: UInt64 = 0

    /// When it began to listen.
    let madeAt: MediaInstant

    /// - Parameter track: What others of this process may play as well.
    init(start: RTPTimestamp, at now: MediaInstant, track: SharedTrack.Key? = nil) {
        self.start = start
        madeAt = now
        decoder = SharedDecoder(track)
    }

    /// Whether another player decodes for this one.
    var isShared: Bool { decoder.isShared }

    private var held: Int { samples.count - taken }

    /// Whether there is less than a piece.
    var needsMore: Bool { held < SoundPiece.frames * SoundPiece.format.channels }

    /// Does a step.
    /// - Returns: Whether there may be sound after it; `false`: there is nothing to be heard now.
    func take(_ step: SoundBuffer.Step, at now: MediaInstant) -> Bool {
        switch step {
        case .silence: return false
        case .packet(let packet, let tempo):
            guard packet.timestamp.distance(from: start) >= 0 else { return true }
            var piece = decode(.packet(packet.payload, ticks: packet.ticks), at: now)
            if tempo != .ordinary {
                piece = SoundStretch.stretched(
                    piece, channels: SoundPiece.format.channels, isShorter: tempo == .faster)
            }
            samples += piece
            end = RTPTimestamp(packet.timestamp.rawValue &+ UInt32(packet.ticks))
            return true
        case .recover(let packet, let ticks):
            samples += decode(
                .recover(from: packet.payload, ticks: Self.decodable(ticks)), at: now)
            advance(ticks)
            return true
        case .conceal(let ticks):
            samples += decode(.conceal(ticks: Self.decodable(ticks)), at: now)
            advance(ticks)
            return true
        case .hold(let ticks):
            samples += decode(.conceal(ticks: Self.decodable(ticks)), at: now)
            return true
        }
    }

    /// The next 10 ms, and the timestamp they begin with; `nil`: nothing is to be heard.
    func next() -> (samples: [Int16], timestamp: RTPTimestamp?)? {
        moveOn() ? (present, presentTimestamp) : nil
    }

    /// Moves on to the next 10 ms.
    /// - Returns: Whether there is anything to be heard.
    func moveOn() -> Bool {
        if taken >= 9_600 || taken == samples.count {
            samples.removeFirst(taken)
            taken = 0
        }
        presentStart = taken
        guard held > 0 else { return false }
        let behind = held / SoundPiece.format.channels
        presentTimestamp = end.map {
            RTPTimestamp($0.rawValue &- UInt32(truncatingIfNeeded: behind))
        }
        taken = min(taken + SoundPiece.frames * SoundPiece.format.channels, samples.count)
        return true
    }

    /// The 10 ms it moved on to; what is less is filled up with silence.
    var present: [Int16] {
        let count = SoundPiece.frames * SoundPiece.format.channels
        var piece = Array(samples[presentStart..<taken])
        if piece.count < count { piece += [Int16](repeating: 0, count: count - piece.count) }
        return piece
    }

    /// Adds the 10 ms it moved on to.
    func add(to mix: inout SoundMix) {
        let samples = samples
        mix.add(samples.span.extracting(presentStart..<taken))
    }

    private func advance(_ ticks: Int) {
        end = end.map { RTPTimestamp($0.rawValue &+ UInt32(truncatingIfNeeded: ticks)) }
    }

    /// Opus makes up multiples of 2.5 ms, up to 120 ms.
    private static func decodable(_ ticks: Int) -> Int {
        min(max(ticks / 120 * 120, 120), OpusDecoder.packetSamplesMax)
    }

    private func decode(_ step: DecodingStep, at now: MediaInstant) -> [Int16] {
        if let samples = decoder.samples(of: step, at: now) { return samples }
        damaged &+= 1
        return [Int16](
            repeating: 0, count: max(step.ticks, 120) * SoundPiece.format.channels)
    }
}
