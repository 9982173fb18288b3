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
    func codecs(of section: DescribedSection) -> [NegotiatedCodec] {
        guard let kind = section.kind?.mediaKind else { return [] }
        let repairs = Self.retransmissions(of: section)
        var chosen: [NegotiatedCodec] = []
        var ranks: [Int] = []
        for format in section.formats {
            guard let map = format.map, let codec = Self.codec(named: map.name),
                codec.kind == kind, allowed.contains(codec), map.clockRate == codec.clockRate,
                let rank = Self.rank(of: codec, map: map, parameters: format.parameters)
            else { continue }
            var negotiated = NegotiatedCodec(
                codec: codec, payloadType: format.payloadType,
                retransmissionPayloadType: repairs[Int(format.payloadType)],
                clockRate: map.clockRate, channels: map.channels,
                parameters: Self.answeredParameters(of: codec, offered: format.parameters))
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
            if let at = chosen.firstIndex(where: { $0.codec == codec }) {
                if rank < ranks[at] {
                    chosen[at] = negotiated
                    ranks[at] = rank
                }
            } else {
                chosen.append(negotiated)
                ranks.append(rank)
            }
        }
        return ordered(Self.withRedundancy(chosen))
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
    private static func retransmissions(of section: DescribedSection) -> [UInt8?] {
        var repairs = [UInt8?](repeating: nil, count: 128)
        for format in section.formats {
            guard format.map?.name == "rtx",
                let text = FormatParameters.value(of: "apt", in: format.parameters),
                let original = UInt8(text), original < 128, original != format.payloadType,
                repairs[Int(original)] == nil
            else { continue }
            repairs[Int(original)] = format.payloadType
        }
        return repairs
    }

    private static func codec(named name: String) -> MediaCodec? {
        switch name {
        case "opus": .opus
        case "red": .red
        case "vp8": .vp8
        case "vp9": .vp9
        case "h264": .h264
        case "av1": .av1
        default: nil
        }
    }

    /// How well a format fits what is forwarded: 0 best, `nil` not at all.
    private static func rank(of codec: MediaCodec, map: RTPMap, parameters: String) -> Int? {
        switch codec {
        case .opus:
            return map.channels == 2 ? 0 : nil
        case .red:
            return map.channels == 2 && repeatedType(parameters) != nil ? 0 : nil
        case .vp8:
            return 0
        case .vp9:
            let profile = FormatParameters.value(of: "profile-id", in: parameters)
            return profile == nil || profile == "0" ? 0 : nil
        case .av1:
            let profile = FormatParameters.value(of: "profile", in: parameters)
            return profile == nil || profile == "0" ? 0 : nil
        case .h264:
            return h264Rank(parameters)
        case .pcmu, .pcma, .telephoneEvent, .rtx:
            return nil
        }
    }

    /// The payload type that redundant audio repeats, where it repeats one alone: `111/111`, as often
    /// as it likes (RFC 2198 §5).
    private static func repeatedType(_ parameters: String) -> UInt8? {
        let types = SDPFields.split(parameters, at: UInt8(ascii: "/")).map { UInt8($0) }
        guard types.count >= 2, let type = types[0], type < 128,
            types.allSatisfy({ $0 == type })
        else { return nil }
        return type
    }

    /// Constrained baseline with packetization mode 1, which every browser decodes, before all else
    /// (RFC 6184 §8.1).
    private static func h264Rank(_ parameters: String) -> Int? {
        guard FormatParameters.value(of: "packetization-mode", in: parameters) == "1" else {
            return nil
        }
        guard let text = h264Profile(parameters), let profile = UInt32(text, radix: 16) else {
            return 3
        }
        switch (profile, profile >> 16, profile >> 8 & 0x40) {
        case (0x42_E01F, _, _): return 0
        case (0x42_001F, _, _): return 1
        case (_, 0x42, 0x40): return 2
        case (_, 0x42, _): return 3
        // Main and High come from encoders outside browsers; every decoder we met takes them.
        default: return 4
        }
    }

    private static func h264Profile(_ parameters: String) -> String? {
        guard let text = FormatParameters.value(of: "profile-level-id", in: parameters),
            text.utf8.count == 6, SDPFields.isAlphanumeric(text, or: []),
            UInt32(text, radix: 16) != nil
        else { return nil }
        return SDPFields.lowercased(text)
    }

    /// The parameters of our answer: built here, never copied whole from the offer.
    private static func answeredParameters(of codec: MediaCodec, offered: String) -> String {
        func offers(_ key: String, _ value: String) -> Bool {
            FormatParameters.value(of: key, in: offered) == value
        }
        switch codec {
        case .opus:
            var parts = ["minptime=10", "useinbandfec=1"]
            if offers("usedtx", "1") { parts.append("usedtx=1") }
            if offers("stereo", "1") || offers("sprop-stereo", "1") {
                parts += ["stereo=1", "sprop-stereo=1"]
            }
            return parts.joined(separator: ";")
        case .vp9:
            return offers("profile-id", "0") ? "profile-id=0" : ""
        case .av1:
            var parts: [String] = []
            for key in ["level-idx", "profile", "tier"] {
                guard let text = FormatParameters.value(of: key, in: offered),
                    let number = UInt8(text)
                else { continue }
                parts.append("\(key)=\(number)")
            }
            return parts.joined(separator: ";")
        case .h264:
            var parts: [String] = []
            if offers("level-asymmetry-allowed", "1") { parts.append("level-asymmetry-allowed=1") }
            parts.append("packetization-mode=1")
            if let profile = h264Profile(offered) { parts.append("profile-level-id=\(profile)") }
            return parts.joined(separator: ";")
        case .red:
            return repeatedType(offered).map { "\($0)/\($0)" } ?? ""
        case .vp8, .pcmu, .pcma, .telephoneEvent, .rtx:
            return ""
        }
    }
}
