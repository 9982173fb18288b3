// That pushed sound leaves when it is due, and that a source whose clock is faster than ours fills no buffer; in virtual time.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import MediaCodecs
import NIOPosix
import Testing
import Wire

@testable import Martlet

/// What an outlet sent.
private final class Sent {
    var frames: [OutgoingFrame] = []
}

/// A source and its way out, without a room.
private struct Way {
    let source: AudioSource
    let outlet: SoundOutlet
    let sent = Sent()
    static let start = MediaInstant.zero + .seconds(100)
    static let never = MediaInstant.zero + .seconds(1_000_000_000)

    init(
        _ pacing: PublishPacing = .immediate, buffer: Int = 100, lossPercent: Int = 10
    ) throws {
        source = try AudioSource(bufferMilliseconds: buffer)
        var options = AudioPublishOptions()
        options.complexity = 0
        let sender = SoundSender(
            source: source, options: options, pacer: PublishPacer(pacing, PublishTimeline()),
            mute: MuteSwitch(false), expectedLossPercent: lossPercent, mid: "0",
            driver: MediaDriver(
                settings: MediaSettings(), parameters: RoomParameters(),
                on: MultiThreadedEventLoopGroup.singleton.any()))
        let sent = sent
        outlet = try SoundOutlet(sender, at: Self.start) { sent.frames.append($0) }
    }

    /// Pushes 10 ms at a moment.
    func push(_ samples: [Int16], at now: MediaInstant, microseconds: Int64 = 0) -> Bool {
        source.queue.tryWrite(
            Pushed(
                frame: AudioFrame(
                    samples: samples, format: source.format,
                    timestampMicroseconds: microseconds), at: now), weight: 10)
    }

    func send(at now: MediaInstant) throws -> OutletProgress {
        defer { outlet.resumeWriters() }
        return try outlet.send(at: now, until: Self.never)
    }
}

/// What became of a source that pushes 10 ms too soon each time.
private struct Live {
    /// The most that was in the buffer, in milliseconds.
    var most = 0
    /// How often there was no room.
    var refused = 0
    let way: Way

    /// Looks each 5 ms for a minute, while the source pushes by a clock that is faster by 1,500 ppm: by 90 ms.
    init(_ samples: [Int16], buffer: Int) throws {
        way = try Way(buffer: buffer)
        var (pushed, now) = (Way.start, Way.start)
        while now < Way.start + .seconds(60) {
            while pushed <= now {
                if !way.push(samples, at: pushed) { refused += 1 }
                pushed = pushed + MediaDuration(nanoseconds: 9_985_000)
            }
            _ = try way.send(at: now)
            most = max(most, way.source.queue.weight)
            now = now + SoundClock.look
        }
    }
}

private func loudness(of packet: [UInt8], _ decoder: inout OpusDecoder) throws -> Double {
    var samples = [Int16](repeating: 0, count: 960)
    var span = samples.mutableSpan
    _ = try decoder.decode(packet.span, into: &span)
    return heard(samples, rate: 48_000).loudness
}

