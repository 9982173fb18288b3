// Which codecs of an offered section are taken, and with which parameters.
// SPDX-License-Identifier: Apache-2.0
import RTP
import SDP

/// Chooses codecs by what their parameters say, not by name alone: H264 alone stands in an offer 6
/// to 8 times.
struct CodecSelection {
    /// The codecs this side takes.
    let allowed: [MediaCodec]
    /// Codecs to put first, in this order; empty keeps the order of the offer.
    let preferred: [MediaCodec]

    /// The codecs of a section that both sides have, each once; O(formats).
    /// - Parameter text: The text of the section's description.
    func codecs(of section: DescribedSection, in text: Span<UInt8>) -> [NegotiatedCodec] {
        guard let kind = section.kind?.mediaKind else { return [] }
        let repairs = Self.retransmissions(of: section, in: text)
        var chosen: [(format: DescribedFormat, map: RTPMap, codec: MediaCodec, rank: Int)] = []
        for format in section.formats {
            guard let map = format.map, let codec = Self.codec(text, named: map.name),
                codec.kind == kind, allowed.contains(codec), map.clockRate == codec.clockRate,
                let rank = Self.rank(of: codec, map: map, text, format.parameters)
            else { continue }
            if let at = chosen.firstIndex(where: { $0.codec == codec }) {
                if rank < chosen[at].rank { chosen[at] = (format, map, codec, rank) }
            } else {
                chosen.append((format, map, codec, rank))
            }
        }
        var codecs: [NegotiatedCodec] = []
        codecs.reserveCapacity(chosen.count)
        for (format, map, codec, _) in chosen {
            var negotiated = NegotiatedCodec(
                codec: codec, payloadType: format.payloadType,
                retransmissionPayloadType: repairs[Int(format.payloadType)],
                clockRate: map.clockRate, channels: map.channels,
                parameters: Self.answeredParameters(of: codec, text, offered: format.parameters))
            negotiated.hasTransportCC = format.feedback.contains(.transportCC)
            // Of sound, what RED repeats has no feedback of its own.
            negotiated.hasNACK =
                (kind == .video || codec == .opus) && format.feedback.contains(.nack)
            if kind == .video {
                negotiated.hasPLI = format.feedback.contains(.pli)
                negotiated.hasFIR = format.feedback.contains(.fir)
                negotiated.hasReceiverTime = format.feedback.contains(.receiverTime)
                negotiated.hasREMB = format.feedback.contains(.remb)
            }
            codecs.append(negotiated)
        }
        return ordered(Self.withRedundancy(codecs))
    }

    /// Audio with redundancy (RFC 2198) before the codec it repeats: what stands first is what a
    /// browser sends. Left out where it does not repeat the Opus that was chosen.
    private static func withRedundancy(_ codecs: [NegotiatedCodec]) -> [NegotiatedCodec] {
        guard let red = codecs.first(where: { $0.codec == .red }) else { return codecs }
        var others = codecs.filter { $0.codec != .red }
        guard let opus = others.firstIndex(where: { $0.codec == .opus }),
            red.parameters == "\(others[opus].payloadType)/\(others[opus].payloadType)"
        else { return others }
        others.insert(red, at: opus)
        return others
    }

    private func ordered(_ codecs: [NegotiatedCodec]) -> [NegotiatedCodec] {
        guard !preferred.isEmpty else { return codecs }
        var first: [NegotiatedCodec] = []
        for codec in preferred where !first.contains(where: { $0.codec == codec }) {
            if let found = codecs.first(where: { $0.codec == codec }) { first.append(found) }
        }
        return first
            + codecs.filter { codec in !first.contains { $0.payloadType == codec.payloadType } }
    }

    /// What repeats each payload type (RFC 4588 §8.6): the first RTX format that names it.
    private static func retransmissions(
        of section: DescribedSection, in text: Span<UInt8>
    ) -> InlineArray<128, UInt8?> {
        var repairs = InlineArray<128, UInt8?>(repeating: nil)
        for format in section.formats {
            guard let map = format.map, text.matchesInAnyCase(map.name, "rtx"),
                let value = FormatParameters.value(of: "apt", text, format.parameters),
                let original = text.payloadType(value), original != format.payloadType,
                repairs[Int(original)] == nil
            else { continue }
            repairs[Int(original)] = format.payloadType
        }
        return repairs
    }

    private static func codec(_ text: Span<UInt8>, named name: Range<Int>) -> MediaCodec? {
        switch name.count {
        case 4 where text.matchesInAnyCase(name, "opus"): .opus
        case 3 where text.matchesInAnyCase(name, "red"): .red
        case 3 where text.matchesInAnyCase(name, "vp8"): .vp8
        case 3 where text.matchesInAnyCase(name, "vp9"): .vp9
        case 4 where text.matchesInAnyCase(name, "h264"): .h264
        case 3 where text.matchesInAnyCase(name, "av1"): .av1
        default: nil
        }
    }

