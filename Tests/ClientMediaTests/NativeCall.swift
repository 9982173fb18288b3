// Two native clients in a call through the real server, for tests.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import NetworkImpairment
import NetworkSimulation
import RTP
import Testing
import Wire

@testable import ClientMedia

/// Two native clients of one worker: the first publishes sound and pictures, the second has a pair for them.
final class NativeCall {
    let call: VirtualCall
    let publisher: VirtualClient
    let viewer: VirtualClient
    /// What was sent, by the time of capture.
    var sent: [(at: MediaInstant, bytes: [UInt8])] = []
    var sounds = 0
    var refused = 0
    /// What the viewer heard, step by step, and when it asked for it.
    var heard: [(at: MediaInstant, step: SoundBuffer.Step)] = []
    /// Bytes of an ordinary picture.
    var pictureBytes = 4_000
    private var random: SeededRandom
    private var wantsKeyframe = true
    private var looked = 0
    private var ready = 0

    init(
        seed: UInt64, up: ImpairmentPlan? = nil, down: ImpairmentPlan? = nil,
        codecs: [MediaCodec] = [.opus, .vp8, .vp9, .h264, .av1], repairsAudio: Bool = true,
        startBitrate: Double? = nil
    ) throws {
        call = VirtualCall(seed: seed)
        random = SeededRandom(seed: seed ^ 0x5EED)
        publisher = try call.join(
            sending: [ClientStream(kind: .audio), ClientStream(kind: .video)],
            codecs: codecs, repairsAudio: repairsAudio, native: true, startBitrate: startBitrate)
        viewer = try call.join(
            receivingPairs: 1, codecs: codecs, repairsAudio: repairsAudio, native: true)
        if let up { call.networks[publisher.address] = up }
        if let down { call.networks[viewer.address] = down }
        try #require(call.connect())
        call.show(publisher, "0", in: "0", of: viewer)
        call.show(publisher, "1", in: "1", of: viewer)
        publisher.connection?.setWantedBitrate(2_000_000)
    }

    /// Sends sound each 20 ms and a picture each 40 ms, and listens each 20 ms.
    func run(seconds: Int, pictures: Bool = true, from codec: MediaCodec = .vp8) {
        for step in 0..<(seconds * 50) {
            let now = call.now
            obeyRequests()
            try? publisher.connection?.send(
                OutgoingFrame(
                    codec: .opus, bytes: opus(sounds), capturedAt: now,
                    level: AudioLevel(hasVoiceActivity: true, attenuation: 20)),
                mid: "0", at: now)
            sounds += 1
            if pictures, step % 2 == 0 { sendPicture(codec, at: now) }
            listen(at: now)
            call.run(for: .milliseconds(20))
        }
    }

    /// Plays 20 ms, a tenth faster or slower where it is told to.
    private func listen(at now: MediaInstant) {
        while ready < 960, let step = viewer.connection?.nextSound(mid: "0", at: now) {
            heard.append((now, step))
            switch step {
            case .packet(let packet, .ordinary): ready += packet.ticks
            case .packet(let packet, .faster): ready += packet.ticks * 9 / 10
            case .packet(let packet, .slower): ready += packet.ticks * 11 / 10
            case .recover(_, let ticks), .conceal(let ticks), .hold(let ticks): ready += ticks
            case .silence: ready += 960
            }
        }
        ready -= 960
    }

    private func obeyRequests() {
        for event in publisher.connectionEvents[looked...] {
            if case .keyframeRequested(mid: "1", _) = event.event { wantsKeyframe = true }
        }
        looked = publisher.connectionEvents.count
    }

    private func sendPicture(_ codec: MediaCodec, at now: MediaInstant) {
        let isKeyframe = wantsKeyframe
        let bytes = picture(codec, isKeyframe: isKeyframe)
        do {
            try publisher.connection?.send(
                OutgoingFrame(
                    codec: codec, bytes: bytes, capturedAt: now, isKeyframe: isKeyframe),
                mid: "1", at: now)
            sent.append((now, bytes))
            wantsKeyframe = false
        } catch {
            refused += 1
        }
    }

    private func picture(_ codec: MediaCodec, isKeyframe: Bool) -> [UInt8] {
        let count = isKeyframe ? pictureBytes * 3 : pictureBytes
        var bytes = (0..<count).map { _ in UInt8.random(in: 1...255, using: &random) }
        switch codec {
        case .vp8:
            // The frame tag (RFC 6386 §9.1): bit 0 is 0 for a keyframe.
            bytes[0] = isKeyframe ? 0x10 : 0x11
            if isKeyframe {
                bytes.replaceSubrange(3..<10, with: [0x9D, 0x01, 0x2A, 0x80, 2, 0x68, 1])
            }
        default:
            let head: [UInt8] =
                isKeyframe
                ? [0, 0, 0, 1, 0x67, 0x42, 0xE0, 0x1F, 0xDA, 0, 0, 0, 1, 0x68, 0xCE, 0x06, 0xF2]
                    + [0, 0, 0, 1, 0x65]
                : [0, 0, 0, 1, 0x41]
            bytes = head + bytes
        }
        return bytes
    }

    /// A packet of 20 ms of CELT that says which it is.
    private func opus(_ number: Int) -> [UInt8] {
        [0xFC, UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
            + [UInt8](repeating: 7, count: 57)
    }

    /// Why a frame of the publisher's is not sent; `nil`: it is.
    func refusal(of frame: OutgoingFrame, mid: String) -> SendError? {
        do throws(SendError) {
            try publisher.connection?.send(frame, mid: mid, at: call.now)
            return nil
        } catch {
            return error
        }
    }

    var frames: [(at: MediaInstant, frame: EncodedFrame)] {
        viewer.connectionEvents.compactMap {
            if case .frame(mid: "1", let frame) = $0.event { ($0.at, frame) } else { nil }
        }
    }

    /// How many packets of sound were made up from the one behind them.
    var recoveredSounds: Int {
        heard.count { if case .recover = $0.step { true } else { false } }
    }

    var sending: SendingStatistics? { publisher.connection?.sendingStatistics(mid: "1") }
    var sendingSound: SendingStatistics? {
        publisher.connection?.sendingStatistics(mid: "0")
    }
    var receiving: ReceivingStatistics? { viewer.connection?.receivingStatistics(mid: "1") }
    var publisherStatistics: ConnectionStatistics? { publisher.connection?.statistics }
    var viewerStatistics: ConnectionStatistics? { viewer.connection?.statistics }

    /// The numbers of the packets of sound that were decoded, in order.
    var decodedSounds: [Int] {
        heard.compactMap {
            if case .packet(let packet, _) = $0.step {
                Int(packet.payload[1]) << 8 | Int(packet.payload[2])
            } else {
                nil
            }
        }
    }
}
