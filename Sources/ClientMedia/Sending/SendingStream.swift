// One stream that a client sends: frames cut into packets, a memory to repeat them from, and reports.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
package import Payloads
package import RTP
package import Wire

/// Why a frame was not sent.
package enum SendError: Error, Equatable, Sendable {
    /// Nothing is sent in such a section, or not with such a layer.
    case noSection
    /// The other side does not take this codec, or it cannot be cut into packets here.
    case codecNotNegotiated(MediaCodec)
    /// The frame cannot be cut into packets.
    case malformed(PacketizationError)
    /// More waits for the network than may; frames of this stream are refused until a keyframe.
    case congested
    /// No media can flow yet, or any more.
    case notConnected
}

/// A frame to be sent.
package struct OutgoingFrame: Sendable {
    /// What it is encoded as: Opus, VP8, VP9, H.264 in the form of Annex B, AV1 in the low-overhead form.
    package var codec: MediaCodec
    /// The frame.
    package var bytes: [UInt8]
    /// When it was captured: the timestamp is made of it.
    package var capturedAt: MediaInstant
    /// Whether a decoder can begin with it; of no meaning for sound.
    package var isKeyframe: Bool
    /// How loud it is (RFC 6464); sound alone.
    package var level: AudioLevel?
    /// How a picture is to be turned (3GPP TS 26.114 §7.4.5); `nil`: as it is.
    package var orientation: UInt8?

    /// Describes a frame.
    package init(
        codec: MediaCodec, bytes: [UInt8], capturedAt: MediaInstant, isKeyframe: Bool = false,
        level: AudioLevel? = nil, orientation: UInt8? = nil
    ) {
        self.codec = codec
        self.bytes = bytes
        self.capturedAt = capturedAt
        self.isKeyframe = isKeyframe
        self.level = level
        self.orientation = orientation
    }
}

/// What a stream has sent.
package struct SendingStatistics: Sendable, Equatable {
    /// Packets sent for the first time.
    package var packets: UInt64 = 0
    /// Bytes of their payloads.
    package var payloadBytes: UInt64 = 0
    /// Packets sent again because they were asked for.
    package var repeatedPackets: UInt64 = 0
    /// Whole frames.
    package var frames: UInt64 = 0
    /// Frames with which a decoder can begin.
    package var keyframes: UInt64 = 0
    /// Frames refused because too much waited.
    package var refusedFrames: UInt64 = 0
    /// Requests for a keyframe (PLI and FIR).
    package var keyframeRequests: UInt64 = 0
    /// Numbers asked for again (NACK).
    package var packetsAskedFor: UInt64 = 0
    /// The share of packets lost on the way to the server as it last reported, 0 to 1.
    package var lossShare = 0.0

    /// Nothing sent.
    package init() {}
}

/// The packets of one media stream and those that repeat them (RFC 4588).
struct SendingStream: Sendable {
    /// The largest payload: with all headers the datagram stays below 1,200 bytes.
    static let payloadMax = 1_120
    /// What the headers and the tag of a packet have at most, about, in bytes.
    static let headersMax = 60
    /// The most packets remembered, for repetition.
    static let memory = (sound: 128, picture: 1_024)

    let mid: String
    let rid: String?
    let kind: MediaKind
    let ssrc: SSRC
    let rtxSSRC: SSRC?
    let codecs: [NegotiatedCodec]
    private(set) var packets: PacketMemory
    private(set) var statistics = SendingStatistics()
    /// Frames are refused until the next keyframe.
    private(set) var awaitsKeyframe = false
    private var next: ExtendedSequenceNumber
    private var nextRepetition: ExtendedSequenceNumber
    private let timestampOffset: UInt32
    private var vp8: VP8Packetizer
    private var h264 = H264Packetizer()
    private var vp9: VP9Packetizer
    private var av1 = AV1Packetizer()
    private var redundancy: SoundRedundancy?
    private var cut = PacketizedFrame()

    init(
        section: MediaSection, ssrc: SSRC, rtxSSRC: SSRC?, rid: String?,
        using random: inout some RandomNumberGenerator
    ) {
        mid = section.mid
        self.rid = rid
        kind = section.kind.mediaKind ?? .audio
        self.ssrc = ssrc
        self.rtxSSRC = rtxSSRC
        codecs = section.codecs
        redundancy = SoundRedundancy(codecs: section.codecs)
        packets = PacketMemory(
            capacity: kind == .audio ? Self.memory.sound : Self.memory.picture)
        // Below half of the range, so that the first packets' rollover counter is never in doubt (RFC 3711 §3.3.1).
        next = ExtendedSequenceNumber(UInt64(UInt16.random(in: 0...0x7FFF, using: &random)))
        nextRepetition = ExtendedSequenceNumber(
            UInt64(UInt16.random(in: 0...0x7FFF, using: &random)))
        timestampOffset = UInt32(truncatingIfNeeded: random.next())
        let firstPictureID = UInt16(truncatingIfNeeded: random.next())
        vp8 = VP8Packetizer(firstPictureID: firstPictureID)
        vp9 = VP9Packetizer(firstPictureID: firstPictureID)
    }

