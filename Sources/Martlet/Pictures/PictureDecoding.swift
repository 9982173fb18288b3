// One viewer's frames decoded, away from the event loop.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import MediaCodecs
import Wire

/// The decoder of one viewer. One that failed goes on with a keyframe; whoever else watches the track goes on meanwhile.
final class ViewerDecoder {
    /// What became of a frame.
    enum Outcome {
        case picture(VideoFrame)
        /// Nothing is to be seen of it: it gives no picture yet, or a keyframe is waited for.
        case nothing
        /// A keyframe is needed.
        case failed
    }

    private var decoder: VideoDecoder?
    private var converter: PictureConverter?
    private var codec: VideoCodec?
    private var awaitsKeyframe = false

    func take(_ picture: ReceivedPicture) -> Outcome {
        guard let found = VideoCodec(picture.frame.codec) else { return .nothing }
        if awaitsKeyframe, !picture.frame.isKeyframe { return .nothing }
        awaitsKeyframe = false
        if codec != found { begin(found) }
        let decoded: VideoFrame?
        do {
            decoded = try decoder?.decode(
                picture.frame.bytes.span, timestampMicroseconds: picture.microseconds)
        } catch {
            // Whatever is wrong with it, the next keyframe begins anew.
            begin(found)
            awaitsKeyframe = true
            return .failed
        }
        guard let decoded else { return .nothing }
        return .picture(upright(decoded, picture.rotation))
    }

    private func begin(_ codec: VideoCodec) {
        decoder = try? VideoDecoder(codec: codec)
        self.codec = codec
    }

    private func upright(_ frame: VideoFrame, _ rotation: PictureRotation) -> VideoFrame {
        guard rotation != .none else { return frame }
        if converter == nil { converter = try? PictureConverter() }
        return (try? converter?.convert(frame, rotation: rotation)) ?? frame
    }
}

/// Decodes one viewer's frames, and hands each out when it is due.
struct PictureDecoding: Sendable {
    /// The most pictures that wait for the application; older ones go first.
    static let waitingMax = 8

    let input: AsyncStream<ReceivedPicture>
    let output: AsyncStream<VideoFrame>.Continuation
    let key: TrackKey
    let driver: MediaDriver

    func run() async {
        let decoder = ViewerDecoder()
        for await picture in input {
            guard !Task.isCancelled else { break }
            switch decoder.take(picture) {
            case .nothing: break
            case .failed: await driver.wantKeyframe(key)
            case .picture(let frame):
                await untilDue(picture)
                output.yield(frame)
            }
        }
        output.finish()
    }

    /// How long is waited at most before it is asked again: sound may be played faster or slower meanwhile.
    private static let waitMax = MediaDuration.milliseconds(40)

    private func untilDue(_ picture: ReceivedPicture) async {
        let limit = picture.frame.completeAt + LipSync.waitMax
        while !Task.isCancelled {
            let now = MediaDriver.now
            let wait = min(await driver.due(picture, at: now), limit) - now
            guard wait > .zero else { return }
            try? await Task.sleep(for: .nanoseconds(min(wait, Self.waitMax).nanoseconds))
        }
    }
}
