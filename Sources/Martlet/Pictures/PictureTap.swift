// One viewer: a track's frames as they came, or decoded, as a stream.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
public import MediaCodecs
import NIOCore
import RTP
import Wire

/// A compressed picture as it was received (rows O07 and O08).
public struct EncodedVideoFrame: Sendable, Equatable {
    /// What it is encoded as.
    public var codec: VideoCodec
    /// An access unit in Annex B (H.264), a frame (VP8, VP9) or a temporal unit (AV1).
    public var bytes: [UInt8]
    /// Whether decoding can begin with it.
    public var isKeyframe: Bool
    /// How it is to be turned to be upright.
    public var rotation: PictureRotation
    /// When it was captured, in microseconds: of received pictures since 1970 on the server's clock, of pictures to be sent on
    /// any clock that runs evenly.
    public var timestampMicroseconds: Int64

    /// Describes a picture.
    public init(
        codec: VideoCodec, bytes: [UInt8], isKeyframe: Bool, rotation: PictureRotation = .none,
        timestampMicroseconds: Int64
    ) {
        self.codec = codec
        self.bytes = bytes
        self.isKeyframe = isKeyframe
        self.rotation = rotation
        self.timestampMicroseconds = timestampMicroseconds
    }
}

/// Somebody who watches one track. It belongs to one event loop.
final class PictureTap {
    /// Where frames go; each holds ``ReceivedPicture/waitingMax`` of them.
    enum Sink: Sendable {
        /// To a decoder.
        case received(AsyncStream<ReceivedPicture>.Continuation)
        /// To the application.
        case encoded(AsyncStream<EncodedVideoFrame>.Continuation)
    }

    let number: UInt64
    let key: TrackKey
    private let sink: Sink
    private var gate = KeyframeGate()

    init(number: UInt64, key: TrackKey, _ sink: Sink) {
        self.number = number
        self.key = key
        self.sink = sink
    }

    /// Takes a frame.
    /// - Parameter pair: The sections with whose sound it is to be in step.
    /// - Returns: Whether a keyframe is to be asked for now.
    func take(_ frame: EncodedFrame, pair: String, at now: MediaInstant) -> Bool {
        let outcome = gate.pass(isKeyframe: frame.isKeyframe, at: now) {
            yield(ReceivedPicture(frame: frame, pair: pair))
        }
        return outcome != .settled
    }

    /// - Returns: `false` where there was no place.
    private func yield(_ picture: ReceivedPicture) -> Bool {
        switch sink {
        case .received(let continuation):
            if case .dropped = continuation.yield(picture) { return false }
        case .encoded(let continuation):
            guard let encoded = picture.encoded else { return true }
            if case .dropped = continuation.yield(encoded) { return false }
        }
        return true
    }

    /// What comes next does not go on with what came.
    func interrupt() { gate.close() }

    func finish() {
        switch sink {
        case .received(let continuation): continuation.finish()
        case .encoded(let continuation): continuation.finish()
        }
    }
}

/// A frame on its way to a viewer.
struct ReceivedPicture: Sendable {
    var frame: EncodedFrame
    /// The sections with whose sound it is to be in step.
    var pair: String

    /// The most that wait for a viewer.
    static let waitingMax = 90

    /// As the application gets it; `nil` for what is no picture.
    var encoded: EncodedVideoFrame? {
        guard let codec = VideoCodec(frame.codec) else { return nil }
        return EncodedVideoFrame(
            codec: codec, bytes: frame.bytes, isKeyframe: frame.isKeyframe, rotation: rotation,
            timestampMicroseconds: microseconds)
    }

    var microseconds: Int64 {
        frame.capturedAt?.microsecondsSince1970 ?? frame.completeAt.nanoseconds / 1_000
    }

    /// The lowest two bits are quarters of a turn, clockwise (3GPP TS 26.114 §7.4.5).
    var rotation: PictureRotation {
        PictureRotation(rawValue: Int(frame.orientation & 3) * 90) ?? .none
    }
}

extension VideoCodec {
    /// The codec of received frames; `nil` for sound.
    init?(_ codec: RTP.MediaCodec) {
        switch codec {
        case .h264: self = .h264
        case .vp8: self = .vp8
        case .vp9: self = .vp9
        case .av1: self = .av1
        default: return nil
        }
    }

    /// The codec as packets have it.
    var mediaCodec: RTP.MediaCodec {
        switch self {
        case .h264: .h264
        case .vp8: .vp8
        case .vp9: .vp9
        case .av1: .av1
        }
    }
}