    /// Whether anything was sent, so that reports make sense.
    var hasBegun: Bool { statistics.packets > 0 }

    /// What a moment is on the stream's clock.
    func timestamp(at instant: MediaInstant) -> RTPTimestamp {
        let rate = Int64(kind == .audio ? 48_000 : 90_000)
        let (seconds, rest) = instant.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let ticks = seconds &* rate &+ rest * rate / 1_000_000_000
        return RTPTimestamp(timestampOffset &+ UInt32(truncatingIfNeeded: ticks))
    }

    /// Looks whether there is room for sound to be sent twice.
    mutating func chooseRedundancy(estimate: Double?, isBesidePictures: Bool) {
        redundancy?.choose(estimate: estimate, isBesidePictures: isBesidePictures)
    }

    /// Cuts a frame into packets and remembers them.
    /// - Returns: The numbers of its packets, in order.
    mutating func append(_ frame: OutgoingFrame) throws(SendError) -> Range<UInt64> {
        guard let codec = codecs.first(where: { $0.codec == frame.codec }) else {
            throw .codecNotNegotiated(frame.codec)
        }
        guard !awaitsKeyframe || frame.isKeyframe || kind == .audio else {
            statistics.refusedFrames &+= 1
            throw .congested
        }
        let first = next.rawValue
        let timestamp = timestamp(at: frame.capturedAt)
        do throws(PacketizationError) {
            switch frame.codec {
            case .vp8:
                try vp8.packetize(frame.bytes.span, payloadMax: Self.payloadMax, into: &cut)
            case .h264:
                try h264.packetize(frame.bytes.span, payloadMax: Self.payloadMax, into: &cut)
            case .vp9:
                try vp9.packetize(frame.bytes.span, payloadMax: Self.payloadMax, into: &cut)
            case .av1:
                try av1.packetize(frame.bytes.span, payloadMax: Self.payloadMax, into: &cut)
            case .opus:
                guard !frame.bytes.isEmpty else { throw PacketizationError.empty }
                guard frame.bytes.count <= Self.payloadMax else {
                    throw PacketizationError.tooLarge(frame.bytes.count)
                }
                let (bytes, payloadType) =
                    redundancy?.payload(
                        of: frame.bytes, timestamp: timestamp, payloadMax: Self.payloadMax)
                    ?? (frame.bytes, codec.payloadType)
                insert(
                    MediaPacket(
                        number: next, timestamp: timestamp, marker: false,
                        payloadType: payloadType, value: frame.level?.byte, payload: bytes))
                statistics.frames &+= 1
                return first..<next.rawValue
            default: throw PacketizationError.noUnits
            }
        } catch {
            throw .malformed(error)
        }
        for index in 0..<cut.count {
            insert(
                MediaPacket(
                    number: next, timestamp: timestamp, marker: index == cut.count - 1,
                    payloadType: codec.payloadType, value: frame.orientation,
                    payload: Array(cut.bytes[cut.range(of: index)])))
        }
        statistics.frames &+= 1
        if frame.isKeyframe {
            statistics.keyframes &+= 1
            awaitsKeyframe = false
        }
        return first..<next.rawValue
    }

    private mutating func insert(_ packet: MediaPacket) {
        packets.insert(packet)
        next = ExtendedSequenceNumber(next.rawValue + 1)
    }

    /// Refuses what comes until a keyframe.
    mutating func refuse() {
        statistics.refusedFrames &+= 1
        awaitsKeyframe = kind == .video
    }

    /// Notes that a packet has left.
    mutating func noteSent(_ packet: MediaPacket, isRepetition: Bool, at now: MediaInstant) {
        packets.noteSent(packet.number, at: now)
        if isRepetition {
            statistics.repeatedPackets &+= 1
        } else {
            statistics.packets &+= 1
            statistics.payloadBytes &+= UInt64(packet.payload.count)
        }
    }

    /// The number of the next packet of the stream that repeats (RFC 4588 §4).
    mutating func takeRepetitionNumber() -> ExtendedSequenceNumber {
        defer { nextRepetition = ExtendedSequenceNumber(nextRepetition.rawValue + 1) }
        return nextRepetition
    }

    /// What a number that was asked for stands for: the packets that were sent end at the newest.
    func number(_ wire: SequenceNumber) -> ExtendedSequenceNumber { next.nearest(to: wire) }

    /// The type of packets that repeat those of a type (RFC 4588 §8.6); `nil`: they are sent again under their own number.
    func repetitionType(of payloadType: UInt8) -> UInt8? {
        guard rtxSSRC != nil else { return nil }
        return codecs.first { $0.payloadType == payloadType }?.retransmissionPayloadType
    }

    mutating func noteAskedFor(_ count: Int) { statistics.packetsAskedFor &+= UInt64(count) }
    mutating func noteKeyframeRequest() { statistics.keyframeRequests &+= 1 }
    mutating func noteLoss(_ fraction: UInt8) { statistics.lossShare = Double(fraction) / 256 }
}
