// A call whose sound and pictures are handed out as the SDK's driver does it, in virtual time.
// SPDX-License-Identifier: Apache-2.0
import NetworkImpairment
import NetworkSimulation
import RTP
import Wire

@testable import ClientMedia

/// One publishes sound each 20 ms and a picture each 40 ms, all numbered; another takes 10 ms of sound at a time, and each
/// picture when it is due. What is handed out is noted with the time.
final class PlayedCall {
    /// A picture's number and a sound's, and how much later that was heard than this was seen, in milliseconds.
    struct Skew {
        var number: Int
        /// When it was captured, from the beginning.
        var captured: Int64
        var late: Int64
    }

    static let soundTicks = 960
    let native: NativeCall
    /// When each packet of sound is heard, and each picture seen, since its capture.
    private(set) var soundDelays: [Int: Int64] = [:]
    private(set) var pictureDelays: [Int: Int64] = [:]
    /// Bytes of an ordinary picture.
    var pictureBytes = 300
    /// By how many ticks a packet is made shorter or longer: 120 to 480 of voice, 840 of a pause.
    var stretch = 240
    /// Each line says what there is, once a second at most.
    var trace: ((Int64, String) -> Void)?

    private var sync = LipSync()
    private var start = MediaInstant.zero
    private var steps = 0
    private var capturedAt: [(sound: MediaInstant, picture: MediaInstant)] = []
    private var numberAtKeyframe = true
    private var looked = (publisher: 0, viewer: 0)
    private var waiting: [EncodedFrame] = []
    private var held: [(number: Int, frame: EncodedFrame, at: MediaInstant)] = []
    /// Whether the first of them was asked for before.
    private var hasWaited = false
    private var lastShown = MediaInstant.zero
    /// What was decoded and is not heard yet: the number of its packet, `nil` for what was made up; ticks as they sound.
    private var decoded: [(number: Int?, ticks: Int, timestamp: RTPTimestamp)] = []
    /// Behind what was decoded last; `nil`: nothing was.
    private var end: RTPTimestamp?
    /// Ticks that were made up so that sound is later.
    private(set) var heldTicks = 0
    private var madeAt: MediaInstant?

    init(seed: UInt64, network: ImpairmentPlan?) throws {
        native = try NativeCall(seed: seed, up: network, down: network)
        start = native.call.now
    }

    /// Lets the publisher speak for so long, and time pass.
    func run(seconds: Double) {
        for _ in 0..<Int(seconds * 100) { step(isSending: true) }
    }

    /// Lets time pass without a word.
    func pause(seconds: Double) {
        for _ in 0..<Int(seconds * 100) { step(isSending: false) }
    }

    private var now: MediaInstant { native.call.now }

    private func step(isSending: Bool) {
        defer { steps += 1 }
        if isSending {
            if steps % 2 == 0 { sendSound() }
            if steps % 4 == 0 { sendPicture() }
        }
        play()
        show()
        native.call.run(for: .milliseconds(10))
        takePictures()
    }

    // MARK: Sending

