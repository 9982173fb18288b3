// Whether sound is sent twice, each packet once more with the next one (RFC 2198), and what it looks like then.
// SPDX-License-Identifier: Apache-2.0
import Negotiation
import Payloads
import RTP
import Wire

/// Repeats the packet before in each packet of one stream of sound, as browsers do, where the other side takes it and the path has
/// room for it.
struct SoundRedundancy: Sendable {
    /// The share of the path that sound with its repetitions may take: beside pictures, as the server has it for receivers, and alone.
    static let share = (besidePictures: 0.25, alone: 0.75)
    /// It begins again where it takes this much of that share.
    private static let resumedAt = 0.8
    /// What a packet has around its payload, about, in bytes.
    private static let headersBytes = Double(
        SendingStream.headersMax + ClientConnection.datagramOverhead)
    /// How much a packet counts in the mean.
    private static let smoothing = 0.1

    private let redundant: UInt8
    private let opus: UInt8
    private var previous: (timestamp: RTPTimestamp, bytes: [UInt8])?
    /// What sound takes with its repetitions, in bits a second.
    private(set) var rate = 0.0
    /// Whether the path is too narrow for it at present.
    private(set) var isOff = false

    /// `nil`: these codecs have nothing of the kind.
    init?(codecs: [NegotiatedCodec]) {
        guard let redundant = codecs.first(where: { $0.codec == .red }),
            let opus = codecs.first(where: { $0.codec == .opus })
        else { return nil }
        self.redundant = redundant.payloadType
        self.opus = opus.payloadType
    }

    /// Looks whether there is room for it.
    /// - Parameters:
    ///   - estimate: What the path carries, in bits a second; `nil`: that is not known, and it is sent.
    ///   - isBesidePictures: Whether pictures are sent as well.
    mutating func choose(estimate: Double?, isBesidePictures: Bool) {
        guard let estimate else {
            isOff = false
            return
        }
        let most = estimate * (isBesidePictures ? Self.share.besidePictures : Self.share.alone)
        isOff = rate > most * (isOff ? Self.resumedAt : 1)
    }

    /// A packet as it is sent, and under which payload type.
    mutating func payload(
        of bytes: [UInt8], timestamp: RTPTimestamp, payloadMax: Int
    ) -> (bytes: [UInt8], payloadType: UInt8) {
        count(bytes)
        let before = previous
        previous = (timestamp, bytes)
        guard !isOff else { return (bytes, opus) }
        let repeated = before.flatMap { before -> (bytes: [UInt8], ticks: UInt32)? in
            // What was sent before a pause is not missed any more.
            let ticks = timestamp.distance(from: before.timestamp)
            guard 1...OpusPacket.ticksMax ~= Int(ticks) else { return nil }
            return (before.bytes, UInt32(ticks))
        }
        let whole = RedundantAudio.payload(
            primary: bytes, repeating: repeated, payloadType: opus)
        return whole.count <= payloadMax ? (whole, redundant) : (bytes, opus)
    }

    private mutating func count(_ bytes: [UInt8]) {
        guard let packet = OpusPacket.parse(bytes.span) else { return }
        let bits = (Double(bytes.count) * 2 + Self.headersBytes) * 8
        let now = bits * 48_000 / Double(packet.ticks)
        rate = rate == 0 ? now : rate + (now - rate) * Self.smoothing
    }
}
