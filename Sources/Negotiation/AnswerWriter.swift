// Writes the answer of a negotiated offer.
// SPDX-License-Identifier: Apache-2.0
import RTP
import SDP

/// Writes an answer: sections in the offer's order, one transport for all (RFC 8829 §5.3, RFC 9143
/// §7.3).
struct AnswerWriter {
    private let configuration: ServerMediaConfiguration
    private let offer: DescribedSession
    private let media: PeerMedia
    private let bundle: [Int]
    private let repeatsFingerprint: Bool
    private let fingerprint: String

    /// Takes what the answer is made of.
    /// - Parameters:
    ///   - bundle: The living sections, in the order of the group; the first carries the candidates.
    ///   - repeatsFingerprint: Whether every section repeats the fingerprint instead of one line above all: clients
    ///     outside browsers look for it there.
    init(
        configuration: ServerMediaConfiguration, offer: DescribedSession, media: PeerMedia,
        bundle: [Int], repeatsFingerprint: Bool
    ) {
        self.configuration = configuration
        self.offer = offer
        self.media = media
        self.bundle = bundle
        self.repeatsFingerprint = repeatsFingerprint
        fingerprint =
            "\(configuration.fingerprint.algorithm) "
            + FingerprintLine.text(configuration.fingerprint.bytes)
    }

    /// The answer.
    func text() -> String {
        // Answers are shorter than their offers: they name fewer codecs.
        var output = SDPWriter(
            sessionID: media.sessionID, version: media.version, capacity: offer.text.count)
        if configuration.isICELite { output.flag("ice-lite") }
        output.attribute("ice-options", "trickle")
        output.begin("group")
        output.write("BUNDLE")
        for index in bundle {
            output.write(" ")
            output.write(media.sections[index].mid)
        }
        output.endLine()
        if media.allowsMixedExtensions { output.flag("extmap-allow-mixed") }
        output.attribute("msid-semantic", " WMS *")
        if !repeatsFingerprint { output.attribute("fingerprint", fingerprint) }
        for section in media.sections {
            let offered = offer.sections[section.index]
            if section.isRejected {
                writeRejected(section, offered, to: &output)
            } else {
                writeAccepted(section, offered, to: &output)
            }
        }
        return output.text
    }

    private func writeRejected(
        _ section: MediaSection, _ offered: DescribedSection, to output: inout SDPWriter
    ) {
        beginSection(offered, port: "0", to: &output)
        writeFirstFormat(offered, to: &output)
        output.endSectionLine()
        if !section.mid.isEmpty { output.attribute("mid", section.mid) }
        output.flag("inactive")
    }

    private func writeAccepted(
        _ section: MediaSection, _ offered: DescribedSection, to output: inout SDPWriter
    ) {
        // The port of an answer that trickles or bundles carries no meaning (RFC 8840 §4.1.1).
        beginSection(offered, port: "9", to: &output)
        // An idle section must still name a format: the offer's first (RFC 8866 §5.14).
        let unused = section.codecs.isEmpty ? offered.formats.first : nil
        if let unused {
            output.write(" ")
            output.write(number: unused.payloadType)
        } else if section.codecs.isEmpty {
            writeFirstFormat(offered, to: &output)
        } else {
            output.writeFormats(section.codecs)
        }
        output.endSectionLine()
        writeTransport(section, to: &output)
        output.attribute("mid", section.mid)
        output.flag(Self.direction(section.direction).rawValue)
        let slot = section.direction.isSending ? section.slot : nil
        if let slot { output.writeNames(of: slot) }
        output.flag("rtcp-mux")
        output.flag("rtcp-rsize")
        writeExtensions(section, offered, to: &output)
        if let unused { writeUnused(unused, to: &output) }
        for codec in section.codecs {
            // libwebrtc begins at 300 kbit/s, shrinks a large picture to fit, and takes many seconds to grow
            // it again; told to begin higher, it still falls within a second where the network is narrower.
            let isHinted = section.direction.isReceiving && codec.codec.kind == .video
            output.write(codec, startKilobits: isHinted ? configuration.startKilobits : nil)
        }
        output.writeLayers(section.simulcastRIDs, direction: "recv")
        if let slot { output.writeStreams(of: slot, cname: media.cname) }
    }

    private func beginSection(
        _ offered: DescribedSection, port: String, to output: inout SDPWriter
    ) {
        let text = offer.text
        output.write("m=")
        output.write(offered.description.media, of: text)
        output.write(" ")
        output.write(port)
        output.write(" ")
        output.write(offered.description.transport, of: text)
    }

    private func writeFirstFormat(
        _ offered: DescribedSection, to output: inout SDPWriter
    ) {
        let text = offer.text
        var words = SDPFields(offered.description.formats)
        guard let first = words.word(text) else { return }
        output.write(" ")
        output.write(first, of: text)
    }

    private func writeTransport(
        _ section: MediaSection, to output: inout SDPWriter
    ) {
        if section.index == bundle.first { output.write(configuration.candidates) }
        // RFC 9143 §7.3 wants these in the first section alone; Firefox refuses sections without
        // them.
        output.attribute("ice-ufrag", media.localICE.usernameFragment)
        output.attribute("ice-pwd", media.localICE.password)
        if repeatsFingerprint { output.attribute("fingerprint", fingerprint) }
        output.attribute("setup", DTLSSetup.passive.rawValue)
    }

    private func writeExtensions(
        _ section: MediaSection, _ offered: DescribedSection, to output: inout SDPWriter
    ) {
        for negotiated in section.extensions {
            output.begin("extmap")
            output.write(number: negotiated.id)
            let theirs = offered.extensions.first {
                $0.id == negotiated.id && $0.kind == negotiated.kind
            }
            if let direction = theirs?.direction, direction != .sendrecv {
                output.write("/")
                output.write(direction.reversed.rawValue)
            }
            output.write(" ")
            output.write(negotiated.kind.uri)
            output.endLine()
        }
    }

    private func writeUnused(
        _ format: DescribedFormat, to output: inout SDPWriter
    ) {
        let text = offer.text
        if let map = format.map {
            output.begin("rtpmap")
            output.write(number: format.payloadType)
            output.write(" ")
            output.write(lowercased: map.name, of: text)
            output.write("/")
            output.write(number: map.clockRate)
            if map.channels > 1 {
                output.write("/")
                output.write(number: UInt(map.channels))
            }
            output.endLine()
        }
        if !format.parameters.isEmpty {
            output.begin("fmtp")
            output.write(number: format.payloadType)
            output.write(" ")
            output.write(format.parameters, of: text)
            output.endLine()
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
