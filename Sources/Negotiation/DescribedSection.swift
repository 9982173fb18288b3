// One section of a description, its lines read into typed values.
// SPDX-License-Identifier: Apache-2.0
import RTP
import SDP

/// How much of one section is kept; what a browser writes stays far below.
enum SectionLimits {
    /// Streams declared by `a=ssrc`, retransmissions included.
    static let streamsMax = 64
    /// `a=fingerprint` lines.
    static let fingerprintsMax = 8
    /// `a=candidate` lines; more are passed over.
    static let candidatesMax = 64
    /// `a=extmap` lines; more are passed over.
    static let extensionsMax = 64
    /// Simulcast layers taken; more are not answered, so that the client does not send them.
    static let layersMax = 4
    /// The longest mid in bytes: it must fit a one-byte header extension.
    static let midBytesMax = 16
}

/// What a description says of one payload type.
struct DescribedFormat {
    /// Its number.
    let payloadType: UInt8
    /// Its rtpmap; `nil` where none stands.
    var map: RTPMap?
    /// Its fmtp parameters, by their place in the text; empty where none stand.
    var parameters = 0..<0
    /// Its feedback mechanisms.
    var feedback = FeedbackMechanisms()
}

/// The feedback mechanisms the server knows.
struct FeedbackMechanisms: OptionSet {
    let rawValue: UInt8
    static let nack = FeedbackMechanisms(rawValue: 1)
    static let pli = FeedbackMechanisms(rawValue: 2)
    static let fir = FeedbackMechanisms(rawValue: 4)
    static let transportCC = FeedbackMechanisms(rawValue: 8)
    static let remb = FeedbackMechanisms(rawValue: 16)
    static let receiverTime = FeedbackMechanisms(rawValue: 32)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The mechanism of an `a=rtcp-fb` line; empty for one we do not know.
    init(_ text: Span<UInt8>, _ mechanism: Range<Int>) {
        switch mechanism.count {
        case 4 where text.matchesInAnyCase(mechanism, "nack"): self = .nack
        case 8 where text.matchesInAnyCase(mechanism, "nack pli"): self = .pli
        case 7 where text.matchesInAnyCase(mechanism, "ccm fir"): self = .fir
        case 12 where text.matchesInAnyCase(mechanism, "transport-cc"): self = .transportCC
        case 9 where text.matchesInAnyCase(mechanism, "goog-remb"): self = .remb
        case 4 where text.matchesInAnyCase(mechanism, "rrtr"): self = .receiverTime
        default: self = []
        }
    }
}

/// A header extension that a description names.
struct DescribedExtension {
    /// Its id.
    let id: UInt8
    /// What it means; `nil` for one we do not know.
    let kind: HeaderExtensionKind?
    /// Who writes it, seen from the writer of the description; `nil` where the line names none.
    let direction: SDPDirection?
}

/// One section of a description.
struct DescribedSection {
    let index: Int
    /// Where it stands in the description.
    let description: MediaDescription
    /// What it carries; `nil` for a kind that is always rejected.
    let kind: SectionKind?
    /// Whether it is RTP over DTLS, the only transport for media.
    let isSecureRTP: Bool
    var mid: String?
    var isBundleOnly = false
    var direction: SDPDirection?
    var hasRTCPMux = false
    var allowsMixedExtensions = false
    var formats: [DescribedFormat] = []
    var extensions: [DescribedExtension] = []
    var sentRIDs: [String] = []
    var sentLayers: [String] = []
    var receivedLayers: [String] = []
    var ssrcs: [UInt32] = []
    var repairs: [DeclaredRetransmission] = []
    var otherRepairSSRCs: [UInt32] = []

    /// Whether the writer of the description rejected it (RFC 8829 §5.2.2): Firefox writes bundled
    /// sections with port 0 and `a=bundle-only`, which are alive.
    var isRejected: Bool { description.port == 0 && !isBundleOnly }

    /// Reads the attributes of a section; those with a form we do not know are passed over as if
    /// missing.
    init(
        index: Int, _ description: MediaDescription, of session: SessionDescription
    ) throws(NegotiationError) {
        let text = session.text
        self.index = index
        self.description = description
        kind = SectionKind(text, description.media)
        isSecureRTP = Self.isSecureRTP(text, description.transport)
        // Where each payload type stands among the formats, which are 128 at most.
        var positions = InlineArray<128, UInt8>(repeating: .max)
        var words = SDPFields(description.formats)
        while let word = words.word(text) {
            guard let type = text.payloadType(word), positions[Int(type)] == .max else { continue }
            positions[Int(type)] = UInt8(truncatingIfNeeded: formats.count)
            formats.append(DescribedFormat(payloadType: type))
        }
        var everyFormat = FeedbackMechanisms()
        for attribute in session.attributes(of: description) {
            guard let value = attribute.value else {
                readFlag(attribute.name)
                continue
            }
            switch attribute.name {
            case .rtpmap:
                guard let map = RTPMap(text, value) else { continue }
                let at = Int(positions[Int(map.payloadType)])
                if at < formats.count, formats[at].map == nil { formats[at].map = map }
            case .fmtp:
                guard let line = FormatParameters(text, value) else { continue }
                let at = Int(positions[Int(line.payloadType)])
                if at < formats.count, formats[at].parameters.isEmpty {
                    formats[at].parameters = line.parameters
                }
            case .rtcpFeedback:
                guard let line = FeedbackLine(text, value) else { continue }
                let mechanism = FeedbackMechanisms(text, line.mechanism)
                if let type = line.payloadType {
                    let at = Int(positions[Int(type)])
                    if at < formats.count { formats[at].feedback.insert(mechanism) }
                } else {
                    everyFormat.insert(mechanism)
                }
            case .extmap:
                guard extensions.count < SectionLimits.extensionsMax,
                    let line = ExtensionMapping(text, value)
                else { continue }
                extensions.append(
                    DescribedExtension(
                        id: line.id, kind: HeaderExtensionKind(uri: text.extracting(line.uri)),
                        direction: line.direction))
            default:
                try readStreams(attribute.name, text, value)
            }
        }
        for at in formats.indices { formats[at].feedback.formUnion(everyFormat) }
    }