    private func sendSound() {
        let number = steps / 2
        let bytes: [UInt8] =
            [0xFC, UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
            + [UInt8](repeating: 7, count: 57)
        try? native.publisher.connection?.send(
            OutgoingFrame(
                codec: .opus, bytes: bytes, capturedAt: now,
                level: AudioLevel(hasVoiceActivity: true, attenuation: 20)),
            mid: "0", at: now)
    }

    private func sendPicture() {
        for event in native.publisher.connectionEvents[looked.publisher...] {
            if case .keyframeRequested(mid: "1", _) = event.event { numberAtKeyframe = true }
        }
        looked.publisher = native.publisher.connectionEvents.count
        let number = steps / 2
        var bytes = [UInt8](repeating: 3, count: numberAtKeyframe ? pictureBytes * 2 : pictureBytes)
        bytes[0] = numberAtKeyframe ? 0x10 : 0x11
        bytes.replaceSubrange(3..<10, with: [0x9D, 0x01, 0x2A, 0x80, 2, 0x68, 1])
        bytes[10] = UInt8(truncatingIfNeeded: number >> 8)
        bytes[11] = UInt8(truncatingIfNeeded: number)
        do {
            try native.publisher.connection?.send(
                OutgoingFrame(
                    codec: .vp8, bytes: bytes, capturedAt: now, isKeyframe: numberAtKeyframe),
                mid: "1", at: now)
            numberAtKeyframe = false
        } catch {}
    }

    // MARK: Receiving, as `MediaDriver` does

    private func captured(_ number: Int) -> MediaInstant {
        start + .milliseconds(Int64(number) * 20)
    }

    private func takePictures() {
        for event in native.viewer.connectionEvents[looked.viewer...] {
            if case .frame(mid: "1", let frame) = event.event { waiting.append(frame) }
        }
        looked.viewer = native.viewer.connectionEvents.count
        while var frame = waiting.first {
            var at = frame.completeAt
            if frame.capturedAt == nil {
                frame.capturedAt = native.viewer.connection?.captureTime(
                    mid: "1", of: frame.timestamp)
                at = now
                guard frame.capturedAt != nil || now - frame.completeAt > .milliseconds(400) else {
                    break
                }
            }
            waiting.removeFirst()
            sync.notePicture(
                frame.timestamp, captured: frame.capturedAt, completeAt: frame.completeAt)
            let number = Int(frame.bytes[10]) << 8 | Int(frame.bytes[11])
            held.append((number, frame, at))
        }
    }

    /// Shows what is due within the next 10 ms.
    private func show() {
        while let first = held.first {
            let due = sync.showing(captured: first.frame.capturedAt, at: now)
            guard due - now < .milliseconds(10) else {
                hasWaited = true
                break
            }
            held.removeFirst()
            lastShown = max(lastShown, due > now ? due : hasWaited ? now : first.at)
            hasWaited = false
            let number = first.number
            pictureDelays[number] = (lastShown - captured(number)).milliseconds
            trace?(
                (lastShown - start).milliseconds,
                "picture \(number) came after \((first.at - captured(number)).milliseconds) shown after \(pictureDelays[number] ?? 0), extra \(sync.soundDelay.milliseconds)"
            )
        }
    }

    /// Plays 10 ms.
    private func play() {
        guard let place = native.viewer.connection?.soundPlace(mid: "0") else { return }
        if madeAt == nil {
            native.viewer.connection?.discardSound(at: place)
            madeAt = now
        }
        guard let madeAt,
            native.viewer.connection?.hasReport(at: place) == true
                || now - madeAt >= .milliseconds(400)
        else { return }
        if end == nil,
            let ahead = native.viewer.connection?.soundAhead(at: place, now: now)
        {
            sync.noteSoundAhead(captured: ahead.captured, at: now, surplus: ahead.surplus)
            native.viewer.connection?.setExtraSoundDelay(sync.soundDelay, at: place)
        }
        while decoded.reduce(0, { $0 + $1.ticks }) < 480 {
            guard let step = native.viewer.connection?.nextSound(at: place, now: now) else { break }
            guard take(step) else { break }
        }
        guard let first = decoded.first else { return }
        let captured = native.viewer.connection?.captureTime(at: place, of: first.timestamp)
        if let captured,
            let surplus = native.viewer.connection?.soundSurplus(
                at: place, of: first.timestamp, now: now)
        {
            sync.noteSound(
                captured: captured, playedAt: now, surplus: surplus,
                heldFrom: native.viewer.connection?.soundHeldFrom(at: place))
            native.viewer.connection?.setExtraSoundDelay(sync.soundDelay, at: place)
        }
        var left = 480
        while left > 0, let first = decoded.first {
            if let number = first.number, soundDelays[number] == nil {
                let at = now + .microseconds(Int64(480 - left) * 1_000 / 48)
                soundDelays[number] = (at - self.captured(number)).nanoseconds / 1_000_000
                trace?(
                    (now - start).nanoseconds / 1_000_000,
                    "sound \(number) after \(soundDelays[number] ?? 0), target \(native.viewer.connection?.soundDelay(mid: "0")?.milliseconds ?? 0)"
                )
            }
            let part = min(left, first.ticks)
            left -= part
            decoded[0].ticks -= part
            decoded[0].timestamp = RTPTimestamp(first.timestamp.rawValue &+ UInt32(part))
            if decoded[0].ticks == 0 { decoded.removeFirst() }
        }
    }

    private func take(_ step: SoundBuffer.Step) -> Bool {
        switch step {
        case .silence: return false
        case .packet(let packet, let tempo):
            let number = Int(packet.payload[1]) << 8 | Int(packet.payload[2])
            let ticks =
                switch tempo {
                case .ordinary: packet.ticks
                case .faster: packet.ticks - stretch
                case .slower: packet.ticks + stretch
                }
            decoded.append((number, ticks, packet.timestamp))
            end = RTPTimestamp(packet.timestamp.rawValue &+ UInt32(packet.ticks))
        case .recover(let packet, let ticks):
            let number = Int(packet.payload[1]) << 8 | Int(packet.payload[2])
            decoded.append(
                (number - 1, ticks, RTPTimestamp(packet.timestamp.rawValue &- UInt32(ticks))))
            end = packet.timestamp
        case .conceal(let ticks):
            decoded.append((nil, ticks, end ?? RTPTimestamp(0)))
            end = end.map { RTPTimestamp($0.rawValue &+ UInt32(truncatingIfNeeded: ticks)) }
        case .hold(let ticks):
            heldTicks += ticks
            trace?((now - start).milliseconds, "hold")
            let behind = RTPTimestamp((end?.rawValue ?? 0) &- UInt32(ticks))
            decoded.append((nil, ticks, behind))
        }
        return true
    }

    // MARK: What came of it

    /// Of each picture whose sound was heard.
    var skews: [Skew] {
        pictureDelays.keys.sorted().compactMap { number in
            guard let seen = pictureDelays[number], let heard = soundDelays[number] else {
                return nil
            }
            return Skew(number: number, captured: Int64(number) * 20, late: heard - seen)
        }
    }
}
