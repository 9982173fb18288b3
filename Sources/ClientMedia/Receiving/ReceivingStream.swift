// What a client receives in one section: packets put in order, what is missing, and what reports say of it.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import Payloads
import RTP
import Wire

/// What a section has received.
package struct ReceivingStatistics: Sendable, Equatable {
    /// Packets of media, repeated ones not counted.
    package var packets: UInt64 = 0
    /// Bytes of their payloads.
    package var payloadBytes: UInt64 = 0
    /// Packets that came because they were asked for.
    package var repeatedPackets: UInt64 = 0
    /// Packets that never came (RFC 3550 §6.4.1); negative where some came twice.
    package var packetsLost: Int64 = 0
    /// How much the time of packets on the way varies (RFC 3550 §6.4.1), in nanoseconds.
    package var jitterNanoseconds: Int64 = 0
    /// Numbers asked for again (NACK).
    package var packetsAskedFor: UInt64 = 0
    /// Whole frames.
    package var frames: UInt64 = 0
    /// Frames with which a decoder can begin.
    package var keyframes: UInt64 = 0
    /// Keyframes asked for (PLI).
    package var keyframeRequests: UInt64 = 0
    /// How often frames were left out for packets that never came.
    package var interruptions: UInt64 = 0
    /// How long sound is held, in nanoseconds.
    package var soundDelayNanoseconds: Int64 = 0
    /// Ticks of 48 kHz that were made up.
    package var concealedTicks: UInt64 = 0

    /// Nothing received.
    package init() {}
}

/// The media stream of a section that receives, and the stream that repeats it.
struct ReceivingStream: Sendable {
    /// Between two requests for a keyframe at least; doubles while none comes, up to ``keyframeIntervalMax``.
    static let keyframeInterval = MediaDuration.milliseconds(300)
    static let keyframeIntervalMax = MediaDuration.seconds(2)

    let mid: String
    let kind: MediaKind
    let ssrc: SSRC
    let rtxSSRC: SSRC?
    private(set) var codecs: [NegotiatedCodec]
    let transportSequenceID: UInt8?
    let orientationID: UInt8?
    let levelID: UInt8?
    var loss: LossDetector
    private(set) var reception: ReceptionStatistics
    private(set) var frames = FrameReceiver()
    private(set) var sound = SoundBuffer()
    /// Sound for whoever takes it as it came; `nil`: nobody does.
    private var order: SoundOrder?
    private(set) var statistics = ReceivingStatistics()
    private var highest: ExtendedSequenceNumber?
    /// The sender's clock: what timestamp its wall clock stood at (RFC 3550 §6.4.1).
    private(set) var clock: (ntp: NTPTime, timestamp: RTPTimestamp)?
    private var askedForKeyframeAt: MediaInstant?
    private var keyframePause = keyframeInterval
    /// Somebody wants to begin with a keyframe, while the others go on with what comes.
    private var isKeyframeWanted = false
    /// What the orientation extension said last; packets without it change nothing.
    private(set) var orientation: UInt8 = 0
    /// How loud the last packet was.
    private(set) var level: AudioLevel?
    private let asksForLost: Bool

    /// `nil` if the section receives nothing.
    init?(section: MediaSection) {
        guard section.direction == .receives, let kind = section.kind.mediaKind,
            let ssrc = section.declaredSSRCs.first
        else { return nil }
        mid = section.mid
        self.kind = kind
        self.ssrc = SSRC(ssrc)
        rtxSSRC = section.declaredRTX.first { $0.media == ssrc }.map { SSRC($0.retransmission) }
        codecs = section.codecs
        transportSequenceID = section.extensionID(.transportSequenceNumber)
        orientationID = kind == .video ? section.extensionID(.videoOrientation) : nil
        levelID = kind == .audio ? section.extensionID(.audioLevel) : nil
        asksForLost =
            kind == .audio
            ? section.codecs.contains { $0.codec == .opus && $0.hasNACK } : rtxSSRC != nil
        loss = LossDetector(
            reorderDelay: .milliseconds(10),
            deadline: kind == .audio ? .milliseconds(200) : .milliseconds(500))
        reception = ReceptionStatistics(clockRate: kind == .audio ? 48_000 : 90_000)
    }

