// Flashes with a beep each, pushed in every way an application may push, and a witness who sees and hears them.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import MediaCodecs
import Synchronization

@testable import Martlet

/// A way to publish.
enum PublishWay: String, CaseIterable, Sendable {
    /// As it comes, without timestamps.
    case immediate
    /// As it comes, by timestamps.
    case byTimestamp
    /// Whole seconds at once, faster than they play.
    case ahead
    /// With nothing for a while in the middle.
    case gap
    /// Unpublished in the middle, and published anew: timestamps go on from joining.
    case segment
    /// With timestamps that leap in the middle.
    case leap

    var pacing: PublishPacing { self == .immediate ? .immediate : .byTimestamp }
}

/// When it flashes and beeps. Everything is counted in ticks of 20 ms; a picture comes with each second one.
struct FlashScript: Sendable {
    static let tickMilliseconds = 20
    static let beepTicks = 6
    /// Uneven, so that no beep fits to another's flash.
    private static let intervals = [20, 28, 24, 36]

    /// The ticks at which a flash and its beep begin.
    let flashes: [Int]
    let ticks: Int
    /// The tick before which there is a pause, a leap or another segment.
    let middle: Int
    let pauseMilliseconds: Int

    init(seconds: Double) {
        ticks = max(120, Int(seconds * 50))
        var flashes = [40]
        while let last = flashes.last, last + 36 + 20 < ticks {
            flashes.append(last + Self.intervals[(flashes.count - 1) % Self.intervals.count])
        }
        self.flashes = flashes
        middle = flashes[flashes.count / 2 - 1] + 12
        pauseMilliseconds = seconds < 10 ? 1_000 : 2_000
    }

    /// How long it takes.
    func duration(_ way: PublishWay) -> Duration { moment(ticks, way) }

    /// When a tick is, from the beginning.
    func moment(_ tick: Int, _ way: PublishWay) -> Duration {
        let hasPause = (way == .gap || way == .segment) && tick >= middle
        return .milliseconds(
            tick * Self.tickMilliseconds + (hasPause ? pauseMilliseconds : 0))
    }

    /// What an application says it was captured at.
    func microseconds(_ tick: Int, _ way: PublishWay) -> Int64 {
        if way == .immediate { return 0 }
        let leap: Int64 = way == .leap && tick >= middle ? 1_000_000_000 : 0
        return Int64(moment(tick, way) / .microseconds(1)) + leap
    }

    /// 20 ms of a beep whose waves fit together.
    private static let beep = tone(1_000, samples: 960)

    func sound(_ ticks: Range<Int>) -> [Int16] {
        var samples = [Int16](repeating: 0, count: ticks.count * Self.beep.count)
        for tick in ticks where flashes.contains(where: { $0..<$0 + Self.beepTicks ~= tick }) {
            let start = (tick - ticks.lowerBound) * Self.beep.count
            samples.replaceSubrange(start..<start + Self.beep.count, with: Self.beep)
        }
        return samples
    }

    /// The picture of a tick: the first of a flash is the brightest.
    func picture(_ tick: Int, _ way: PublishWay) throws -> VideoFrame {
        let isFlash = flashes.contains { $0..<$0 + Self.beepTicks ~= tick }
        return try grey(
            flashes.contains(tick) ? 230 : isFlash ? 160 : 40, width: 160, height: 90,
            microseconds: microseconds(tick, way))
    }
}

/// Who publishes: one participant's camera and microphone.
struct FlashPublisher: Sendable {
    let room: Room
    let way: PublishWay
    let script: FlashScript
    let witness: FlashWitness

    private struct Sources {
        var sound: AudioSource
        var pictures: VideoSource
        var publications: [LocalTrackPublication]
    }

    private func begin(trackCount: Int) async throws -> Sources {
        let isAhead = way == .ahead
        let sound = try AudioSource(bufferMilliseconds: isAhead ? 2_000 : 200)
        let pictures = try VideoSource(bufferedFrames: isAhead ? 50 : 6)
        var options = VideoPublishOptions()
        options.frameRate = 25
        let publications = [
            try await room.localParticipant.publish(sound),
            try await room.localParticipant.publish(pictures, as: .camera, options),
        ]
        try await witness.waitForTracks(trackCount)
        return Sources(sound: sound, pictures: pictures, publications: publications)
    }

