// A stream that an application listens to, fed by an engine process.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Payloads

/// One listener, which outlives the process that feeds it. It belongs to one event loop.
final class IsolatedTap {
    /// Where frames go, in the form that was asked for.
    enum Output {
        case samples(SoundFormat, AsyncStream<AudioFrame>.Continuation)
        case encodedSound(AACOptions, AsyncStream<EncodedAudioFrame>.Continuation)
        case packets(AsyncStream<EncodedAudioFrame>.Continuation)
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
    private var passage = PacketPassage()

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
        case .packets: track.map { .listen(number, $0, .opus) }
        case .pictures: track.map { .watch(number, $0, .decoded) }
        case .encodedPictures: track.map { .watch(number, $0, .encoded) }
        }
    }

    /// What comes next does not go on with what came.
    func interrupt() {
        isOpen = false
        gate.close()
        passage.interrupt()
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
        case .packets(let continuation):
            guard let frame = notice.encodedSound(bytes) else { return .refused }
            passage.pass(frame) {
                if case .dropped = continuation.yield($0) { false } else { true }
            }
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
        case .packets(let continuation): continuation.finish()
        case .pictures(let continuation): continuation.finish()
        case .encodedPictures(let continuation): continuation.finish()
        }
    }
}

/// Packets of sound on their second way, from the engine's stream to the application's: what finds no place there is told with the
/// next that does.
struct PacketPassage {
    private var owed: Int64 = 0
    private var end: Int64?
    private var isInterrupted = false

    /// Hands a packet out.
    /// - Parameter yield: Hands it out; `false` where there was no place.
    mutating func pass(_ frame: EncodedAudioFrame, _ yield: (EncodedAudioFrame) -> Bool) {
        let ticks = Int64(OpusPacket.parse(frame.bytes.span)?.ticks ?? 0)
        let microseconds = ticks * 1_000 / Int64(OpusPacket.ticksPerMillisecond)
        var frame = frame
        // Another engine does not know what the one before it handed out.
        if isInterrupted, let end {
            frame.missingMicroseconds = max(0, frame.timestampMicroseconds - end)
        }
        isInterrupted = false
        end = frame.timestampMicroseconds + microseconds
        frame.missingMicroseconds =
            min(frame.missingMicroseconds, Self.missingMax) + min(owed, Self.missingMax)
        owed =
            yield(frame)
            ? 0 : min(frame.missingMicroseconds, Self.missingMax) + microseconds
    }

    /// What comes next is another engine's.
    mutating func interrupt() { isInterrupted = true }

    /// More than a life's sound is not counted.
    private static let missingMax: Int64 = 1 << 58
}
