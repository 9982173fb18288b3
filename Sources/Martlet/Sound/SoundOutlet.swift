// Pushed sound on its way out: resampled, cut into packets of 20 ms, and encoded when they are due.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import MediaCodecs
import RTP
import Wire

/// Takes sound out of a source's buffer and sends it, on the room's event loop alone.
final class SoundOutlet: PacedOutlet {
    private static let packetTime = MediaDuration.milliseconds(20)
    /// Two timestamps that differ by more than this from what was pushed between them are a gap.
    private static let gapMicroseconds: Int64 = 20_000
    private let sender: SoundSender
    private let channels: Int
    private var pacer: PublishPacer
    private var encoder: OpusEncoder
    private var effort: EncoderEffort
    private var converter: SoundConverter?
    /// Sound that was taken out of the buffer, from `taken` on.
    private var waiting: [Int16] = []
    private var taken = 0
    /// When the first sample that waits was captured, by the application's clock.
    private var timestamp: Int64?
    /// What comes behind a gap, while what was before it is sent.
    private var held: Pushed<AudioFrame>?
    /// When what was taken last was pushed.
    private var pushedAt = MediaInstant.zero
    /// When the packet that waits is to leave.
    private var due: MediaInstant?
    private var silence = RepeatedSilence()
    private var packet = [UInt8](repeating: 0, count: OpusEncoder.packetBytesMax)
    var writers: [CheckedContinuation<Bool, Never>] = []
    /// Where packets go.
    private let deliver: (OutgoingFrame) -> Void

    /// Packets that were encoded, and samples that were left out to follow a faster clock; for tests.
    private(set) var figures = (encoded: 0, leftOut: 0)

    /// - Parameters:
    ///   - now: What was pushed before counts from then.
    ///   - deliver: Takes what is to be sent, when it is due.
    init(
        _ sender: SoundSender, at now: MediaInstant = MediaDriver.now,
        deliver: @escaping (OutgoingFrame) -> Void
    ) throws {
        let options = sender.options
        self.sender = sender
        self.deliver = deliver
        channels = options.isStereo ? 2 : 1
        encoder = try OpusEncoder(
            channels: channels, use: options.isMusic ? .music : .voice,
            bitsPerSecond: options.bitsPerSecond)
        try encoder.setForwardErrorCorrection(
            sender.expectedLossPercent > 0, expectedLossPercent: sender.expectedLossPercent)
        effort = EncoderEffort(ordinary: options.complexity)
        let format = SoundFormat(sampleRate: 48_000, channels: channels)
        if sender.source.format != format {
            converter = try SoundConverter(from: sender.source.format, to: format)
        }
        pacer = sender.pacer.begun(at: now)
    }

    /// Samples of all channels in a packet.
    private var packetCount: Int { SoundSender.packetSamples * channels }
    private var waitingCount: Int { waiting.count - taken }

    var nextDue: MediaInstant? { due }

    func call(_ wake: @escaping @Sendable () -> Void) -> Bool { sender.source.queue.call(wake) }

    func send(at now: MediaInstant, until end: MediaInstant) throws -> OutletProgress {
        while true {
            if let due {
                guard due <= now else { return .waiting }
                self.due = nil
                try sendPacket(captured: due)
                if MediaDriver.now >= end { return .waiting }
            } else if waitingCount >= packetCount {
                if pacer.isBehindItsSource, shorten() { continue }
                // Where pacing does not go by timestamps there is none.
                due = pacer.due(
                    sound: timestamp ?? 0, pushed: pushedAt, lasting: Self.packetTime, at: now)
            } else if let held = held.take() {
                take(held)
            } else {
                switch sender.source.queue.take(&writers) {
                case .element(let pushed): take(pushed)
                case .empty: return .empty
                case .over: return .over
                }
            }
        }
    }

    /// Takes a piece out of the source's buffer.
    private func take(_ pushed: Pushed<AudioFrame>) {
        let frame = pushed.frame
        pushedAt = pushed.at
        if pacer.pacing == .byTimestamp {
            let expected = timestamp.map { $0 &+ Self.microseconds(waitingCount / channels) }
            let gap = expected.map { frame.timestampMicroseconds &- $0 } ?? 0
            if timestamp == nil || gap.magnitude > UInt64(Self.gapMicroseconds) {
                // A gap: what is left of the sound before it is filled up, and the rest begins anew.
                if waitingCount > 0 {
                    waiting += [Int16](repeating: 0, count: packetCount - waitingCount)
                    held = pushed
                    return
                }
                timestamp = frame.timestampMicroseconds
            }
        }
        if taken > 0 {
            waiting.removeFirst(taken)
            taken = 0
        }
        waiting += Self.converted(frame.samples, &converter, channels: channels)
    }

    /// Sends the first 20 ms of what waits.
    private func sendPacket(captured: MediaInstant) throws {
        let first = taken
        taken += packetCount
        // Behind a gap the timestamps are those of what comes next.
        timestamp =
            held == nil
            ? timestamp.map { $0 &+ Self.microseconds(SoundSender.packetSamples) } : nil
        guard !sender.mute.isSilent else { return }
        let gain = sender.source.gain
        if gain < 100 {
            for index in first..<taken {
                waiting[index] = Int16(Int(waiting[index]) * gain / 100)
            }
        }
        let waiting = self.waiting
        let samples = waiting.span.extracting(first..<taken)
        let level = SoundSender.level(of: samples)
        let frame = OutgoingFrame(
            codec: .opus, bytes: try encoded(samples, isSilent: level == SoundSender.silence),
            capturedAt: captured - delay, level: level)
        deliver(frame)
    }

    /// What a decoder gives is by so much later than what went in.
    private var delay: MediaDuration {
        MediaDuration(nanoseconds: Int64(encoder.delaySamples) * 1_000_000_000 / 48_000)
    }

    private func encoded(_ samples: Span<Int16>, isSilent: Bool) throws -> [UInt8] {
        let complexity = effort.complexity(isSilent: isSilent)
        if !effort.isFaded { silence.restart() }
        if let known = silence.next() { return known }
        try encoder.setComplexity(complexity)
        var span = packet.mutableSpan
        let count = try encoder.encode(samples, into: &span)
        let bytes = Array(packet.prefix(count))
        figures.encoded += 1
        if effort.isFaded { silence.note(bytes) }
        return bytes
    }

    /// Leaves a period of the sound out that waits, or most of a pause: its source's clock is faster than ours.
    /// - Returns: Whether that could be done without being heard.
    private func shorten() -> Bool {
        let end = taken + packetCount
        let shorter = SoundStretch.stretched(
            Array(waiting[taken..<end]), channels: channels, isShorter: true)
        guard shorter.count < packetCount else { return false }
        waiting.replaceSubrange(taken..<end, with: shorter)
        let samples = (packetCount - shorter.count) / channels
        figures.leftOut += samples
        pacer.noteShortened(
            by: MediaDuration(nanoseconds: Int64(samples) * 1_000_000_000 / 48_000))
        return true
    }

    private static func converted(
        _ samples: [Int16], _ converter: inout SoundConverter?, channels: Int
    ) -> [Int16] {
        guard let input = converter?.input else { return samples }
        let capacity = (try? converter?.capacity(forSamples: samples.count / input.channels)) ?? 0
        var converted = [Int16](repeating: 0, count: capacity * channels)
        var span = converted.mutableSpan
        let count = (try? converter?.convert(samples.span, into: &span)) ?? 0
        converted.removeLast(converted.count - count * channels)
        return converted
    }

    private static func microseconds(_ samples: Int) -> Int64 { Int64(samples) * 1_000 / 48 }
}
