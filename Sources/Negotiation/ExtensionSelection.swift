// Which header extensions of an offered section are taken.
// SPDX-License-Identifier: Apache-2.0
import RTP
import SDP

/// Chooses header extensions and watches that one id keeps one meaning in the bundle (RFC 9143
/// §9.3).
struct ExtensionSelection {
    /// What each id means so far in this bundle.
    private var kinds = [HeaderExtensionKind?](repeating: nil, count: 256)
    /// The id of each kind so far.
    private var ids: [(kind: HeaderExtensionKind, id: UInt8)] = []

    /// The extensions a section uses in this direction, seen from us; O(extensions).
    ///
    /// A direction in the offer is the offerer's: `a=extmap:8/sendonly` can only be received by us.
    mutating func extensions(
        of section: DescribedSection, direction: SectionDirection, codecs: [NegotiatedCodec],
        allowsMixed: Bool
    ) throws(NegotiationError) -> [NegotiatedExtension] {
        var chosen: [NegotiatedExtension] = []
        for mapping in section.extensions {
            guard let kind = mapping.kind, mapping.id <= 14 || allowsMixed,
                !chosen.contains(where: { $0.kind == kind || $0.id == mapping.id })
            else { continue }
            let theirs = mapping.direction ?? .sendrecv
            let isReceived =
                direction.isReceiving && (theirs == .sendrecv || theirs == .sendonly)
                && Self.isUsefulReceived(kind, codecs: codecs)
            let isSent =
                direction.isSending && (theirs == .sendrecv || theirs == .recvonly)
                && Self.isUsefulSent(kind, codecs: codecs, allowsMixed: allowsMixed)
                && (!direction.isReceiving || kind != .dependencyDescriptor || isReceived)
            // An idle section keeps its place in the demultiplexing table.
            let isIdle = direction == .inactive && kind == .mid && theirs == .sendrecv
            guard isReceived || isSent || isIdle else { continue }
            try note(kind, id: mapping.id)
            chosen.append(NegotiatedExtension(kind: kind, id: mapping.id))
        }
        return chosen
    }

    private mutating func note(
        _ kind: HeaderExtensionKind, id: UInt8
    ) throws(NegotiationError) {
        if let known = kinds[Int(id)] {
            guard known == kind else { throw .conflictingExtension(id: id) }
            return
        }
        guard !ids.contains(where: { $0.kind == kind }) else { throw .conflictingExtension(id: id) }
        kinds[Int(id)] = kind
        ids.append((kind, id))
    }

    /// What a publisher's packets tell us: who they belong to, how loud, how turned, and what
    /// feedback counts.
    ///
    /// Of the dependency descriptor only where AV1 is what is sent, since libwebrtc leaves the picture numbers out of
    /// VP8 where it has it.
    private static func isUsefulReceived(
        _ kind: HeaderExtensionKind, codecs: [NegotiatedCodec]
    ) -> Bool {
        switch kind {
        case .dependencyDescriptor: codecs.first?.codec == .av1
        case .mid, .rid, .repairedRid, .audioLevel, .transportSequenceNumber, .videoOrientation:
            true
        default: false
        }
    }

    /// What a slot's packets tell the receiver. Send time is not among them: transport-wide
    /// feedback replaces it. The dependency descriptor is among them where it may be longer than 16 bytes.
    private static func isUsefulSent(
        _ kind: HeaderExtensionKind, codecs: [NegotiatedCodec], allowsMixed: Bool
    ) -> Bool {
        switch kind {
        case .dependencyDescriptor: allowsMixed && codecs.contains { $0.codec == .av1 }
        case .mid, .audioLevel, .transportSequenceNumber, .videoOrientation, .playoutDelay: true
        default: false
        }
    }
}
