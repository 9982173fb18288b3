// One stream that a virtual client publishes: frames on a schedule, and a memory to repeat them from.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
package import RTP
package import Wire

/// One spatial layer of a source's stream.
package struct SpatialLayer: Sendable {
    /// Its extent in pixels.
    package var size: (width: UInt16, height: UInt16)
    /// Packets in each frame of it.
    package var packets: Int
    /// Bytes of each payload.
    package var payloadBytes: Int

    /// Describes a layer.
    package init(size: (width: UInt16, height: UInt16), packets: Int, payloadBytes: Int) {
        self.size = size
        self.packets = packets
        self.payloadBytes = payloadBytes
    }
}

/// What a source sends.
package struct SourceSettings: Sendable {
    /// The codec, one of the section's.
    package var codec: MediaCodec
    /// The number in its payloads that tells sources apart.
    package var tag: UInt16
    /// The time from one frame to the next.
    package var interval: MediaDuration
    /// Packets in each frame.
    package var packetsInFrame: Int
    /// Bytes of each payload.
    package var payloadBytes: Int
    /// Whether the first packets of a frame may be a byte shorter than its last ones, as libwebrtc's packetisers
    /// split a frame "about equally".
    package var isUneven = false
    /// How many packets a keyframe has, of 1,100 bytes each; `nil`: as many as any frame, and of its size.
    package var keyframePackets: Int?
    /// How long after its capture a frame is sent (an encoder's delay).
    package var sendDelay = MediaDuration.zero
    /// Whether a request for a keyframe is obeyed.
    package var obeysKeyframeRequests = true
    /// How many frames before its own a packet repeats (RFC 2198); for the codec `.red` alone.
    package var repeatedFrames = 0
    /// What is written in the audio level extension; `nil`: nothing.
    package var audioLevel: UInt8?
    /// What is written in the video orientation extension; `nil`: nothing.
    package var orientation: UInt8?
    /// The first sequence number; `nil`: at random.
    package var firstSequence: UInt16?
    /// The stream; `nil`: the one that the offer names.
    package var ssrc: SSRC?
    /// The simulcast layer it is of; `nil` without simulcast. It needs an `ssrc` of its own.
    package var rid: String?
    /// What its keyframes say of their size, in pixels: VP8 and H.264.
    package var size: (width: UInt16, height: UInt16) = (640, 360)
    /// The temporal layers of its frames in turn, with whether one may climb there; empty without such layers. VP8
    /// and VP9.
    package var temporalPattern: [(layer: UInt8, isSwitchPoint: Bool)] = []
    /// The spatial layers of each frame, from the smallest; empty without such layers. VP9 and AV1, like a browser's
    /// L3T3_KEY.
    package var spatialLayers: [SpatialLayer] = []

    /// Video at 30 frames a second.
    package static func video(_ codec: MediaCodec, tag: UInt16, packetsInFrame: Int = 3) -> Self {
        Self(
            codec: codec, tag: tag, interval: MediaDuration(nanoseconds: 33_333_333),
            packetsInFrame: packetsInFrame, payloadBytes: 300)
    }

    /// Audio in packets of 20 ms.
    package static func audio(tag: UInt16, level: UInt8? = 30) -> Self {
        Self(
            codec: .opus, tag: tag, interval: .milliseconds(20), packetsInFrame: 1,
            payloadBytes: 80, audioLevel: level)
    }

    /// Audio in packets of 20 ms that repeat the frames before their own.
    package static func redundantAudio(tag: UInt16, repeating frames: Int = 2) -> Self {
        var settings = audio(tag: tag)
        settings.codec = .red
        settings.repeatedFrames = frames
        return settings
    }
}

/// A packet that a source makes, in the clear.
package struct SourcePacket: Sendable {
    /// Its number, unwrapped.
    package var sequence: ExtendedSequenceNumber
    /// Its timestamp.
    package var timestamp: RTPTimestamp
    /// Whether it ends its frame.
    package var marker: Bool
    /// Its payload.
    package var payload: [UInt8]
    /// Its dependency descriptor; empty without one.
    package var dependencies: [UInt8] = []
}

