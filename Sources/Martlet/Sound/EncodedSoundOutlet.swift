// Packets of Opus on their way out, as they were pushed.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import Payloads
import RTP
import Wire

/// Takes packets out of a source's buffer and sends them when they are due, on the room's event loop alone.
final class EncodedSoundOutlet: PacedOutlet {
    private let sender: EncodedAudioSender
    private var pacer: PublishPacer
    /// What is to leave next, and when.
    private var next: (bytes: [UInt8], due: MediaInstant)?
    var writers: [CheckedContinuation<Bool, Never>] = []

    init(_ sender: EncodedAudioSender) {
        self.sender = sender
        pacer = sender.pacer.begun()
    }

    var nextDue: MediaInstant? { next?.due }

    func call(_ wake: @escaping @Sendable () -> Void) -> Bool { sender.source.queue.call(wake) }

    func send(at now: MediaInstant, until end: MediaInstant) throws -> OutletProgress {
        while true {
            if let next {
                guard next.due <= now else { return .waiting }
                self.next = nil
                send(next.bytes, captured: next.due)
                if MediaDriver.now >= end { return .waiting }
            }
            switch sender.source.queue.take(&writers) {
            case .element(let pushed): try take(pushed, at: now)
            case .empty: return .empty
            case .over: return .over
            }
        }
    }

    private func take(_ pushed: Pushed<EncodedAudioFrame>, at now: MediaInstant) throws {
        let frame = pushed.frame
        guard let packet = OpusPacket.parse(frame.bytes.span) else {
            throw MartletError(.invalidArgument, "A pushed piece of sound is no Opus packet.")
        }
        let duration = MediaDuration(
            nanoseconds: Int64(packet.ticks) * 1_000_000 / Int64(OpusPacket.ticksPerMillisecond))
        let due = pacer.due(
            sound: frame.timestampMicroseconds, pushed: pushed.at, lasting: duration, at: now)
        next = (frame.bytes, due)
    }

    private func send(_ bytes: [UInt8], captured: MediaInstant) {
        guard !sender.mute.isSilent else { return }
        // How loud it is nobody knows without decoding it: as loud as a voice.
        let frame = OutgoingFrame(
            codec: .opus, bytes: bytes, capturedAt: captured,
            level: .init(hasVoiceActivity: true, attenuation: 20))
        let mid = sender.mid
        sender.driver.assumeIsolated { _ = $0.send(frame, mid: mid) }
    }
}