    private static func isSecureRTP(_ text: Span<UInt8>, _ transport: Range<Int>) -> Bool {
        text.matches(transport, "UDP/TLS/RTP/SAVPF")
            || text.matches(transport, "TCP/DTLS/RTP/SAVPF")
            || text.matches(transport, "UDP/TLS/RTP/SAVP")
            || text.matches(transport, "RTP/SAVPF") || text.matches(transport, "RTP/SAVP")
    }

    private mutating func readFlag(_ name: SDPAttributeName) {
        switch name {
        case .bundleOnly: isBundleOnly = true
        case .rtcpMux, .rtcpMuxOnly: hasRTCPMux = true
        case .extmapAllowMixed: allowsMixedExtensions = true
        default: if direction == nil { direction = SDPDirection(name) }
        }
    }

    private mutating func readStreams(
        _ name: SDPAttributeName, _ text: Span<UInt8>, _ value: Range<Int>
    ) throws(NegotiationError) {
        switch name {
        case .mid:
            guard mid == nil, text.isToken(value), value.count <= SectionLimits.midBytesMax
            else { throw .badMID(section: index) }
            mid = text.string(value)
        case .ssrc:
            guard let line = SSRCLine(text, value), line.ssrc != 0 else { return }
            // Lines of one stream follow one another.
            guard ssrcs.last != line.ssrc, !ssrcs.contains(line.ssrc) else { return }
            guard ssrcs.count < SectionLimits.streamsMax else {
                throw .tooManyStreams(section: index)
            }
            ssrcs.append(line.ssrc)
        case .ssrcGroup:
            try readGroup(text, value)
        case .rid:
            guard let line = RIDLine(text, value), line.isSent,
                sentRIDs.count < SectionLimits.streamsMax
            else { return }
            let id = text.string(line.id)
            if !sentRIDs.contains(id) { sentRIDs.append(id) }
        case .simulcast:
            guard sentLayers.isEmpty, receivedLayers.isEmpty,
                let line = SimulcastLine(text, value)
            else { return }
            for layer in line.sent { sentLayers.append(text.string(layer)) }
            for layer in line.received { receivedLayers.append(text.string(layer)) }
        default:
            return
        }
    }

    private mutating func readGroup(
        _ text: Span<UInt8>, _ value: Range<Int>
    ) throws(NegotiationError) {
        guard let line = SSRCGroupLine(text, value), line.ssrcs.count >= 2,
            !line.ssrcs.contains(0)
        else { return }
        guard line.ssrcs.count <= SectionLimits.streamsMax,
            repairs.count < SectionLimits.streamsMax,
            otherRepairSSRCs.count < SectionLimits.streamsMax
        else { throw .tooManyStreams(section: index) }
        if text.matches(line.semantics, "FID") {
            repairs.append(
                DeclaredRetransmission(media: line.ssrcs[0], retransmission: line.ssrcs[1]))
        } else if text.matches(line.semantics, "FEC-FR") {
            otherRepairSSRCs.append(line.ssrcs[1])
        }
    }

    /// The media streams declared, without those that only repair others.
    var declaredMedia: [UInt32] {
        ssrcs.filter { ssrc in
            !repairs.contains { $0.retransmission == ssrc } && !otherRepairSSRCs.contains(ssrc)
        }
    }

    /// The layers of simulcast the writer sends: those that stand in `a=simulcast` and have an
    /// `a=rid` line.
    var sentSimulcast: [String] {
        var layers: [String] = []
        for layer in sentLayers
        where layers.count < SectionLimits.layersMax && sentRIDs.contains(layer)
            && !layers.contains(layer)
        {
            layers.append(layer)
        }
        return layers
    }
}

extension SectionKind {
    /// The kind that stands in an m-line; `nil` for one that is always rejected.
    fileprivate init?(_ text: Span<UInt8>, _ media: Range<Int>) {
        if text.matches(media, "audio") {
            self = .audio
        } else if text.matches(media, "video") {
            self = .video
        } else if text.matches(media, "application") {
            self = .application
        } else {
            return nil
        }
    }
}
