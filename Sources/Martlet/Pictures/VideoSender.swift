// Pushed pictures on their way out: turned, scaled, encoded in each size that somebody wants, and in time.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import MediaCodecs
import RTP
import Wire

/// Takes pictures out of a source's buffer and sends them. It runs in a task of its own, away from the event loop.
struct VideoSender: Sendable {
    /// A rate that differs by less than this share is not worth telling the encoder.
    private static let rateStep = 0.04
    /// Nothing is encoded at less.
    private static let bitrateMin = 30_000

    let source: VideoSource
    let options: VideoPublishOptions
    let pacer: PublishPacer
    let mute: MuteSwitch
    /// The sizes, the smallest first; each is half of the next.
    let layers: [EncoderSignals]
    let metadata: MetadataOutbox
    let makeEncoder: VideoEncoderMaker
    let driver: MediaDriver

    func run() async throws {
        var encoders: [LayerEncoder] = []
        for signals in layers {
            encoders.append(
                LayerEncoder(
                    codec: options.codec, signals: signals, makeEncoder: makeEncoder))
        }
        var converter = try PictureConverter()
        var pacer = pacer.begun()
        while let pushed = await source.queue.next() {
            let captured = try await pacer.wait(
                picture: pushed.frame.timestampMicroseconds, pushed: pushed.pushedAt)
            guard !mute.isSilent else {
                // What comes after a pause has to begin anew.
                for layer in layers { layer.requestKeyframe(layer.rid) }
                continue
            }
            for (index, encoder) in encoders.enumerated() {
                let shrink = layers.count - 1 - index
                let size = size(of: pushed, shrunk: shrink)
                let upright = try Self.upright(pushed, size, options.fit, &converter)
                guard let encoded = try encoder.encode(upright, frameRate: options.frameRate)
                else { continue }
                let refusal = await driver.send(
                    OutgoingFrame(
                        codec: options.codec.mediaCodec,
                        bytes: metadata.attached(
                            to: encoded.bytes, layer: index, isKeyframe: encoded.isKeyframe),
                        capturedAt: captured, isKeyframe: encoded.isKeyframe),
                    mid: encoder.signals.mid, rid: encoder.signals.rid)
                // What was not sent is missing to what follows; the connection asks when there is room again.
                if refusal == .notConnected { encoder.signals.requestKeyframe(encoder.signals.rid) }
            }
        }
    }

    private func size(of pushed: PushedPicture, shrunk: Int) -> (width: Int, height: Int) {
        let turned = pushed.rotation.isSideways
        let width = options.width ?? (turned ? pushed.frame.height : pushed.frame.width)
        let height = options.height ?? (turned ? pushed.frame.width : pushed.frame.height)
        return (max(2, (width >> shrunk) & ~1), max(2, (height >> shrunk) & ~1))
    }

    private static func upright(
        _ pushed: PushedPicture, _ size: (width: Int, height: Int), _ fit: PictureFit,
        _ converter: inout PictureConverter
    ) throws(MediaCodecError) -> VideoFrame {
        let isReady =
            pushed.rotation == .none && pushed.frame.width == size.width
            && pushed.frame.height == size.height
        if isReady { return pushed.frame }
        return try converter.convert(
            pushed.frame, rotation: pushed.rotation, size: size, fit: fit)
    }

    /// The encoder of one size, which follows what the network says.
    private final class LayerEncoder {
        let signals: EncoderSignals
        private let codec: VideoCodec
        private let makeEncoder: VideoEncoderMaker
        private var encoder: (any VideoEncoder & ~Copyable)?
        private var bitrate = 0
        private var owesKeyframe = false

        init(
            codec: VideoCodec, signals: EncoderSignals, makeEncoder: @escaping VideoEncoderMaker
        ) {
            self.codec = codec
            self.makeEncoder = makeEncoder
            self.signals = signals
        }

        func encode(
            _ frame: VideoFrame, frameRate: Int
        ) throws(MediaCodecError) -> EncodedPicture? {
            guard signals.current.isWanted else { return nil }
            let state = signals.take()
            let wanted = max(min(state.bitrate, state.bound), VideoSender.bitrateMin)
            if encoder == nil {
                encoder = try makeEncoder(codec, wanted, frameRate)
                bitrate = wanted
            } else if abs(wanted - bitrate) > Int(Double(bitrate) * VideoSender.rateStep) {
                try encoder?.setRate(bitsPerSecond: wanted, frameRate: frameRate)
                bitrate = wanted
            }
            let isKeyframeWanted = state.wantsKeyframe || owesKeyframe
            let picture = try encoder?.encode(frame, isKeyframeWanted: isKeyframeWanted) ?? nil
            owesKeyframe = isKeyframeWanted && picture?.isKeyframe != true
            return picture
        }
    }
}
