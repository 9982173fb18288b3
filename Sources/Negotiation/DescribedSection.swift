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
    /// Its fmtp parameters; empty where none stand.
    var parameters = ""
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
    init(mechanism: String) {
        switch mechanism {
        case "nack": self = .nack
        case "nack pli": self = .pli
        case "ccm fir": self = .fir
        case "transport-cc": self = .transportCC
        case "goog-remb": self = .remb
        case "rrtr": self = .receiverTime
        default: self = []
        }
    }
}

/// ICE words, certificates and setup, as they stand at one level of a description.
struct DescribedTransport {
    var usernameFragment: String?
    var password: String?
    var fingerprints: [Fingerprint] = []
    var setup: String?

    /// Takes the attribute if it is one of these.
    mutating func read(_ name: String, _ value: String) -> Bool {
        switch name {
        case "ice-ufrag": if usernameFragment == nil { usernameFragment = value }
        case "ice-pwd": if password == nil { password = value }
        case "setup": if setup == nil { setup = value }
        case "fingerprint":
            guard fingerprints.count < SectionLimits.fingerprintsMax,
                let line = FingerprintLine(value), line.bytes.count == line.digestBytes
            else { return true }
            fingerprints.append(Fingerprint(algorithm: line.algorithm, bytes: line.bytes))
        default: return false
        }
        return true
    }

    /// The ICE words if both stand here and have the form of RFC 8839 §5.4.
    var ice: ICEParameters? {
        guard let usernameFragment, let password,
            (4...256).contains(usernameFragment.utf8.count),
            (22...256).contains(password.utf8.count),
            SDPFields.isAlphanumeric(usernameFragment, or: Self.iceMarks),
            SDPFields.isAlphanumeric(password, or: Self.iceMarks)
        else { return nil }
        return ICEParameters(usernameFragment: usernameFragment, password: password)
    }

    // RFC 8839 has `+` and `/` only; `-` and `_` are written by stacks with URL-safe alphabets.
    private static let iceMarks = Array("+/-_".utf8)
}

extension FingerprintLine {
    /// How many bytes a digest of this name has; `nil` for one that is not accepted (RFC 8122 §5:
    /// md5 and sha-1 are too weak).
    var digestBytes: Int? {
        switch algorithm {
        case "sha-256": 32
        case "sha-384": 48
        case "sha-512": 64
        default: nil
        }
    }
}

/// One section of a description.
struct DescribedSection {
    let index: Int
    let media: String
    let transportName: String
    let port: UInt16
    let formatTexts: [String]
    var mid: String?
    var isBundleOnly = false
    var direction: SDPDirection?
    var hasRTCPMux = false
    var allowsMixedExtensions = false
    var transport = DescribedTransport()
    var formats: [DescribedFormat] = []
    var extensions: [ExtensionMapping] = []
    var sentRIDs: [String] = []
    var sentLayers: [String] = []
    var receivedLayers: [String] = []
    var ssrcs: [UInt32] = []
    var repairs: [DeclaredRetransmission] = []
    var otherRepairSSRCs: [UInt32] = []
    var streamID: String?
    var trackID: String?
    var cname: String?
    var candidates: [RemoteCandidate] = []

    /// What it carries; `nil` for a kind that is always rejected.
    var kind: SectionKind? { SectionKind(rawValue: media) }

    /// Whether the writer of the description rejected it (RFC 8829 §5.2.2): Firefox writes bundled
    /// sections with port 0 and `a=bundle-only`, which are alive.
    var isRejected: Bool { port == 0 && !isBundleOnly }

    /// Whether it is RTP over DTLS, the only transport for media.
    var isSecureRTP: Bool {
        switch transportName {
        case "UDP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP":
            true
        default: false
        }
    }

