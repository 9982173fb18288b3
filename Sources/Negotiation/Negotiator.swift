// Answers offers: what a peer sends and takes, and the text that says so.
// SPDX-License-Identifier: Apache-2.0
package import RTP
import SDP

/// Who offers, and so what may be in the offer.
package enum NegotiationProfile: Sendable, Equatable {
    /// Our own SDKs: sections of every direction; a slot's audio stands right before its video.
    case sdk
    /// A WHIP client (RFC 9725): only what it sends is taken.
    case whip
    /// A WHEP client: only what it receives is taken; the codecs being published come first.
    case whep(publishedCodecs: [MediaCodec])
}

/// Answers offers with one server's configuration.
package struct Negotiator: Sendable {
    /// What the server says of itself.
    package let configuration: ServerMediaConfiguration

    /// Makes a negotiator.
    package init(configuration: ServerMediaConfiguration) {
        self.configuration = configuration
    }

    /// Answers an offer; O(bytes of the offer).
    /// - Parameter previous: What the peer's last accepted offer meant; `nil` for its first. Keeps
    ///   the streams and names of slots, and the ICE words unless the client changed its own (an
    ///   ICE restart).
    /// - Returns: What the media worker needs, and the text of the answer.
    package func answer(
        to offer: String, previous: PeerMedia?, profile: NegotiationProfile,
        using random: inout some RandomNumberGenerator
    ) throws(NegotiationError) -> (media: PeerMedia, answer: String) {
        try answer(
            to: DescribedSession(offer), previous: previous, profile: profile, using: &random)
    }

    /// As `answer(to:previous:profile:using:)` of a text, of its bytes.
    package func answer(
        to offer: [UInt8], previous: PeerMedia?, profile: NegotiationProfile,
        using random: inout some RandomNumberGenerator
    ) throws(NegotiationError) -> (media: PeerMedia, answer: String) {
        try answer(
            to: DescribedSession(offer), previous: previous, profile: profile, using: &random)
    }

    private func answer(
        to offered: DescribedSession, previous: PeerMedia?, profile: NegotiationProfile,
        using random: inout some RandomNumberGenerator
    ) throws(NegotiationError) -> (media: PeerMedia, answer: String) {
        if let previous, offered.sections.count < previous.sections.count {
            throw .sectionsRemoved
        }
        var sections = try sections(of: offered, profile: profile)
        let order = try bundleOrder(of: offered, sections: sections)
        let transport = try offered.transport(of: order)
        guard let setup = DTLSSetup(rawValue: transport.setup), setup != .passive else {
            throw .badSetup
        }
        if let previous, previous.remoteFingerprints != transport.fingerprints {
            throw .fingerprintChanged
        }

        var slots = SlotAllocation(offer: offered, previous: previous)
        slots.allocate(in: &sections, pairing: profile.pairing, using: &random)
        let isSameICE = previous?.remoteICE == transport.ice
        let kept = isSameICE ? previous?.localICE : nil
        var media = PeerMedia(
            localICE: kept ?? RandomWords.ice(using: &random),
            remoteICE: transport.ice, remoteFingerprints: transport.fingerprints,
            remoteSetup: setup,
            remoteCandidates: order.first.map { offered.candidates(of: offered.sections[$0]) }
                ?? [],
            cname: previous?.cname ?? RandomWords.word(16, using: &random),
            allowsMixedExtensions: order.allSatisfy {
                offered.allowsMixedExtensions(in: offered.sections[$0])
            },
            // Positive also for readers with signed numbers (RFC 8829 §5.2.1).
            sessionID: previous?.sessionID ?? (random.next() >> 2 | 1),
            version: (previous?.version ?? 0) &+ 1, sections: sections)
        media.bearsPadding = profile == .sdk
        media.hasSignalling = profile == .sdk
        let writer = AnswerWriter(
            configuration: configuration, offer: offered, media: media, bundle: order,
            repeatsFingerprint: profile != .sdk)
        return (media, writer.text())
    }

    /// What each section of the offer means for us, slots not yet allocated.
    private func sections(
        of offer: DescribedSession, profile: NegotiationProfile
    ) throws(NegotiationError) -> [MediaSection] {
        let bundle = Set(offer.bundle ?? [])
        let selection = CodecSelection(
            allowed: configuration.codecs, preferred: profile.publishedCodecs)
        var extensions = ExtensionSelection()
        var sections: [MediaSection] = []
        for offered in offer.sections {
            var section = MediaSection(
                index: offered.index, mid: offered.mid ?? "", kind: offered.kind ?? .application,
                direction: .inactive, isRejected: true)
            defer { sections.append(section) }
            guard !offered.isRejected, section.kind != .application, offered.isSecureRTP,
                bundle.contains(section.mid)
            else { continue }
            guard offered.hasRTCPMux || offered.isBundleOnly else {
                throw .noRTCPMux(section: offered.index)
            }
            section.isRejected = false
            section.codecs = selection.codecs(of: offered, in: offer.text)
            if !section.codecs.isEmpty {
                section.direction = profile.direction(answering: offer.direction(of: offered))
            }
            section.extensions = try extensions.extensions(
                of: offered, direction: section.direction, codecs: section.codecs,
                allowsMixed: offer.allowsMixedExtensions(in: offered))
            guard section.direction.isReceiving else {
                // Who receives from us is not to bound us: transport-wide feedback says more.
                for place in section.codecs.indices { section.codecs[place].hasREMB = false }
                continue
            }
            section.declaredSSRCs = offered.declaredMedia
            section.declaredRTX = offered.repairs
            // Layers are told apart by the RID extension alone (RFC 8853 §5.5).
            if section.extensionID(.rid) != nil { section.simulcastRIDs = offered.sentSimulcast }
        }
        return sections
    }

    /// The living sections as the answer's group has them: in the order of the offer's group (RFC
    /// 9143 §7.3).
    private func bundleOrder(
        of offer: DescribedSession, sections: [MediaSection]
    ) throws(NegotiationError) -> [Int] {
        var places: [String: Int] = [:]
        for section in sections where !section.isRejected { places[section.mid] = section.index }
        var order: [Int] = []
        for mid in offer.bundle ?? [] {
            if let index = places.removeValue(forKey: mid) { order.append(index) }
        }
        guard !order.isEmpty else { throw .noSections }
        return order
    }
}

extension NegotiationProfile {
    /// What the server does in a section the client offers this way.
    fileprivate func direction(answering offered: SDPDirection) -> SectionDirection {
        switch (self, offered) {
        case (_, .inactive): .inactive
        case (.sdk, .sendrecv): .receivesAndSends
        case (.sdk, .sendonly), (.whip, .sendonly), (.whip, .sendrecv): .receives
        case (.sdk, .recvonly), (.whep, .recvonly), (.whep, .sendrecv): .sends
        case (.whip, .recvonly), (.whep, .sendonly): .inactive
        }
    }

    fileprivate var publishedCodecs: [MediaCodec] {
        if case .whep(let codecs) = self { codecs } else { [] }
    }

    fileprivate var pairing: Pairing {
        if case .whep = self { .counted } else { .adjacent }
    }
}
