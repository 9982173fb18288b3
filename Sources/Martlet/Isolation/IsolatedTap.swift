// A stream that an application listens to, fed by an engine process.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs

/// One listener, which outlives the process that feeds it. It belongs to one event loop.
final class IsolatedTap {
    /// Where frames go, in the form that was asked for.
    enum Output {
        case samples(SoundFormat, AsyncStream<AudioFrame>.Continuation)
        case encodedSound(AACOptions, AsyncStream<EncodedAudioFrame>.Continuation)
        case pictures(AsyncStream<VideoFrame>.Continuation)
        case encodedPictures(AsyncStream<EncodedVideoFrame>.Continuation)
    }

    /// What became of a frame.
    enum Outcome {
        case taken
        /// The listener is too slow: a keyframe is needed to go on.
        case missed
        /// It was none.
        case refused
    }

    /// Whose track it is, which stays when the track's id changes; `nil`: all sound together.
    struct Target: Hashable {
        var participant: String
        var source: TrackSource
    }

    let number: UInt32
    let target: Target?
    let output: Output
    /// Whether the engine feeds it.
    var isOpen = false
    /// The track that it was opened for, whose end is its own: nobody else's is to be seen there.
    var track: String?
    /// Whether that track has ended.
    var isOver = false
    private var gate = KeyframeGate()

    init(number: UInt32, track: RemoteTrack?, output: Output) {
        self.number = number
        target = track.map { Target(participant: $0.participant, source: $0.source) }
        self.output = output
        self.track = track?.id
    }

    /// What asks an engine for it.
    func request(_ track: RemoteTrack?) -> EngineRequest? {
        switch output {
        case .samples(let format, _): .listen(number, track, .pcm(format))
        case .encodedSound(let options, _): .listen(number, track, .aac(options))
        case .pictures: track.map { .watch(number, $0, .decoded) }
        case .encodedPictures: track.map { .watch(number, $0, .encoded) }
        }
    }

    /// What comes next does not go on with what came.
    func interrupt() {
        isOpen = false
        gate.close()
    }

    func take(_ notice: FrameNotice, _ bytes: LentBytes) -> Outcome {
        switch output {
        case .samples(let format, let continuation):
            guard case .samples = notice.content, bytes.count % (2 * max(1, format.channels)) == 0
            else { return .refused }
            continuation.yield(
                AudioFrame(
                    samples: notice.samples(bytes), format: format,
                    timestampMicroseconds: notice.timestampMicroseconds))
            return .taken
        case .encodedSound(_, let continuation):
            guard let frame = notice.encodedSound(bytes) else { return .refused }
            continuation.yield(frame)
            return .taken
        case .pictures(let continuation):
            guard let (frame, _) = notice.picture(bytes) else { return .refused }
            continuation.yield(frame)
            return .taken
        case .encodedPictures(let continuation):
            guard let frame = notice.encodedPicture(bytes) else { return .refused }
            let outcome = gate.pass(isKeyframe: frame.isKeyframe, at: MediaDriver.now) {
                if case .dropped = continuation.yield(frame) { false } else { true }
            }
            return outcome == .missed ? .missed : .taken
        }
    }

    func finish() {
        switch output {
        case .samples(_, let continuation): continuation.finish()
        case .encodedSound(_, let continuation): continuation.finish()
        case .pictures(let continuation): continuation.finish()
        case .encodedPictures(let continuation): continuation.finish()
        }
    }
}