@Suite(.timeLimit(.minutes(1))) struct SoundOutletTests {
    @Test func Y02_soundLeavesInTheRhythmItIsHeardIn() throws {
        let way = try Way()
        let samples = tone(440, samples: 480)
        for _ in 0..<10 { #expect(way.push(samples, at: Way.start)) }
        #expect(!way.push(samples, at: Way.start))
        var counts: [Int] = []
        for look in Int64(0)..<24 {
            _ = try way.send(at: Way.start + .milliseconds(5 * look))
            counts.append(way.sent.frames.count)
        }
        // One at once, and each 20 ms another.
        #expect(counts == (0..<24).map { min($0 / 4 + 1, 5) })
        let captured = way.sent.frames.map(\.capturedAt)
        for (before, after) in zip(captured, captured.dropFirst()) {
            #expect(after - before == .milliseconds(20))
        }
        #expect(try way.send(at: Way.start + .milliseconds(200)) == .empty)
        way.source.close()
        #expect(try way.send(at: Way.start + .milliseconds(205)) == .over)
    }

    @Test func Y01_aGapInTimestampsStaysOne() throws {
        let way = try Way(.byTimestamp, buffer: 1_000)
        let samples = tone(440, samples: 480)
        // 30 ms, then 30 ms that are 100 ms later by their timestamps, and 10 ms more.
        for piece in Int64(0)..<3 {
            _ = way.push(samples, at: Way.start, microseconds: piece * 10_000)
        }
        for piece in Int64(0)..<4 {
            _ = way.push(samples, at: Way.start, microseconds: 100_000 + piece * 10_000)
        }
        for look in Int64(0)..<60 { _ = try way.send(at: Way.start + .milliseconds(5 * look)) }
        let first = try #require(way.sent.frames.first?.capturedAt)
        let times = way.sent.frames.map { ($0.capturedAt - first).nanoseconds / 1_000_000 }
        #expect(times == [0, 20, 100, 120])
    }

    @Test func Y02_aFasterClockFillsNoBuffer() throws {
        // Whole periods, so that each piece goes on where the one before it ended.
        for samples in [tone(200, samples: 480), [Int16](repeating: 0, count: 480)] {
            let live = try Live(samples, buffer: 60)
            #expect(live.most <= 50 && live.refused == 0, "\(live.most)")
            let packets = live.way.sent.frames.count
            #expect(2_998...3_001 ~= packets, "\(packets)")
            // 90 ms less what waits.
            let leftOut = live.way.outlet.figures.leftOut / 48
            #expect(50...90 ~= leftOut, "\(leftOut) ms")
        }
    }

    @Test func Y02_whatIsPushedFasterThanItPlaysIsHeardWhole() throws {
        let way = try Way(buffer: 300)
        let samples = [Int16](repeating: 0, count: 480)
        var (pushed, now) = (0, Way.start)
        for look in 0..<6_000 {
            // As fast as there is room, but for a hold-up now and then.
            while look % 400 < 380, way.push(samples, at: now) { pushed += 1 }
            _ = try way.send(at: now)
            now = now + SoundClock.look
        }
        #expect(pushed > 2_900 && way.sent.frames.count >= pushed / 2 - 16, "\(pushed)")
        #expect(way.outlet.figures.leftOut == 0)
    }

    @Test func I04_silenceThatLastsIsNotEncodedAgainAndAgain() throws {
        for lossPercent in [10, 0] {
            let way = try Way(lossPercent: lossPercent)
            var encoder = try OpusEncoder(channels: 1)
            try encoder.setComplexity(0)
            try encoder.setForwardErrorCorrection(
                lossPercent > 0, expectedLossPercent: lossPercent)
            var decoder = try OpusDecoder(channels: 1)
            var another = try OpusDecoder(channels: 1)
            // A tone, silence, and a tone again.
            for index in 0..<200 {
                let isSilent = 50..<150 ~= index
                let piece = isSilent ? [Int16](repeating: 0, count: 480) : tone(400, samples: 480)
                let now = Way.start + .milliseconds(20 * Int64(index))
                for _ in 0..<2 { _ = way.push(piece, at: now) }
                _ = try way.send(at: now)
                let frame = try #require(way.sent.frames.last)
                var packet = [UInt8](repeating: 0, count: OpusEncoder.packetBytesMax)
                var span = packet.mutableSpan
                let count = try encoder.encode((piece + piece).span, into: &span)
                if index < 150 { #expect(frame.bytes == Array(packet.prefix(count))) }
                // From then on it is another noise below the same sound.
                let ours = try loudness(of: frame.bytes, &decoder)
                let asked = try loudness(of: Array(packet.prefix(count)), &another)
                #expect(abs(ours - asked) < 150 + asked / 20)
            }
            #expect(way.sent.frames.count == 200)
            // Without in-band FEC no two packets of silence are alike, and all are encoded.
            let encoded = way.outlet.figures.encoded
            #expect(lossPercent > 0 ? 110...130 ~= encoded : encoded == 200, "\(encoded)")
        }
    }
}

@Suite struct RepeatedSilenceTests {
    @Test func aPeriodIsRepeatedOnceItIsKnownAndForgottenWithTheNextSound() {
        var silence = RepeatedSilence()
        let packets: [[UInt8]] = [[1], [2], [3], [4]]
        for index in 0..<(RepeatedSilence.period + RepeatedSilence.likeMin) {
            #expect(silence.next() == nil)
            silence.note(packets[index % 4])
        }
        for index in 0..<10 { #expect(silence.next() == packets[index % 4]) }
        silence.restart()
        #expect(silence.next() == nil)
        // What never comes again is never repeated.
        for number in UInt8(0)..<200 {
            silence.note([number])
            #expect(silence.next() == nil)
        }
    }
}
