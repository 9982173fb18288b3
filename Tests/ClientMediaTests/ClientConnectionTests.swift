// That frames get from one native client to another through the real server, whatever the network does.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import NetworkImpairment
import NetworkSimulation
import Payloads
import RTP
import Testing
import Wire

@testable import ClientMedia

/// Two native clients of one worker: the first publishes sound and pictures, the second has a pair for them.
private final class NativeCall {
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

    init(seed: UInt64, up: ImpairmentPlan? = nil, down: ImpairmentPlan? = nil) throws {
        call = VirtualCall(seed: seed)
        random = SeededRandom(seed: seed ^ 0x5EED)
        publisher = try call.join(
            sending: [ClientStream(kind: .audio), ClientStream(kind: .video)],
            repairsAudio: true, native: true)
        viewer = try call.join(receivingPairs: 1, repairsAudio: true, native: true)
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
            case .recover(_, let ticks), .conceal(let ticks): ready += ticks
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

@Suite struct ClientConnectionTests {
    @Test(arguments: [MediaCodec.vp8, .h264])
    func framesArriveAsTheyWereSent(codec: MediaCodec) throws {
        let call = try NativeCall(seed: 1)
        call.run(seconds: 3, from: codec)
        let frames = call.frames
        #expect(call.refused == 0)
        #expect(frames.count >= call.sent.count - 2)
        #expect(frames.first?.frame.isKeyframe == true)
        for (frame, sent) in zip(frames, call.sent) { #expect(frame.frame.bytes == sent.bytes) }
        // Sound waits for as long as the buffer does at first, and then nothing is missing.
        let sounds = call.decodedSounds
        #expect(sounds.count >= 140)
        #expect(zip(sounds, sounds.dropFirst()).allSatisfy { $1 == $0 + 1 })
    }

    @Test func theTimesOfSoundAndPicturesAreOnOneClock() throws {
        let call = try NativeCall(seed: 2)
        call.run(seconds: 3)
        let frames = call.frames.suffix(40)
        let sent = call.sent.suffix(60)
        var checked = 0
        // The server cannot know how long packets take to it: everything is later by that, and by the same.
        let leg = MediaDuration.milliseconds(10).nanoseconds
        for (_, frame) in frames {
            guard let captured = frame.capturedAt,
                let source = sent.first(where: { $0.bytes == frame.bytes })
            else { continue }
            let found = captured.instant(clockZero: call.call.ntpAtZero)
            #expect(abs((found - source.at).nanoseconds - leg) < 2_000_000)
            checked += 1
        }
        #expect(checked > 30)
        let played = call.heard.last { if case .packet = $0.step { true } else { false } }
        guard case .packet(let sound, _) = try #require(played).step else { return }
        let time = call.viewer.connection?.captureTime(mid: "0", of: sound.timestamp)
        let captured = try #require(time)
        let number = Int(sound.payload[1]) << 8 | Int(sound.payload[2])
        let start = call.sent[0].at
        let expected = start + .milliseconds(20) * Int64(number)
        let found = captured.instant(clockZero: call.call.ntpAtZero)
        #expect(abs((found - expected).nanoseconds - leg) < 2_000_000)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func jitterDoesNotMoveSoundAndPicturesApart(seed: UInt64) throws {
        var rough = ImpairmentPlan()
        rough.up.delay = .milliseconds(20)
        rough.down.delay = .milliseconds(20)
        rough.up.jitter = .milliseconds(50)
        rough.down.jitter = .milliseconds(50)
        rough.up.loss = 0.05
        rough.down.loss = 0.05
        let call = try NativeCall(seed: seed, up: rough, down: rough)
        call.run(seconds: 10)
        let zero = call.call.ntpAtZero
        var pictures: [Int64] = []
        for (_, frame) in call.frames.suffix(60) {
            guard let captured = frame.capturedAt,
                let source = call.sent.first(where: { $0.bytes == frame.bytes })
            else { continue }
            pictures.append((captured.instant(clockZero: zero) - source.at).nanoseconds / 1_000)
        }
        var sounds: [Int64] = []
        for (_, step) in call.heard.suffix(100) {
            guard case .packet(let sound, _) = step else { continue }
            let number = Int(sound.payload[1]) << 8 | Int(sound.payload[2])
            let time = call.viewer.connection?.captureTime(mid: "0", of: sound.timestamp)
            guard let time else { continue }
            let at = call.sent[0].at + .milliseconds(20) * Int64(number)
            sounds.append((time.instant(clockZero: zero) - at).nanoseconds / 1_000)
        }
        let apart = (try #require(pictures.last)) - (try #require(sounds.last))
        #expect(abs(apart) < 2_000)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func lostPacketsAreRepairedOnBothLegs(seed: UInt64) throws {
        var lossy = ImpairmentPlan()
        lossy.up.delay = .milliseconds(10)
        lossy.down.delay = .milliseconds(10)
        lossy.up.loss = 0.05
        lossy.down.loss = 0.05
        let call = try NativeCall(seed: seed, up: lossy, down: lossy)
        call.run(seconds: 10)
        let frames = call.frames
        #expect(frames.count > call.sent.count * 95 / 100)
        // In the first second repairs come after their time: in-band correction has to do.
        #expect(call.decodedSounds.count > call.sounds * 88 / 100)
        #expect(call.decodedSounds.count + call.recoveredSounds > call.sounds * 97 / 100)
        let statistics = try #require(call.sending)
        #expect(statistics.repeatedPackets > 0)
        #expect(statistics.lossShare < 0.2)
        let received = try #require(call.receiving)
        #expect(received.repeatedPackets > 0)
        #expect(received.packetsAskedFor > 0)
        // The viewer sends no media and knows its round trip all the same.
        let viewer = try #require(call.viewerStatistics)
        #expect((15...60).contains(viewer.roundTripNanoseconds / 1_000_000))
    }

    @Test func aNarrowPathIsFoundAndKeptTo() throws {
        var narrow = ImpairmentPlan()
        narrow.up.delay = .milliseconds(20)
        narrow.down.delay = .milliseconds(20)
        narrow.up.bitsPerSecond = 600_000
        let call = try NativeCall(seed: 3, up: narrow)
        // 1.2 Mbit/s are offered, which do not fit: frames are refused, none is torn.
        call.pictureBytes = 6_000
        call.run(seconds: 15)
        #expect(call.refused > 0)
        let estimate = try #require(call.publisherStatistics).estimate
        #expect((300_000...660_000).contains(estimate))
        // Sound does not wait behind pictures.
        #expect(call.decodedSounds.count > call.sounds * 92 / 100)
        // What was sent was sent whole.
        #expect(call.frames.count > call.sent.count / 2)
    }

    @Test func aKeyframeThatIsWantedInterruptsNothing() throws {
        let call = try NativeCall(seed: 4)
        call.run(seconds: 2)
        let before = call.frames.count
        call.viewer.connection?.wantKeyframe(mid: "1", at: call.call.now)
        call.run(seconds: 1)
        // One comes, and so does all that comes before it.
        let after = call.frames[before...].map(\.frame)
        #expect(after.filter(\.isKeyframe).count == 1 && after.first?.isKeyframe == false)
        #expect(after.count >= 24)
        #expect(call.receiving?.keyframeRequests == 1)
        #expect(call.receiving?.interruptions == 0)
    }

    @Test func whatIsNotAFrameIsRefusedWithAReason() throws {
        let call = try NativeCall(seed: 5)
        func refusal(_ codec: MediaCodec, _ bytes: [UInt8], mid: String) -> SendError? {
            call.refusal(
                of: OutgoingFrame(codec: codec, bytes: bytes, capturedAt: call.call.now), mid: mid)
        }
        #expect(refusal(.vp8, [1], mid: "9") == .noSection)
        #expect(refusal(.h264, [1, 2, 3], mid: "1") == .malformed(.noUnits))
        #expect(refusal(.opus, [], mid: "0") == .malformed(.empty))
        #expect(
            refusal(.opus, [UInt8](repeating: 1, count: 5_000), mid: "0")
                == .malformed(.tooLarge(5_000)))
        #expect(refusal(.pcmu, [1], mid: "0") == .codecNotNegotiated(.pcmu))
        call.call.leave(call.publisher)
    }
}
