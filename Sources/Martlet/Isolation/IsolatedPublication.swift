// Something published through an engine process: what it is, and the way from its source to the engine.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Synchronization

/// One publication, which outlives the process that carries it.
final class IsolatedPublication: Sendable {
    /// How many frames may be under way that the engine has not taken: the buffer that an application sees is that of its source.
    private static let framesUnderWay = 2

    let number: UInt32
    let source: TrackSource
    let feed: PublicationFeed
    let mute: MuteSwitch
    let life: PublicationLife
    private let pump = Mutex<Pump?>(nil)

    private struct Pump {
        var task: Task<Bool, Never>
        var credits: MediaQueue<Bool>
    }

    init(number: UInt32, source: TrackSource, feed: PublicationFeed) {
        self.number = number
        self.source = source
        self.feed = feed
        mute = MuteSwitch(feed.isMuted)
        life = PublicationLife(source, feed)
    }

    deinit { stop() }

    /// Says of metadata what is wrong with it, and is thrown away; `nil`: it is sound.
    var metadataCheck: MetadataOutbox? {
        switch feed {
        case .sound, .encodedSound: nil
        case .pictures(_, let options, _):
            MetadataOutbox(layers: 1, isPossible: options.codec == .h264)
        case .encodedPictures(let pictures, _, _):
            MetadataOutbox(layers: 1, isPossible: pictures.codec == .h264)
        }
    }

    /// What asks an engine for it, as it stands now.
    var request: EngineRequest {
        switch feed {
        case .sound(let sound, var options):
            options.isMuted = mute.isMuted
            return .publishSound(number, source, sound.format, options)
        case .pictures(_, var options, _):
            options.isMuted = mute.isMuted
            return .publishPictures(number, source, options)
        case .encodedSound(let sound, var options):
            options.isMuted = mute.isMuted
            return .publishEncodedSound(number, source, sound.codec, options)
        case .encodedPictures(let pictures, let bitrate, _):
            return .publishEncodedPictures(
                number, source, pictures.codec, maxBitsPerSecond: bitrate, isMuted: mute.isMuted)
        }
    }

    /// Hands on from now on what is pushed.
    func start(over connection: EngineConnection) {
        let credits = MediaQueue<Bool>(capacity: Self.framesUnderWay)
        for _ in 0..<Self.framesUnderWay { _ = credits.tryWrite(true, weight: 1) }
        let (feed, number) = (feed, number)
        // Owned by the publication, which cancels it.
        let task = Task {
            while await credits.next() != nil, let packed = await Self.next(of: feed) {
                guard await connection.deliver(packed, stream: number) else { return false }
            }
            return !Task.isCancelled
        }
        replace(Pump(task: task, credits: credits))
    }

    /// The next frame of a source; `nil`: it was closed, or the task was cancelled.
    static func next(of feed: PublicationFeed) async -> PackedFrame? {
        switch feed {
        case .sound(let source, _):
            await source.queue.next().map { PackedFrame($0, gain: source.gain) }
        case .pictures(let source, _, _):
            await source.queue.next().map { PackedFrame($0) }
        case .encodedSound(let source, _): await source.queue.next().map { PackedFrame($0) }
        case .encodedPictures(let source, _, _): await source.queue.next().map { PackedFrame($0) }
        }
    }

    /// Ends it for good.
    func end(_ reason: UnpublishReason, _ error: MartletError? = nil) {
        stop()
        life.end(reason, error)
    }

    /// Hands nothing more on; what waits in the source stays there.
    func stop() { replace(nil) }

    private func replace(_ next: Pump?) {
        let before = pump.withLock { pump in
            defer { pump = next }
            return pump
        }
        before?.task.cancel()
    }

    /// The engine has taken a frame.
    func noteTaken() { _ = pump.withLock { $0?.credits }?.tryWrite(true, weight: 1) }

    /// Waits until all that was pushed has been handed on, once the source was closed.
    /// - Returns: Whether it has; `false`: what handed it on is gone.
    func drain() async -> Bool { await pump.withLock { $0?.task }?.value ?? false }
}
