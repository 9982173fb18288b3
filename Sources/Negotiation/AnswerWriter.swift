// Writes the answer of a negotiated offer.
// SPDX-License-Identifier: Apache-2.0
import RTP
import SDP

/// Writes an answer: sections in the offer's order, one transport for all (RFC 8829 §5.3, RFC 9143
/// §7.3).
struct AnswerWriter {
    let configuration: ServerMediaConfiguration
    let offer: DescribedSession
    let media: PeerMedia
    /// The living sections, in the order of the group; the first carries the candidates.
    let bundle: [Int]
    /// Whether every section repeats the fingerprint instead of one line above all: clients outside
    /// browsers look for it there.
    let repeatsFingerprint: Bool

    /// The answer.
    func description() -> SessionDescription {
        var answer = SessionDescription(sessionID: media.sessionID, version: media.version)
        if configuration.isICELite { answer.attributes.append(SDPAttribute("ice-lite")) }
        answer.attributes.append(SDPAttribute("ice-options", "trickle"))
        let mids = bundle.map { media.sections[$0].mid }
        answer.attributes.append(
            SDPAttribute("group", "BUNDLE " + mids.joined(separator: " ")))
        if media.allowsMixedExtensions {
            answer.attributes.append(SDPAttribute("extmap-allow-mixed"))
        }
        answer.attributes.append(SDPAttribute("msid-semantic", " WMS *"))
        if !repeatsFingerprint { answer.attributes.append(fingerprintLine) }
        for section in media.sections {
            answer.media.append(
                section.isRejected ? rejected(section) : accepted(section))
        }
        return answer
    }

    private func rejected(_ section: MediaSection) -> MediaDescription {
        let offered = offer.sections[section.index]
        var description = MediaDescription(
            media: offered.media, port: 0, transport: offered.transportName,
            formats: Array(offered.formatTexts.prefix(1)))
        if description.formats.isEmpty { description.formats = ["0"] }
        if !section.mid.isEmpty { description.attributes.append(SDPAttribute("mid", section.mid)) }
        description.attributes.append(SDPAttribute("inactive"))
        return description
    }

    private func accepted(_ section: MediaSection) -> MediaDescription {
        let offered = offer.sections[section.index]
        var description = MediaDescription(
            // The port of an answer that trickles or bundles carries no meaning (RFC 8840 §4.1.1).
            media: offered.media, port: 9, transport: offered.transportName, formats: [])
        var lines = transportLines(of: section)
        lines.append(SDPAttribute("mid", section.mid))
        lines.append(SDPAttribute(Self.direction(section.direction).rawValue))
        if section.direction.isSending, let slot = section.slot {
            lines.append(SDPAttribute("msid", "\(slot.streamID) \(slot.trackID)"))
        }
        lines.append(SDPAttribute("rtcp-mux"))
        lines.append(SDPAttribute("rtcp-rsize"))
        for negotiated in section.extensions {
            let theirs = offered.extensions.first {
                $0.id == negotiated.id && $0.uri == negotiated.kind.uri
            }?.direction
            let suffix =
                theirs.map { $0 == .sendrecv ? "" : "/" + $0.reversed.rawValue } ?? ""
            lines.append(SDPAttribute("extmap", "\(negotiated.id)\(suffix) \(negotiated.kind.uri)"))
        }
        if section.codecs.isEmpty {
            appendUnused(offered, to: &description, lines: &lines)
        } else {
            for codec in section.codecs {
                append(
                    codec, receiving: section.direction.isReceiving, to: &description,
                    lines: &lines)
            }
        }
        if !section.simulcastRIDs.isEmpty {
            for rid in section.simulcastRIDs { lines.append(SDPAttribute("rid", "\(rid) recv")) }
            lines.append(
                SDPAttribute("simulcast", "recv " + section.simulcastRIDs.joined(separator: ";")))
        }
        if section.direction.isSending, let slot = section.slot {
            // Without the FID group Chromium ignores what is repeated on the second stream.
            if let rtx = slot.rtxSSRC {
                lines.append(SDPAttribute("ssrc-group", "FID \(slot.ssrc) \(rtx)"))
            }
            lines.append(SDPAttribute("ssrc", "\(slot.ssrc) cname:\(media.cname)"))
            if let rtx = slot.rtxSSRC {
                lines.append(SDPAttribute("ssrc", "\(rtx) cname:\(media.cname)"))
            }
        }
        description.attributes = lines
        return description
    }

