// Encoded pictures on their way out, as they are and in time.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import MediaCodecs
import Wire

/// Takes encoded pictures out of a source's buffer and sends them. It runs in a task of its own.
struct EncodedVideoSender: Sendable {
    /// How often it is looked whether the network wants something else, where nothing is pushed.
    private static let lookInterval = Duration.milliseconds(100)
    /// How often a keyframe is asked for where pictures are left out for want of one.
    private static let askingInterval = MediaDuration.milliseconds(300)

    let source: EncodedVideoSource
    let pacer: PublishPacer
    let mute: MuteSwitch
    let signals: EncoderSignals
    let metadata: MetadataOutbox
    let driver: MediaDriver

    func run() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await send() }
            group.addTask { try await listen() }
            // The end of what is pushed ends both.
            try await group.next()
            group.cancelAll()
        }
    }

    private func listen() async throws {
        var told = 0
        while true {
            let state = signals.take()
            if state.wantsKeyframe, state.isWanted { source.tellKeyframeNeed() }
            let bitrate = min(state.bitrate, state.bound)
            if abs(bitrate - told) * 10 > told {
                told = bitrate
                source.tell(bitrate: bitrate)
            }
            try await Task.sleep(for: Self.lookInterval)
        }
    }

    private func send() async throws {
        var pacer = pacer.begun()
        var awaitsKeyframe = true
        // After congestion the connection asks when there is room again.
        var asks = true
        var askedAt: MediaInstant?
        while let pushed = await source.queue.next() {
            let frame = pushed.frame
            let captured = try await pacer.wait(
                picture: frame.timestampMicroseconds, pushed: pushed.at)
            let now = MediaDriver.now
            guard !mute.isSilent else {
                (awaitsKeyframe, asks) = (true, true)
                continue
            }
            guard !awaitsKeyframe || frame.isKeyframe else {
                if asks, askedAt.map({ now - $0 >= Self.askingInterval }) ?? true {
                    askedAt = now
                    signals.requestKeyframe(signals.rid)
                }
                continue
            }
            let turns = frame.rotation.rawValue / 90
            let refusal = await driver.send(
                OutgoingFrame(
                    codec: frame.codec.mediaCodec,
                    bytes: metadata.attached(
                        to: frame.bytes, layer: 0, isKeyframe: frame.isKeyframe),
                    capturedAt: captured,
                    isKeyframe: frame.isKeyframe, orientation: turns == 0 ? nil : UInt8(turns)),
                mid: signals.mid)
            switch refusal {
            case nil: awaitsKeyframe = false
            case .malformed, .codecNotNegotiated:
                throw MartletError(
                    .invalidArgument,
                    "A pushed picture is no \(frame.codec.rawValue) that can be sent: H.264 has to be in Annex B."
                )
            case .congested: (awaitsKeyframe, asks) = (true, false)
            case .notConnected, .noSection: (awaitsKeyframe, asks) = (true, true)
            }
        }
    }
}
