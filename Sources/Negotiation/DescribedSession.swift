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
    private var transport = DescribedTransport()
    private var direction: SDPDirection?

    /// Reads a description; O(bytes).
    init(_ text: String) throws(NegotiationError) {
        let description: SessionDescription
        do {
            description = try SessionDescription.parse(text)
        } catch {
            throw NegotiationError(error)
        }
        for attribute in description.attributes {
            guard let value = attribute.value else {
                if attribute.name == "extmap-allow-mixed" { allowsMixedExtensions = true }
                if direction == nil { direction = SDPDirection(rawValue: attribute.name) }
                continue
            }
            if transport.read(attribute.name, value) { continue }
            if attribute.name == "group", bundle == nil, let group = GroupLine(value),
                group.semantics == "BUNDLE"
            {
                bundle = group.mids
            }
        }
        guard !description.media.isEmpty else { throw .noSections }
        var seen: Set<String> = []
        for (index, media) in description.media.enumerated() {
            let section = try DescribedSection(index: index, media)
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
        let own = order.map { sections[$0].transport }
        guard let ice = own.first(where: { $0.ice != nil })?.ice ?? transport.ice else {
            throw .noICE
        }
        let certain = own.first { !$0.fingerprints.isEmpty }?.fingerprints ?? transport.fingerprints
        guard !certain.isEmpty else { throw .noFingerprint }
        // A missing a=setup means active (RFC 8842 §5.3, RFC 4145 §4).
        let setup = own.first { $0.setup != nil }?.setup ?? transport.setup ?? "active"
        return (ice, certain, setup)
    }
}