    /// Whether anything came.
    var hasBegun: Bool { highest != nil }

    /// Takes the payload of a packet.
    /// - Parameters:
    ///   - index: The packet's number in its own stream, of media or of repetitions.
    ///   - payload: Without padding.
    /// - Returns: Whether it could be understood.
    mutating func take(
        _ header: RTPHeader, _ index: ExtendedSequenceNumber, payload: Span<UInt8>,
        at now: MediaInstant
    ) -> Bool {
        guard
            let codec = codecs.first(where: {
                $0.payloadType == header.payloadType
                    || $0.retransmissionPayloadType == header.payloadType
            })
        else { return false }
        let isRepetition = header.ssrc != ssrc
        guard isRepetition == (codec.payloadType != header.payloadType) else { return false }
        guard isRepetition else {
            highest = max(highest ?? index, index)
            reception.record(index, timestamp: header.timestamp, at: now)
            if asksForLost, loss.insert(index, at: now) == .recovered, kind == .audio {
                statistics.repeatedPackets &+= 1
            }
            statistics.packets &+= 1
            statistics.payloadBytes &+= UInt64(payload.count)
            takeMedia(index, header, codec.codec, payload: payload, at: now)
            return true
        }
        // Padding alone, as probes of the path are.
        guard let original = RTPRetransmission.originalSequenceNumber(in: payload) else {
            return payload.isEmpty
        }
        guard let highest else { return true }
        let number = highest.nearest(to: original)
        statistics.repeatedPackets &+= 1
        loss.insert(number, at: now, isRepeated: true)
        takeMedia(
            number, header, codec.codec,
            payload: payload.extracting(RTPRetransmission.headCount..<payload.count), at: now)
        return true
    }

    private mutating func takeMedia(
        _ number: ExtendedSequenceNumber, _ header: RTPHeader, _ codec: MediaCodec,
        payload: Span<UInt8>, at now: MediaInstant
    ) {
        if kind == .video {
            frames.insert(
                number, timestamp: header.timestamp, marker: header.marker, codec: codec,
                payload: payload)
            return
        }
        guard codec == .red else {
            return takeSound(payload, number, timestamp: header.timestamp, at: now)
        }
        guard let blocks = RedundantAudio.parse(payload) else { return }
        takeSound(
            payload.extracting(blocks.primaryOffset..<payload.count), number,
            timestamp: header.timestamp, at: now)
        for age in 0..<blocks.blockCount {
            guard let block = blocks.block(age: age, in: payload) else { return }
            takeSound(
                payload.extracting(block.range), nil,
                timestamp: RTPTimestamp(header.timestamp.rawValue &- block.ticks), at: now)
        }
    }

    /// - Parameter number: The packet's own; `nil` for what came inside another.
    private mutating func takeSound(
        _ payload: Span<UInt8>, _ number: ExtendedSequenceNumber?, timestamp: RTPTimestamp,
        at now: MediaInstant
    ) {
        guard let opus = OpusPacket.parse(payload) else { return }
        let packet = SoundPacket(
            timestamp: timestamp, ticks: opus.ticks, payload: payload.copied())
        sound.insert(packet, at: now, isRepeated: number == nil)
        order?.insert(packet, number: number, at: now)
    }

    /// Begins to hand out sound as it came, or ends it.
    mutating func setHandsOutPackets(_ handsOut: Bool) {
        guard kind == .audio, handsOut != (order != nil) else { return }
        order = handsOut ? SoundOrder() : nil
    }

    /// The next packet of sound as it came.
    mutating func nextPacket(at now: MediaInstant) -> SoundPacket? { order?.next(at: now) }

    /// The next whole frame.
    mutating func nextFrame(at now: MediaInstant) -> EncodedFrame? {
        guard kind == .video, hasBegun, let frame = frames.nextFrame(at: now) else { return nil }
        statistics.frames &+= 1
        if frame.isKeyframe {
            statistics.keyframes &+= 1
            askedForKeyframeAt = nil
            isKeyframeWanted = false
            keyframePause = Self.keyframeInterval
        }
        if let next = frames.nextNumber { loss.forget(before: next) }
        return frame
    }

