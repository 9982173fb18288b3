// Gives sending sections their streams and names, and keeps them through later offers.
// SPDX-License-Identifier: Apache-2.0

/// Words and numbers that only need to be unguessable or unique.
enum RandomWords {
    /// A word of `count` ice-chars (RFC 8839 §5.4), six random bits each.
    static func word(_ count: Int, using random: inout some RandomNumberGenerator) -> String {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var bytes: [UInt8] = []
        var bits: UInt64 = 0
        for index in 0..<count {
            if index % 10 == 0 { bits = random.next() }
            bytes.append(alphabet[Int(bits & 63)])
            bits >>= 6
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Fresh ICE words: 48 random bits of name, 144 of password (RFC 8445 §5.3 asks for 24 and
    /// 128).
    static func ice(using random: inout some RandomNumberGenerator) -> ICEParameters {
        ICEParameters(
            usernameFragment: word(8, using: &random), password: word(24, using: &random))
    }
}

/// Allocates slots for one answer.
struct SlotAllocation {
    /// Every stream number in use: declared by the client, or ours from before.
    private var used: Set<UInt32>
    private let previous: PeerMedia?

    /// Starts from what the client declares and what the last answer gave out.
    init(offer: DescribedSession, previous: PeerMedia?) {
        used = [0]
        for section in offer.sections {
            used.formUnion(section.ssrcs)
            for repair in section.repairs {
                used.formUnion([repair.media, repair.retransmission])
            }
        }
        for section in previous?.sections ?? [] {
            guard let slot = section.slot else { continue }
            used.insert(slot.ssrc)
            if let rtx = slot.rtxSSRC { used.insert(rtx) }
        }
        self.previous = previous
    }

    /// Gives every sending section its slot. Sections that had one under the same mid keep it, also
    /// through offers in which they do not send: the stream they had must go on, not another begin
    /// under its mid.
    mutating func allocate(
        in sections: inout [MediaSection], pairing: Pairing,
        using random: inout some RandomNumberGenerator
    ) {
        for index in sections.indices where !sections[index].direction.isSending {
            sections[index].slot = slot(before: sections[index])
        }
        var isNew = [Bool](repeating: false, count: sections.count)
        for index in sections.indices where sections[index].direction.isSending {
            let needsRTX = sections[index].codecs.contains { $0.retransmissionPayloadType != nil }
            if var slot = slot(before: sections[index]) {
                if needsRTX, slot.rtxSSRC == nil { slot.rtxSSRC = number(using: &random) }
                sections[index].slot = slot
            } else {
                isNew[index] = true
                sections[index].slot = SlotSource(
                    ssrc: number(using: &random),
                    rtxSSRC: needsRTX ? number(using: &random) : nil,
                    streamID: "pair-\(sections[index].mid)",
                    trackID: "slot-\(sections[index].mid)")
            }
        }
        for (audio, video) in pairing.pairs(in: sections) where isNew[video] {
            guard let stream = sections[audio].slot?.streamID else { continue }
            sections[video].slot?.streamID = stream
        }
    }

    private func slot(before section: MediaSection) -> SlotSource? {
        guard let previous else { return nil }
        let known =
            section.index < previous.sections.count
                && previous.sections[section.index].mid == section.mid
            ? previous.sections[section.index] : nil
        return known?.kind == section.kind ? known?.slot : nil
    }

    private mutating func number(using random: inout some RandomNumberGenerator) -> UInt32 {
        while true {
            let number = UInt32(truncatingIfNeeded: random.next())
            if used.insert(number).inserted { return number }
        }
    }
}

/// Which audio slot belongs to which video slot: browsers keep lip sync inside one stream.
enum Pairing {
    /// The audio right before a video (our SDKs, and clients that send and receive in one section).
    case adjacent
    /// The n-th audio with the n-th video (players, which write all of one kind first).
    case counted

    /// The pairs as indexes (audio, video); each section stands in one at most.
    func pairs(in sections: [MediaSection]) -> [(Int, Int)] {
        let slots = sections.indices.filter { sections[$0].direction.isSending }
        switch self {
        case .adjacent:
            return slots.compactMap { index in
                guard sections[index].kind == .video, index > 0,
                    sections[index - 1].kind == .audio, sections[index - 1].direction.isSending
                else { return nil }
                return (index - 1, index)
            }
        case .counted:
            let audio = slots.filter { sections[$0].kind == .audio }
            let video = slots.filter { sections[$0].kind == .video }
            return Array(zip(audio, video))
        }
    }
}
