// A whole description, its lines read into typed values and its transport found.
// SPDX-License-Identifier: Apache-2.0
import SDP

/// An offer or an answer as the negotiation sees it.
struct DescribedSession {
    /// The sections, in order.
    var sections: [DescribedSection] = []
    /// The mids of the first BUNDLE group, in its order; `nil` without one.
    var bundle: [String]?
    /// Whether both header forms may be mixed, by the word above the sections.
    var allowsMixedExtensions = false
    private var direction: SDPDirection?
    private let description: SessionDescription

    /// Reads a description; O(bytes).
    init(_ text: String) throws(NegotiationError) {
        do {
            description = try SessionDescription.parse(text)
        } catch {
            throw NegotiationError(error)
        }
        try readSections()
    }

    /// Reads a description from bytes, which it keeps; O(bytes).
    init(_ bytes: [UInt8]) throws(NegotiationError) {
        do {
            description = try SessionDescription.parse(bytes)
        } catch {
            throw NegotiationError(error)
        }
        try readSections()
    }

    private mutating func readSections() throws(NegotiationError) {
        let description = self.description
        let text = description.text
        for attribute in description.attributes {
            guard let value = attribute.value else {
                if attribute.name == .extmapAllowMixed { allowsMixedExtensions = true }
                if direction == nil { direction = SDPDirection(attribute.name) }
                continue
            }
            if attribute.name == .group, bundle == nil, let group = GroupLine(text, value),
                text.matches(group.semantics, "BUNDLE")
            {
                var mids: [String] = []
                for mid in group.mids { mids.append(text.string(mid)) }
                bundle = mids
            }
        }
        guard !description.media.isEmpty else { throw .noSections }
        var seen: Set<String> = []
        sections.reserveCapacity(description.media.count)
        for (index, media) in description.media.enumerated() {
            let section = try DescribedSection(index: index, media, of: description)
            if let mid = section.mid {
                guard seen.insert(mid).inserted else { throw .badMID(section: index) }
            } else if description.media.count > 1, !section.isRejected {
                throw .badMID(section: index)
            }
            sections.append(section)
        }
        if bundle == nil {
            // One section is its own bundle.
            guard sections.count == 1 else { throw .noBundle }
            guard let mid = sections[0].mid else { throw .badMID(section: 0) }
            bundle = [mid]
        }
    }

    /// The text of the description, which the places in its sections are in.
    var text: Span<UInt8> {
        @_lifetime(borrow self)
        get { description.text }
    }

    /// The direction of a section: its own word, else that of the session, else both ways (RFC 8866
    /// §6.7).
    func direction(of section: DescribedSection) -> SDPDirection {
        section.direction ?? direction ?? .sendrecv
    }

    /// Whether a section may mix both forms of header extensions.
    func allowsMixedExtensions(in section: DescribedSection) -> Bool {
        allowsMixedExtensions || section.allowsMixedExtensions
    }

    /// The ICE words, certificates and setup of a bundle whose living sections are `order`: of the
    /// first section that says them, else of the session (RFC 9143 §7, RFC 8122 §5).
    func transport(
        of order: [Int]
    ) throws(NegotiationError) -> (ice: ICEParameters, fingerprints: [Fingerprint], setup: String) {
        var ice: ICEParameters?
        var certain: [Fingerprint] = []
        var setup: String?
        for index in order where ice == nil || certain.isEmpty || setup == nil {
            let attributes = description.attributes(of: sections[index].description)
            let own = DescribedTransport(attributes, in: text)
            if ice == nil { ice = own.ice }
            if certain.isEmpty { certain = own.fingerprints }
            if setup == nil { setup = own.setup }
        }
        let common = DescribedTransport(description.attributes, in: text)
        guard let ice = ice ?? common.ice else { throw .noICE }
        if certain.isEmpty { certain = common.fingerprints }
        guard !certain.isEmpty else { throw .noFingerprint }
        // A missing a=setup means active (RFC 8842 §5.3, RFC 4145 §4).
        return (ice, certain, setup ?? common.setup ?? "active")
    }
    /// The candidates of a section for media, as far as their addresses are numbers.
    func candidates(of section: DescribedSection) -> [RemoteCandidate] {
        let text = self.text
        var candidates: [RemoteCandidate] = []
        for attribute in description.attributes(of: section.description)
        where attribute.name == .candidate && candidates.count < SectionLimits.candidatesMax {
            guard let value = attribute.value, let line = CandidateLine(text, value),
                line.component == 1, let address = line.address
            else { continue }
            candidates.append(
                RemoteCandidate(
                    address: address, priority: line.priority, type: line.type,
                    transport: line.transport, tcpType: line.tcpType))
        }
        return candidates
    }
}
