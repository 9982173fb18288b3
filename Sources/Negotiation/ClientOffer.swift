// The client's half: an offer of our own, and what its answer means.
// SPDX-License-Identifier: Apache-2.0
package import RTP
import SDP

/// What a client wants to send in one section.
package struct ClientStream: Sendable, Equatable {
    /// Audio or video.
    package var kind: MediaKind
    /// The simulcast layers, lowest first; empty without simulcast.
    package var rids: [String]

    /// Asks for one section.
    package init(kind: MediaKind, rids: [String] = []) {
        self.kind = kind
        self.rids = rids
    }
}

/// An offer of a client without a browser, and the reading of its answer. Later offers grow out of
/// the first: change it and write `text` again.
package struct ClientOffer: Sendable {
    /// The offered sections, seen from the client; before an answer all codecs offered stand in
    /// them.
    package private(set) var sections: [MediaSection] = []
    /// The client's ICE words.
    package private(set) var ice: ICEParameters
    /// Of the client's certificate.
    package let fingerprint: Fingerprint
    /// The client's addresses as written into the first section; a server of ours needs none of them, it learns
    /// them from checks.
    package var candidates: [HostCandidate] = []
    /// The canonical name of every stream the client sends.
    package let cname: String
    private let codecs: [MediaCodec]
    private let repairsAudio: Bool
    private let sessionID: UInt64
    private var version: UInt64 = 1
    private var used: Set<UInt32> = [0]

    /// Makes the first offer: what is sent, then pairs of an audio and a video slot, then audio
    /// slots.
    /// - Parameters:
    ///   - codecs: What the client can send and play, most wished first.
    ///   - repairsAudio: Whether lost packets of sound are asked for, and repeated when asked for.
    package init(
        sending streams: [ClientStream], receivingPairs pairs: Int, receivingAudio audio: Int = 0,
        ice: ICEParameters, fingerprint: Fingerprint,
        codecs: [MediaCodec] = [.opus, .vp8, .vp9, .h264, .av1], repairsAudio: Bool = false,
        using random: inout some RandomNumberGenerator
    ) {
        self.ice = ice
        self.fingerprint = fingerprint
        self.codecs = codecs
        self.repairsAudio = repairsAudio
        cname = RandomWords.word(16, using: &random)
        sessionID = random.next() >> 2 | 1
        for stream in streams { append(stream, using: &random) }
        appendSlots(pairs: pairs, audio: audio)
    }

    /// Grows the next offer by sections that are sent.
    package mutating func add(
        _ stream: ClientStream, using random: inout some RandomNumberGenerator
    ) {
        append(stream, using: &random)
        version &+= 1
    }

    /// Grows the next offer by slots.
    package mutating func addSlots(pairs: Int, audio: Int = 0) {
        appendSlots(pairs: pairs, audio: audio)
        version &+= 1
    }

    /// Asks for an ICE restart with the next offer.
    package mutating func restartICE(with ice: ICEParameters) {
        self.ice = ice
        version &+= 1
    }

    private mutating func append(
        _ stream: ClientStream, using random: inout some RandomNumberGenerator
    ) {
        var section = ClientProfile.section(
            index: sections.count, kind: stream.kind, direction: .sends, codecs: codecs,
            repairsAudio: repairsAudio)
        section.simulcastRIDs = stream.kind == .video ? stream.rids : []
        section.slot = SlotSource(
            ssrc: number(using: &random),
            rtxSSRC: stream.kind == .video ? number(using: &random) : nil,
            streamID: "-", trackID: "track-\(section.mid)")
        sections.append(section)
    }

    private mutating func appendSlots(pairs: Int, audio: Int) {
        var kinds: [MediaKind] = []
        for _ in 0..<max(0, pairs) { kinds += [.audio, .video] }
        for _ in 0..<max(0, audio) { kinds.append(.audio) }
        for kind in kinds {
            sections.append(
                ClientProfile.section(
                    index: sections.count, kind: kind, direction: .receives, codecs: codecs,
                    repairsAudio: repairsAudio))
        }
    }

    private mutating func number(using random: inout some RandomNumberGenerator) -> UInt32 {
        while true {
            let number = UInt32(truncatingIfNeeded: random.next())
            if used.insert(number).inserted { return number }
        }
    }

    /// The offer as text; O(sections).
    package var text: String {
        var writer = SDPWriter(sessionID: sessionID, version: version)
        writer.begin("group")
        writer.write("BUNDLE ")
        writer.write(sections.map(\.mid).joined(separator: " "))
        writer.endLine()
        writer.flag("extmap-allow-mixed")
        writer.attribute("msid-semantic", " WMS *")
        writer.begin("fingerprint")
        writer.write(fingerprint.algorithm)
        writer.write(" ")
        writer.write(FingerprintLine.text(fingerprint.bytes))
        writer.endLine()
        writer.attribute("setup", DTLSSetup.actpass.rawValue)
        for section in sections { write(section, to: &writer) }
        return writer.text
    }

    private func write(_ section: MediaSection, to writer: inout SDPWriter) {
        writer.write("m=")
        writer.write(section.kind.rawValue)
        writer.write(" 9 UDP/TLS/RTP/SAVPF")
        writer.writeFormats(section.codecs)
        writer.endSectionLine()
        writer.attribute("ice-ufrag", ice.usernameFragment)
        writer.attribute("ice-pwd", ice.password)
        writer.attribute("mid", section.mid)
        writer.flag(section.direction == .sends ? "sendonly" : "recvonly")
        writer.flag("rtcp-mux")
        writer.flag("rtcp-rsize")
        if section.index == 0, !candidates.isEmpty { writer.write(candidates) }
        for mapping in section.extensions {
            writer.attribute("extmap", "\(mapping.id) \(mapping.kind.uri)")
        }
        for codec in section.codecs { writer.write(codec) }
        if let slot = section.slot {
            writer.writeNames(of: slot)
            if section.simulcastRIDs.isEmpty { writer.writeStreams(of: slot, cname: cname) }
        }
        writer.writeLayers(section.simulcastRIDs, direction: "send")
    }

    /// Reads the answer to `text`; O(bytes of the answer).
    /// - Returns: What was negotiated, seen from the client: `.sends` is what it may send,
    ///   `.receives` a slot whose `declaredSSRCs` are the server's. A section with layers sends its
    ///   first one on `slot.ssrc`; the streams of the others are the client's to choose, the RID
    ///   extension tells them apart.
    package func media(fromAnswer answer: String) throws(NegotiationError) -> PeerMedia {
        let answered = try DescribedSession(answer)
        guard answered.sections.count == sections.count else { throw .answerMismatch }
        var result: [MediaSection] = []
        for (section, described) in zip(sections, answered.sections) {
            result.append(try Self.section(section, answeredBy: described, in: answered))
        }
        let order = (answered.bundle ?? []).compactMap { mid in
            result.first { $0.mid == mid && !$0.isRejected }?.index
        }
        guard !order.isEmpty else { throw .noSections }
        let transport = try answered.transport(of: order)
        guard let setup = DTLSSetup(rawValue: transport.setup), setup != .actpass else {
            throw .badSetup
        }
        return PeerMedia(
            localICE: ice, remoteICE: transport.ice, remoteFingerprints: transport.fingerprints,
            remoteSetup: setup,
            remoteCandidates: order.first.map {
                answered.candidates(of: answered.sections[$0])
            } ?? [],
            cname: cname,
            allowsMixedExtensions: order.allSatisfy {
                answered.allowsMixedExtensions(in: answered.sections[$0])
            },
            sessionID: sessionID, version: version, sections: result)
    }

    private static func section(
        _ offered: MediaSection, answeredBy described: DescribedSection, in answer: DescribedSession
    ) throws(NegotiationError) -> MediaSection {
        var section = offered
        guard described.kind == offered.kind,
            described.mid == nil || described.mid == offered.mid
        else { throw .answerMismatch }
        guard !described.isRejected else {
            section.direction = .inactive
            section.isRejected = true
            section.codecs = []
            section.extensions = []
            section.simulcastRIDs = []
            section.slot = nil
            return section
        }
        guard described.hasRTCPMux else { throw .noRTCPMux(section: offered.index) }
        let selection = CodecSelection(allowed: offered.codecs.map(\.codec), preferred: [])
        section.codecs = selection.codecs(of: described, in: answer.text).filter { codec in
            offered.codecs.contains {
                $0.codec == codec.codec && $0.payloadType == codec.payloadType
            }
        }
        section.extensions = offered.extensions.filter { mine in
            described.extensions.contains { $0.id == mine.id && $0.kind == mine.kind }
        }
        section.simulcastRIDs = offered.simulcastRIDs.filter {
            described.receivedLayers.contains($0)
        }
        let theirs = answer.direction(of: described)
        switch (offered.direction, theirs) {
        case (.sends, .recvonly) where !section.codecs.isEmpty: break
        case (.receives, .sendonly) where !section.codecs.isEmpty:
            section.declaredSSRCs = described.declaredMedia
            section.declaredRTX = described.repairs
        case (_, .inactive), (.sends, .recvonly), (.receives, .sendonly):
            section.direction = .inactive
            section.slot = nil
            section.simulcastRIDs = []
        default: throw .answerMismatch
        }
        return section
    }
}