    /// Reads the attributes of a section; those with a form we do not know are passed over as if
    /// missing.
    init(index: Int, _ description: MediaDescription) throws(NegotiationError) {
        self.index = index
        media = description.media
        transportName = description.transport
        port = description.port
        formatTexts = description.formats
        var positions = [Int?](repeating: nil, count: 128)
        for text in description.formats {
            guard let type = UInt8(text), type < 128, positions[Int(type)] == nil else { continue }
            positions[Int(type)] = formats.count
            formats.append(DescribedFormat(payloadType: type))
        }
        var everyFormat = FeedbackMechanisms()
        for attribute in description.attributes {
            guard let value = attribute.value else {
                readFlag(attribute.name)
                continue
            }
            if transport.read(attribute.name, value) { continue }
            switch attribute.name {
            case "rtpmap":
                guard let map = RTPMap(value), let at = positions[Int(map.payloadType)] else {
                    continue
                }
                if formats[at].map == nil { formats[at].map = map }
            case "fmtp":
                guard let line = FormatParameters(value),
                    let at = positions[Int(line.payloadType)]
                else { continue }
                if formats[at].parameters.isEmpty { formats[at].parameters = line.text }
            case "rtcp-fb":
                guard let line = FeedbackLine(value) else { continue }
                let mechanism = FeedbackMechanisms(mechanism: line.mechanism)
                if let type = line.payloadType {
                    if let at = positions[Int(type)] { formats[at].feedback.insert(mechanism) }
                } else {
                    everyFormat.insert(mechanism)
                }
            default:
                try readStreams(attribute.name, value)
            }
        }
        for at in formats.indices { formats[at].feedback.formUnion(everyFormat) }
    }

    private mutating func readFlag(_ name: String) {
        switch name {
        case "bundle-only": isBundleOnly = true
        case "rtcp-mux", "rtcp-mux-only": hasRTCPMux = true
        case "extmap-allow-mixed": allowsMixedExtensions = true
        default: if direction == nil { direction = SDPDirection(rawValue: name) }
        }
    }

    private mutating func readStreams(_ name: String, _ value: String) throws(NegotiationError) {
        switch name {
        case "mid":
            guard mid == nil, SDPFields.isToken(value),
                value.utf8.count <= SectionLimits.midBytesMax
            else { throw .badMID(section: index) }
            mid = value
        case "extmap":
            if extensions.count < SectionLimits.extensionsMax, let line = ExtensionMapping(value) {
                extensions.append(line)
            }
        case "msid":
            guard streamID == nil else { return }
            let words = SDPFields.words(value)
            streamID = words.first
            trackID = words.count > 1 ? words[1] : nil
        case "ssrc":
            guard let line = SSRCLine(value), line.ssrc != 0 else { return }
            if line.attribute == "cname", cname == nil { cname = line.value }
            // Lines of one stream follow one another.
            guard ssrcs.last != line.ssrc, !ssrcs.contains(line.ssrc) else { return }
            guard ssrcs.count < SectionLimits.streamsMax else {
                throw .tooManyStreams(section: index)
            }
            ssrcs.append(line.ssrc)
        case "ssrc-group":
            try readGroup(value)
        case "rid":
            if let line = RIDLine(value), line.isSent, sentRIDs.count < SectionLimits.streamsMax,
                !sentRIDs.contains(line.id)
            {
                sentRIDs.append(line.id)
            }
        case "simulcast":
            guard sentLayers.isEmpty, receivedLayers.isEmpty, let line = SimulcastLine(value) else {
                return
            }
            sentLayers = line.sent
            receivedLayers = line.received
        case "candidate":
            guard candidates.count < SectionLimits.candidatesMax, let line = CandidateLine(value),
                line.component == 1, let address = line.address
            else { return }
            candidates.append(
                RemoteCandidate(
                    address: address, priority: line.priority, type: line.type,
                    transport: line.transport, tcpType: line.tcpType))
        default:
            return
        }
    }

    private mutating func readGroup(_ value: String) throws(NegotiationError) {
        guard let line = SSRCGroupLine(value), line.ssrcs.count >= 2, !line.ssrcs.contains(0)
        else { return }
        guard line.ssrcs.count <= SectionLimits.streamsMax,
            repairs.count < SectionLimits.streamsMax,
            otherRepairSSRCs.count < SectionLimits.streamsMax
        else { throw .tooManyStreams(section: index) }
        switch line.semantics {
        case "FID":
            repairs.append(
                DeclaredRetransmission(media: line.ssrcs[0], retransmission: line.ssrcs[1]))
        case "FEC-FR":
            otherRepairSSRCs.append(line.ssrcs[1])
        default:
            return
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
