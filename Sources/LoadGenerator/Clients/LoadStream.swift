// One synthetic stream: frames on a schedule, shaped like VP8 or Opus, each packet with the time it was sent.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import PeerTransport
import RTP
package import Wire

/// What a synthetic stream looks like on the wire.
package struct LoadShape: Sendable, Equatable {
    /// The time from one frame to the next.
    package var interval: MediaDuration
    /// Packets in each frame.
    package var packetsInFrame: Int
    /// Bytes of each payload, 32 to 1,300.
    package var payloadBytes: Int
    /// Whether the packets of a frame are spread over its interval, as browsers pace them;
    /// otherwise they leave at once.
    package var isSpread = false
    /// Whether the first packets of a frame may be a byte shorter than its last ones, as libwebrtc's packetisers
    /// split a frame "about equally".
    package var isUneven = false

    /// Describes a stream.
    package init(
        interval: MediaDuration, packetsInFrame: Int, payloadBytes: Int, isSpread: Bool = false,
        isUneven: Bool = false
    ) {
        self.interval = interval
        self.packetsInFrame = max(1, packetsInFrame)
        self.payloadBytes = min(max(32, payloadBytes), 1_300)
        self.isSpread = isSpread
        self.isUneven = isUneven
    }

    /// Video of 1.44 Mbit/s: 30 frames a second of five packets.
    package static let video = LoadShape(
        interval: MediaDuration(nanoseconds: 33_333_333), packetsInFrame: 5, payloadBytes: 1_200)
    /// Audio of 50 packets a second.
    package static let audio = LoadShape(
        interval: .milliseconds(20), packetsInFrame: 1, payloadBytes: 100)
}

/// A stream being published.
struct LoadStream {
    /// Where the time of sending stands, counted from the payload's end.
    static let stampCount = 8
    /// The longest pause after which missed frames are still made up for.
    static let backlogMax = MediaDuration.milliseconds(200)

    let ssrc: SSRC
    private let kind: MediaKind
    private let payloadType: UInt8
    private let clockRate: UInt32
    private let mid: [UInt8]
    private let midID: UInt8?
    private let transportSequenceID: UInt8?
    private let audioLevelID: UInt8?
    private let shape: LoadShape
    private let start: MediaInstant
    private var payload: [UInt8]
    private var sequence: UInt64
    private var frame: Int64 = 0
    private var packet = 0
    private var isKeyframe = true
    private var wantsKeyframe = false
    private(set) var nextPacketAt: MediaInstant
    private(set) var packetsSent: UInt64 = 0
    private(set) var bytesSent: UInt64 = 0

    /// - Returns: `nil` if the section does not send VP8 or Opus.
    init?(section: MediaSection, shape: LoadShape, firstSequence: UInt16, at now: MediaInstant) {
        guard section.direction == .sends, let slot = section.slot,
            let codec = section.codecs.first(where: { $0.codec == .vp8 || $0.codec == .opus })
        else { return nil }
        ssrc = SSRC(slot.ssrc)
        kind = codec.codec == .vp8 ? .video : .audio
        payloadType = codec.payloadType
        clockRate = codec.clockRate
        mid = Array(section.mid.utf8)
        midID = section.extensionID(.mid)
        transportSequenceID = section.extensionID(.transportSequenceNumber)
        audioLevelID = section.extensionID(.audioLevel)
        self.shape = shape
        start = now
        nextPacketAt = now
        sequence = UInt64(firstSequence & 0x7FFF)
        payload = [UInt8](repeating: 0x5A, count: shape.payloadBytes)
    }

    mutating func requestKeyframe() { wantsKeyframe = true }

    mutating func resetCounter() {
        packetsSent = 0
        bytesSent = 0
    }

    /// Seals the next packet into `target`.
    /// - Returns: Its size; `nil` if it could not be sealed.
    mutating func write(
        into target: inout MutableSpan<UInt8>, through transport: inout PeerTransport,
        transportSequence: inout UInt16, at now: MediaInstant
    ) -> Int? {
        let isLast = packet == shape.packetsInFrame - 1
        writePayload(at: now)
        var writer = RTPHeaderWriter()
        let index = ExtendedSequenceNumber(sequence)
        let captured = shape.interval * frame
        let ticks = captured.nanoseconds / 1_000 * Int64(clockRate) / 1_000_000
        writer.begin(
            marker: kind == .video && isLast, payloadType: payloadType,
            sequenceNumber: index.sequenceNumber,
            timestamp: RTPTimestamp(UInt32(truncatingIfNeeded: ticks)), ssrc: ssrc, in: &target)
        if let midID { writer.append(id: midID, data: mid.span, in: &target) }
        if let transportSequenceID {
            writer.append(id: transportSequenceID, uint16: transportSequence, in: &target)
            transportSequence &+= 1
        }
        if let audioLevelID { writer.append(id: audioLevelID, uint8: 0x80 | 30, in: &target) }
        let headerCount = writer.finish(in: &target)
        let count: Int?
        do {
            count = try transport.sealRTP(
                &target, headerCount: headerCount,
                payload: payload.span.extracting(0..<payloadCount), ssrc: ssrc, index: index)
        } catch {
            count = nil
        }
        sequence += 1
        packetsSent &+= 1
        bytesSent &+= UInt64(count ?? 0)
        step(at: now)
        return count
    }

    private var payloadCount: Int {
        // How many are longer is the remainder of a division: it differs from frame to frame.
        let longer = Int(frame % Int64(shape.packetsInFrame))
        return payload.count - (shape.isUneven && packet + longer < shape.packetsInFrame ? 1 : 0)
    }

    /// RFC 7741 §4.2: a descriptor with a 15-bit picture id, then the first byte of the frame.
    private mutating func writePayload(at now: MediaInstant) {
        if kind == .video {
            payload[0] = 0x80 | (packet == 0 ? 0x10 : 0)
            payload[1] = 0x80
            payload[2] = 0x80 | UInt8(truncatingIfNeeded: frame >> 8)
            payload[3] = UInt8(truncatingIfNeeded: frame)
            payload[4] = isKeyframe ? 0x10 : 0x11
        }
        let place = payloadCount - Self.stampCount
        for byte in 0..<Self.stampCount {
            let shift = Int64(56 - 8 * byte)
            payload[place + byte] = UInt8(truncatingIfNeeded: now.nanoseconds >> shift)
        }
    }

    private mutating func step(at now: MediaInstant) {
        packet += 1
        if packet == shape.packetsInFrame {
            packet = 0
            frame += 1
            isKeyframe = wantsKeyframe
            wantsKeyframe = false
        }
        nextPacketAt = due()
        if packet == 0, now - nextPacketAt > Self.backlogMax {
            // The machine could not keep up: what was missed is not made up for in one burst.
            frame = (now - start).nanoseconds / shape.interval.nanoseconds
            nextPacketAt = due()
        }
    }

    private func due() -> MediaInstant {
        let base = start + shape.interval * frame
        guard shape.isSpread else { return base }
        let part = shape.interval.nanoseconds * Int64(packet) / Int64(shape.packetsInFrame)
        return base + MediaDuration(nanoseconds: part)
    }
}