    /// Pushes all of the script, and returns when it has left.
    func run() async throws {
        var sources = try await begin(trackCount: 2)
        let start = ContinuousClock.now
        if way == .ahead {
            for first in stride(from: 0, to: script.ticks, by: 50) {
                try await push(first..<min(first + 50, script.ticks), sources)
            }
        } else {
            for tick in 0..<script.ticks {
                if way == .segment, tick == script.middle {
                    sources.sound.close()
                    sources.pictures.close()
                    try await Task.sleep(for: .milliseconds(400))
                    for publication in sources.publications { try await publication.unpublish() }
                    sources = try await begin(trackCount: 4)
                }
                try await Task.sleep(until: start + script.moment(tick, way), clock: .continuous)
                try await push(tick..<tick + 1, sources)
            }
        }
        try await Task.sleep(
            until: start + script.duration(way) + .milliseconds(300), clock: .continuous)
    }

    private func push(_ ticks: Range<Int>, _ sources: Sources) async throws {
        try await sources.sound.write(
            AudioFrame(
                samples: script.sound(ticks), format: sources.sound.format,
                timestampMicroseconds: script.microseconds(ticks.lowerBound, way)))
        for tick in ticks where tick % 2 == 0 {
            try await sources.pictures.write(try script.picture(tick, way))
        }
    }
}

/// Who receives, decoded.
final class FlashWitness: Sendable {
    /// The beginning of a flash or a beep.
    struct Moment: Sendable {
        /// When it was captured, in microseconds.
        var stamp: Int64
        /// When it was handed out.
        var at: ContinuousClock.Instant
        /// How long a beep was heard, in microseconds.
        var length: Int64 = 0
    }

    private struct State {
        var tracks = 0
        var flashes: [Moment] = []
        var beeps: [Moment] = []
    }

    private let state = Mutex(State())

    var flashes: [Moment] { state.withLock { $0.flashes } }
    var beeps: [Moment] { state.withLock { $0.beeps } }

    /// Takes all that comes until the room is left.
    func watch(_ room: Room) async throws {
        try await room.forEachRemoteTrack { track in
            if track.isSound {
                let pieces = try await room.audio(of: track)
                self.state.withLock { $0.tracks += 1 }
                await self.hear(pieces)
            } else {
                let frames = try await room.video(of: track)
                self.state.withLock { $0.tracks += 1 }
                await self.see(frames)
            }
        }
    }

    func waitForTracks(_ count: Int) async throws {
        try await wait("\(count) tracks") { $0.tracks >= count }
    }

    /// Waits until so many flashes and beeps have come.
    func waitForFlashes(_ count: Int) async throws {
        try await wait("\(count) flashes") { min($0.flashes.count, $0.beeps.count) >= count }
    }

    private func wait(
        _ what: String, for condition: @Sendable (borrowing State) -> Bool
    ) async throws {
        for _ in 0..<500 {
            if state.withLock({ condition($0) }) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw TestFailure("\(what) did not come")
    }

    private func hear(_ pieces: AsyncStream<AudioFrame>) async {
        var lastLoud: Int64?
        for await piece in pieces {
            let now = ContinuousClock.now
            // A sixth of a millisecond is fine enough.
            let step = 8 * piece.format.channels
            let loud = stride(from: 0, to: piece.samples.count, by: step).filter {
                piece.samples[$0].magnitude > 1_500
            }
            guard let onset = loud.first, let end = loud.last else { continue }
            func stamp(_ index: Int) -> Int64 {
                piece.timestampMicroseconds + Int64(index / piece.format.channels) * 1_000 / 48
            }
            if lastLoud.map({ stamp(onset) - $0 > 150_000 }) ?? true {
                state.withLock { $0.beeps.append(Moment(stamp: stamp(onset), at: now)) }
            }
            lastLoud = stamp(end)
            state.withLock { state in
                guard let last = state.beeps.indices.last else { return }
                state.beeps[last].length = stamp(end) - state.beeps[last].stamp
            }
        }
    }

    private func see(_ frames: AsyncStream<VideoFrame>) async {
        for await frame in frames where greyOf(frame) > 200 {
            let moment = Moment(stamp: frame.timestampMicroseconds, at: .now)
            state.withLock { $0.flashes.append(moment) }
        }
    }
}