/// A stream of one section.
package final class VirtualSource {
    /// The section it is sent in.
    package let mid: String
    /// What it sends; may be changed while it runs.
    package var settings: SourceSettings
    /// Its stream.
    package let ssrc: SSRC
    /// The stream of its retransmissions.
    package let retransmissionSSRC: SSRC?
    /// Its payload type.
    package let payloadType: UInt8
    /// That of its retransmissions.
    package let retransmissionPayloadType: UInt8?
    /// Ticks a second of its timestamps.
    package let clockRate: UInt32
    /// Whether it makes frames.
    package var isRunning = true
    /// Packets for which this says yes are numbered but not sent the first time.
    package var loses: (ExtendedSequenceNumber) -> Bool = { _ in false }
    /// Makes something else of each dependency descriptor.
    package var spoils: ([UInt8]) -> [UInt8] = { $0 }
    /// When keyframes were asked for.
    package private(set) var keyframeRequests: [MediaInstant] = []
    /// What was asked for again, with the time.
    package private(set) var repeatRequests: [(at: MediaInstant, number: SequenceNumber)] = []
    /// How many packets it has made.
    package private(set) var packetCount: UInt32 = 0
    /// The number of the last frame made, -1 before the first.
    package private(set) var lastFrame: Int = -1
    /// The frames that were keyframes.
    package private(set) var keyframes: [Int] = []
    /// The running numbers of the next frame.
    package var numbers: PictureNumbers
    /// When its next frame leaves.
    package private(set) var nextFrame: MediaInstant

    /// The number of AV1's last frame.
    private var frameNumber: UInt16 = 65_000
    /// What it sends where nobody bounds it, once somebody has.
    private var usualFrame: (packets: Int, bytes: Int)?
    private let started: MediaInstant
    private let firstTimestamp: UInt32
    private var nextSequence: UInt64
    private var nextRetransmission: UInt64
    private var wantsKeyframe = true
    private var memory: [UInt16: SourcePacket] = [:]
    private let opusPayloadType: UInt8
    private var lately: [(timestamp: RTPTimestamp, payload: [UInt8])] = []

    init(
        section: MediaSection, settings: SourceSettings, at now: MediaInstant,
        using random: inout SeededRandom
    ) {
        guard let slot = section.slot,
            let codec = section.codecs.first(where: { $0.codec == settings.codec })
        else { preconditionFailure("the section cannot send this codec") }
        mid = section.mid
        self.settings = settings
        ssrc = settings.ssrc ?? SSRC(slot.ssrc)
        retransmissionSSRC =
            settings.rid == nil
            ? slot.rtxSSRC.map { SSRC($0) } : SSRC(ssrc.rawValue ^ 0x8000_0000)
        payloadType = codec.payloadType
        opusPayloadType = section.codecs.first { $0.codec == .opus }?.payloadType ?? 0
        retransmissionPayloadType = codec.retransmissionPayloadType
        clockRate = codec.clockRate
        started = now
        nextFrame = now + settings.sendDelay
        firstTimestamp = UInt32(truncatingIfNeeded: random.next())
        nextSequence = UInt64(settings.firstSequence ?? UInt16(random.next() & 0x7FFF))
        nextRetransmission = random.next() & 0x7FFF
        numbers = PictureNumbers(
            pictureID: UInt16(random.next() & 0x7FFF),
            tl0PictureIndex: UInt8(truncatingIfNeeded: random.next()),
            keyIndex: UInt8(random.next() & 0x1F))
    }

    /// The timestamp of what is captured at an instant.
    package func timestamp(at instant: MediaInstant) -> RTPTimestamp {
        let ticks = (instant - started).nanoseconds / 1_000 * Int64(clockRate) / 1_000_000
        return RTPTimestamp(firstTimestamp &+ UInt32(truncatingIfNeeded: ticks))
    }

    /// When a frame was captured.
    package func captureTime(ofFrame frame: Int) -> MediaInstant {
        started + settings.interval * Int64(frame)
    }

    /// Notes a PLI or FIR.
    package func requestKeyframe(at now: MediaInstant) {
        keyframeRequests.append(now)
        if settings.obeysKeyframeRequests { wantsKeyframe = true }
    }

    /// The packet asked for again, under the next number of the retransmission stream.
    func retransmission(
        of number: SequenceNumber, at now: MediaInstant
    ) -> (packet: SourcePacket, sequence: ExtendedSequenceNumber)? {
        repeatRequests.append((now, number))
        guard let packet = memory[number.rawValue] else { return nil }
        nextRetransmission += 1
        return (packet, ExtendedSequenceNumber(nextRetransmission))
    }

    /// The packets of the frame that is due; empty if none is.
    func takeFrame(at now: MediaInstant) -> [SourcePacket] {
        guard isRunning, nextFrame <= now else { return [] }
        lastFrame += 1
        let captured = captureTime(ofFrame: lastFrame)
        nextFrame = captured + settings.interval + settings.sendDelay
        let isKeyframe = settings.codec.kind == .video && wantsKeyframe
        if isKeyframe {
            wantsKeyframe = false
            keyframes.append(lastFrame)
            numbers.keyIndex = (numbers.keyIndex &+ 1) & 0x1F
        }
        numbers.pictureID = (numbers.pictureID &+ 1) & 0x7FFF
        let pattern = settings.temporalPattern
        var temporal: (layer: UInt8, isSwitchPoint: Bool) = (0, false)
        if !pattern.isEmpty, !isKeyframe { temporal = pattern[lastFrame % pattern.count] }
        if temporal.layer == 0 { numbers.tl0PictureIndex &+= 1 }
        var packets: [SourcePacket] = []
        let isLarge = isKeyframe && settings.keyframePackets != nil
        let count = (isKeyframe ? settings.keyframePackets : nil) ?? settings.packetsInFrame
        let places = places(count: count)
        for (index, place) in places.enumerated() {
            var synthetic = SyntheticPacket(
                codec: settings.codec,
                tag: PayloadTag(
                    source: settings.tag, frame: UInt32(lastFrame), packet: UInt8(index)),
                packetsInFrame: places.count, isKeyframe: isKeyframe,
                numbers: numbers, size: settings.size, temporal: temporal)
            synthetic.spatial = place
            var packet = SourcePacket(
                sequence: ExtendedSequenceNumber(nextSequence), timestamp: timestamp(at: captured),
                marker: settings.codec.kind == .video && index == places.count - 1,
                payload: payload(
                    of: synthetic, packet: index, isLarge: isLarge, at: timestamp(at: captured)))
            if settings.codec == .av1, let place {
                if place.isFirst { frameNumber &+= 1 }
                packet.dependencies = spoils(
                    SyntheticDependencies.bytes(
                        of: place, frame: frameNumber, temporal: temporal.layer,
                        isKeyframe: isKeyframe))
            }
            nextSequence += 1
            packetCount += 1
            memory[packet.sequence.sequenceNumber.rawValue] = packet
            memory[packet.sequence.sequenceNumber.rawValue &- 2_048] = nil
            packets.append(packet)
        }
        return packets
    }

    /// The packets of a frame by their places among its spatial layers; `nil` for each without such layers.
    /// - Parameter count: How many packets a frame without such layers has.
    private func places(count: Int) -> [SpatialPlace?] {
        guard !settings.spatialLayers.isEmpty else {
            return [SpatialPlace?](repeating: nil, count: count)
        }
        let sizes = settings.spatialLayers.map(\.size)
        return settings.spatialLayers.enumerated().flatMap { number, layer in
            (0..<layer.packets).map {
                SpatialPlace(
                    layer: UInt8(number), isFirst: $0 == 0, isLast: $0 == layer.packets - 1,
                    sizes: sizes)
            }
        }
    }

    private func payload(
        of packet: SyntheticPacket, packet index: Int, isLarge: Bool, at timestamp: RTPTimestamp
    ) -> [UInt8] {
        let bytes = packet.spatial.map { settings.spatialLayers[Int($0.layer)].payloadBytes }
        let usual = isLarge ? 1_100 : payloadBytes(ofPacket: index)
        let primary = packet.payload(byteCount: bytes ?? usual)
        guard settings.codec == .red else { return primary }
        var heads: [UInt8] = []
        for frame in lately {
            let ticks = timestamp.distance(from: frame.timestamp)
            heads += [
                0x80 | opusPayloadType, UInt8(truncatingIfNeeded: ticks >> 6),
                UInt8(truncatingIfNeeded: ticks << 2 | frame.payload.count >> 8),
                UInt8(truncatingIfNeeded: frame.payload.count),
            ]
        }
        let payload = heads + [opusPayloadType] + lately.flatMap(\.payload) + primary
        lately.append((timestamp, primary))
        if lately.count > settings.repeatedFrames { lately.removeFirst() }
        return payload
    }

    private func payloadBytes(ofPacket index: Int) -> Int {
        // How many are longer is the remainder of a division: it differs from frame to frame.
        let longer = lastFrame % settings.packetsInFrame
        let isShorter = settings.isUneven && index + longer < settings.packetsInFrame
        return settings.payloadBytes - (isShorter ? 1 : 0)
    }

    /// Encodes no more than so many bits a second, headers left out, from the next frame on; `nil`: as much as before.
    package func bound(bitrate: Int?) {
        let usual = usualFrame ?? (settings.packetsInFrame, settings.payloadBytes)
        usualFrame = usual
        (settings.packetsInFrame, settings.payloadBytes) = usual
        guard let bitrate else { return }
        let perFrame = Int64(bitrate) / 8 * settings.interval.nanoseconds / 1_000_000_000
        let bytes = min(usual.packets * usual.bytes, max(60, Int(perFrame)))
        settings.packetsInFrame = (bytes + 1_179) / 1_180
        settings.payloadBytes = bytes / settings.packetsInFrame
    }

    /// Leaves numbers out, as if so many packets had been lost.
    package func leap(over count: UInt64) { nextSequence += count }

    /// Skips the frames of a time in which it did not run.
    package func resume(at now: MediaInstant) {
        isRunning = true
        while nextFrame < now {
            lastFrame += 1
            nextFrame =
                captureTime(ofFrame: lastFrame) + settings.interval + settings.sendDelay
        }
    }
}