    /// What is to be heard next.
    /// - Parameter patience: For how long in all it may be held for the picture that was captured with it.
    mutating func nextSound(at now: MediaInstant, patience: MediaDuration) -> SoundBuffer.Step {
        let step = sound.next(at: now, patience: patience)
        if case .packet = step { statistics.frames &+= 1 }
        return step
    }

    /// The next picture that is not whole yet: when it was captured, as far as that is known, and how long it is worth waiting for.
    mutating func pictureAhead() -> (captured: NTPTime, patience: MediaDuration)? {
        frames.ahead.flatMap { ahead in
            captureTime(of: ahead.timestamp).map { ($0, ahead.patience) }
        }
    }

    /// Whether a keyframe is to be asked for now; asking is noted.
    mutating func takeKeyframeNeed(at now: MediaInstant) -> Bool {
        guard asksForKeyframe else { return false }
        if let askedForKeyframeAt {
            guard now - askedForKeyframeAt >= keyframePause else { return false }
            keyframePause = min(keyframePause * 2, Self.keyframeIntervalMax)
        }
        askedForKeyframeAt = now
        statistics.keyframeRequests &+= 1
        return true
    }

    private var asksForKeyframe: Bool {
        kind == .video && (frames.needsKeyframe || isKeyframeWanted)
    }

    /// A keyframe is asked for until one comes; meanwhile frames are handed out as before.
    mutating func wantKeyframe() { isKeyframeWanted = true }

    /// When something of it is due; `nil`: with the next packet only.
    var nextDeadline: MediaInstant? {
        mutating get {
            var deadline = asksForLost ? loss.nextDeadline : nil
            if let due = order?.nextDeadline { deadline = deadline.map { min($0, due) } ?? due }
            if let due = frames.nextDeadline { deadline = deadline.map { min($0, due) } ?? due }
            if asksForKeyframe, let askedForKeyframeAt {
                let due = askedForKeyframeAt + keyframePause
                deadline = deadline.map { min($0, due) } ?? due
            }
            return deadline
        }
    }

    mutating func note(_ report: SenderReport, at now: MediaInstant) {
        reception.noteSenderReport(report, at: now)
        clock = (report.ntp, report.rtpTimestamp)
    }

    mutating func reportBlock(at now: MediaInstant) -> ReceptionReportBlock? {
        reception.makeReportBlock(ssrc: ssrc, at: now)
    }

    mutating func discardSound() { sound.discard() }

    /// The bounds of how long sound is held.
    mutating func setSoundDelays(_ delays: ClosedRange<MediaDuration>) { sound.delays = delays }

    /// How much longer than it needs sound is held.
    mutating func setExtraDelay(_ delay: MediaDuration) { sound.extraDelay = delay }

    mutating func noteAskedFor(_ count: Int) { statistics.packetsAskedFor &+= UInt64(count) }
    mutating func note(orientation value: UInt8) { orientation = value }
    mutating func note(level value: AudioLevel) { level = value }

    /// Another source is shown from now on: it is waited for as at first.
    mutating func restart() {
        sound.restart()
        frames.restart()
        level = nil
        orientation = 0
        isKeyframeWanted = false
    }

    /// Takes the codecs of a later answer.
    mutating func update(_ section: MediaSection) { codecs = section.codecs }

    /// The sender's wall clock at a timestamp; `nil` before its first report.
    mutating func captureTime(of timestamp: RTPTimestamp) -> NTPTime? {
        guard let clock else { return nil }
        let ticks = Int64(timestamp.distance(from: clock.timestamp))
        let rate: Int64 = kind == .audio ? 48_000 : 90_000
        return clock.ntp + MediaDuration(nanoseconds: ticks * 1_000_000_000 / rate)
    }

    /// What was counted, as of now.
    var figures: ReceivingStatistics {
        var figures = statistics
        figures.packetsLost = hasBegun ? reception.cumulativeLost : 0
        figures.jitterNanoseconds = reception.jitterNanoseconds
        figures.interruptions = frames.interruptions
        figures.soundDelayNanoseconds = kind == .audio ? sound.target.nanoseconds : 0
        figures.concealedTicks = sound.concealedTicks
        return figures
    }
}