    private func transportLines(of section: MediaSection) -> [SDPAttribute] {
        var lines: [SDPAttribute] = []
        if section.index == bundle.first {
            lines += CandidateLines.attributes(configuration.candidates)
        }
        // RFC 9143 §7.3 wants these in the first section alone; Firefox refuses sections without
        // them.
        lines.append(SDPAttribute("ice-ufrag", media.localICE.usernameFragment))
        lines.append(SDPAttribute("ice-pwd", media.localICE.password))
        if repeatsFingerprint { lines.append(fingerprintLine) }
        lines.append(SDPAttribute("setup", DTLSSetup.passive.rawValue))
        return lines
    }

    private var fingerprintLine: SDPAttribute {
        let digest = FingerprintLine.text(configuration.fingerprint.bytes)
        return SDPAttribute("fingerprint", "\(configuration.fingerprint.algorithm) \(digest)")
    }

    private func append(
        _ codec: NegotiatedCodec, receiving: Bool, to description: inout MediaDescription,
        lines: inout [SDPAttribute]
    ) {
        var answered = codec
        // libwebrtc begins at 300 kbit/s, shrinks a large picture to fit, and takes many seconds to grow
        // it again; told to begin higher, it still falls within a second where the network is narrower.
        if receiving, codec.codec.kind == .video, let start = configuration.startKilobits {
            let hint = "x-google-start-bitrate=\(start)"
            answered.parameters += answered.parameters.isEmpty ? hint : ";\(hint)"
        }
        lines.append(contentsOf: CodecLines.attributes(of: answered))
        description.formats.append("\(codec.payloadType)")
        if let rtx = codec.retransmissionPayloadType { description.formats.append("\(rtx)") }
    }

    /// An idle section must still name a format: the offer's first (RFC 8866 §5.14).
    private func appendUnused(
        _ offered: DescribedSection, to description: inout MediaDescription,
        lines: inout [SDPAttribute]
    ) {
        guard let format = offered.formats.first else {
            description.formats = Array(offered.formatTexts.prefix(1))
            return
        }
        description.formats = ["\(format.payloadType)"]
        if let map = format.map {
            let channels = map.channels > 1 ? "/\(map.channels)" : ""
            lines.append(
                SDPAttribute(
                    "rtpmap", "\(format.payloadType) \(map.name)/\(map.clockRate)\(channels)"))
        }
        if !format.parameters.isEmpty {
            lines.append(SDPAttribute("fmtp", "\(format.payloadType) \(format.parameters)"))
        }
    }

    private static func direction(_ direction: SectionDirection) -> SDPDirection {
        switch direction {
        case .receives: .recvonly
        case .sends: .sendonly
        case .receivesAndSends: .sendrecv
        case .inactive: .inactive
        }
    }
}

/// The lines that name a side's own candidates, all of them (RFC 8839 §5.1, RFC 8840 §8.2).
enum CandidateLines {
    static func attributes(_ candidates: [HostCandidate]) -> [SDPAttribute] {
        candidates.enumerated().map { number, candidate in
            let line = CandidateLine(
                foundation: "\(number + 1)", address: candidate.address,
                priority: candidate.priority, isPassiveTCP: candidate.isPassiveTCP)
            return SDPAttribute("candidate", line.text)
        } + [SDPAttribute("end-of-candidates")]
    }
}

/// The lines that describe one codec, the same in offers and answers.
enum CodecLines {
    /// rtpmap, rtcp-fb and fmtp of a codec and of its retransmissions.
    static func attributes(of codec: NegotiatedCodec) -> [SDPAttribute] {
        let type = codec.payloadType
        let channels = codec.channels > 1 ? "/\(codec.channels)" : ""
        var lines = [
            SDPAttribute(
                "rtpmap", "\(type) \(codec.codec.encodingName)/\(codec.clockRate)\(channels)")
        ]
        if codec.hasTransportCC { lines.append(SDPAttribute("rtcp-fb", "\(type) transport-cc")) }
        if codec.hasReceiverTime { lines.append(SDPAttribute("rtcp-fb", "\(type) rrtr")) }
        if codec.hasREMB { lines.append(SDPAttribute("rtcp-fb", "\(type) goog-remb")) }
        if codec.hasFIR { lines.append(SDPAttribute("rtcp-fb", "\(type) ccm fir")) }
        if codec.hasNACK { lines.append(SDPAttribute("rtcp-fb", "\(type) nack")) }
        if codec.hasPLI { lines.append(SDPAttribute("rtcp-fb", "\(type) nack pli")) }
        if !codec.parameters.isEmpty {
            lines.append(SDPAttribute("fmtp", "\(type) \(codec.parameters)"))
        }
        if let rtx = codec.retransmissionPayloadType {
            lines.append(SDPAttribute("rtpmap", "\(rtx) rtx/\(codec.clockRate)"))
            lines.append(SDPAttribute("fmtp", "\(rtx) apt=\(type)"))
        }
        return lines
    }
}
