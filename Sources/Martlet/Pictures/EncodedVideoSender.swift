// Encoded pictures on their way out, as they are and in time.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import MediaCodecs
import Wire

/// Takes encoded pictures out of a source's buffer and sends them. It runs in a task of its own.
struct EncodedVideoSender: Sendable {
    /// How often it is looked whether the network wants something else, where nothing is pushed.
    private static let lookInterval = Duration.milliseconds(100)

    let source: EncodedVideoSource
    let pacing: PublishPacing
    let timeline: PublishTimeline
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
        var last = MediaInstant.zero
        var awaitsKeyframe = true
        while let frame = await source.queue.next() {
            let now = MediaDriver.now
            var captured = now
            if pacing == .byTimestamp {
                captured = timeline.due(microseconds: frame.timestampMicroseconds, at: now)
                if captured > now {
                    try await Task.sleep(for: .nanoseconds((captured - now).nanoseconds))
                }
            }
            captured = max(captured, last + .milliseconds(1))
            last = captured
            if mute.isMuted { awaitsKeyframe = true }
            guard !mute.isMuted, !awaitsKeyframe || frame.isKeyframe else { continue }
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
            case .congested, .notConnected, .noSection: awaitsKeyframe = true
            }
        }
    }
}