    /// How well a format fits what is forwarded: 0 best, `nil` not at all.
    private static func rank(
        of codec: MediaCodec, map: RTPMap, _ text: Span<UInt8>, _ parameters: Range<Int>
    ) -> Int? {
        switch codec {
        case .opus:
            return map.channels == 2 ? 0 : nil
        case .red:
            return map.channels == 2 && repeatedType(text, parameters) != nil ? 0 : nil
        case .vp8:
            return 0
        case .vp9:
            guard let profile = FormatParameters.value(of: "profile-id", text, parameters) else {
                return 0
            }
            return text.matches(profile, "0") ? 0 : nil
        case .av1:
            guard let profile = FormatParameters.value(of: "profile", text, parameters) else {
                return 0
            }
            return text.matches(profile, "0") ? 0 : nil
        case .h264:
            return h264Rank(text, parameters)
        case .pcmu, .pcma, .telephoneEvent, .rtx:
            return nil
        }
    }

    /// The payload type that redundant audio repeats, where it repeats one alone: `111/111`, as often
    /// as it likes (RFC 2198 §5).
    private static func repeatedType(_ text: Span<UInt8>, _ parameters: Range<Int>) -> UInt8? {
        let slash = UInt8(ascii: "/")
        var parts = SDPFields(parameters)
        guard let first = parts.part(text, endedBy: slash), let type = text.payloadType(first)
        else { return nil }
        var count = 1
        while let part = parts.part(text, endedBy: slash) {
            guard text.payloadType(part) == type else { return nil }
            count += 1
        }
        return count >= 2 ? type : nil
    }

    /// Constrained baseline with packetization mode 1, which every browser decodes, before all else
    /// (RFC 6184 §8.1).
    private static func h264Rank(_ text: Span<UInt8>, _ parameters: Range<Int>) -> Int? {
        guard offers("packetization-mode", "1", text, parameters) else { return nil }
        guard let profile = h264Profile(text, parameters) else { return 3 }
        switch (profile, profile >> 16, profile >> 8 & 0x40) {
        case (0x42_E01F, _, _): return 0
        case (0x42_001F, _, _): return 1
        case (_, 0x42, 0x40): return 2
        case (_, 0x42, _): return 3
        // Main and High come from encoders outside browsers; every decoder we met takes them.
        default: return 4
        }
    }

    /// The three bytes of `profile-level-id` (RFC 6184 §8.1).
    private static func h264Profile(_ text: Span<UInt8>, _ parameters: Range<Int>) -> UInt32? {
        guard let value = FormatParameters.value(of: "profile-level-id", text, parameters),
            value.count == 6, text.isAlphanumeric(value)
        else { return nil }
        return UInt32(text.string(value), radix: 16)
    }

    private static func offers(
        _ key: StaticString, _ value: StaticString, _ text: Span<UInt8>, _ parameters: Range<Int>
    ) -> Bool {
        guard let range = FormatParameters.value(of: key, text, parameters) else { return false }
        return text.matches(range, value)
    }

    /// The parameters of our answer: built here, never copied whole from the offer.
    private static func answeredParameters(
        of codec: MediaCodec, _ text: Span<UInt8>, offered: Range<Int>
    ) -> String {
        switch codec {
        case .opus:
            var answer = "minptime=10;useinbandfec=1"
            if offers("usedtx", "1", text, offered) { answer += ";usedtx=1" }
            if offers("stereo", "1", text, offered) || offers("sprop-stereo", "1", text, offered) {
                answer += ";stereo=1;sprop-stereo=1"
            }
            return answer
        case .vp9:
            return offers("profile-id", "0", text, offered) ? "profile-id=0" : ""
        case .av1:
            var parts: [String] = []
            for (key, name) in av1Keys {
                guard let value = FormatParameters.value(of: key, text, offered),
                    let number = text.number(value, most: 255)
                else { continue }
                parts.append("\(name)=\(number)")
            }
            return parts.joined(separator: ";")
        case .h264:
            var answer =
                offers("level-asymmetry-allowed", "1", text, offered)
                ? "level-asymmetry-allowed=1;packetization-mode=1" : "packetization-mode=1"
            if let value = FormatParameters.value(of: "profile-level-id", text, offered),
                h264Profile(text, offered) != nil
            {
                answer += ";profile-level-id="
                answer += text.string(lowercased: value)
            }
            return answer
        case .red:
            return repeatedType(text, offered).map { "\($0)/\($0)" } ?? ""
        case .vp8, .pcmu, .pcma, .telephoneEvent, .rtx:
            return ""
        }
    }

    private static let av1Keys: [(StaticString, String)] = [
        ("level-idx", "level-idx"), ("profile", "profile"), ("tier", "tier"),
    ]
}
