// The body of a WHIP or WHEP PATCH: candidates sent after the offer, or an ICE restart.
// SPDX-License-Identifier: Apache-2.0

/// `application/trickle-ice-sdpfrag` (RFC 8840 §9, RFC 9725 §4.3).
package struct TrickleFragment: Equatable, Sendable {
    /// The most candidates kept of one fragment.
    package static let candidatesMax = 64

    /// The generation the candidates belong to: a new one means an ICE restart.
    package var usernameFragment: String?
    /// Its password.
    package var password: String?
    /// The section the candidates are for: the first `a=mid` of the fragment.
    package var mid: String?
    /// Its m-line without `m=`, as it came.
    package var mediaLine: String?
    /// The candidates in their order; those with a form we do not know are left out.
    package var candidates: [CandidateLine]
    /// Whether no more follow.
    package var isComplete: Bool

    /// Makes a fragment.
    package init(
        usernameFragment: String?, password: String?, mid: String? = nil, mediaLine: String? = nil,
        candidates: [CandidateLine] = [], isComplete: Bool = false
    ) {
        self.usernameFragment = usernameFragment
        self.password = password
        self.mid = mid
        self.mediaLine = mediaLine
        self.candidates = candidates
        self.isComplete = isComplete
    }

    /// Reads a fragment; O(bytes). Lines of no interest to ICE are passed over.
    package static func parse(_ text: String) throws(SDPError) -> TrickleFragment {
        guard text.utf8.count <= SDPLimits.fragmentBytesMax else {
            throw .tooLarge(bytes: text.utf8.count, limit: SDPLimits.fragmentBytesMax)
        }
        let bytes = Array(text.utf8)
        let span = bytes.span
        var fragment = TrickleFragment(usernameFragment: nil, password: nil)
        var lines = SDPLines()
        while let line = try lines.next(span) {
            switch line.type {
            case UInt8(ascii: "m"):
                if fragment.mediaLine == nil { fragment.mediaLine = span.string(line.value) }
            case UInt8(ascii: "a"):
                if let attribute = SDPAttribute(span, line.value) {
                    fragment.read(attribute, span)
                }
            default:
                continue
            }
        }
        return fragment
    }

    private mutating func read(_ attribute: SDPAttribute, _ text: Span<UInt8>) {
        if attribute.name == .endOfCandidates { isComplete = true }
        guard let value = attribute.value else { return }
        switch attribute.name {
        case .iceUsernameFragment:
            if usernameFragment == nil { usernameFragment = text.string(value) }
        case .icePassword:
            if password == nil { password = text.string(value) }
        case .mid:
            if mid == nil { mid = text.string(value) }
        case .candidate:
            if candidates.count < Self.candidatesMax, let candidate = CandidateLine(text, value) {
                candidates.append(candidate)
            }
        default:
            return
        }
    }

    /// The fragment as text, for the response to an ICE restart.
    package func serialized() -> String {
        var writer = SDPWriter()
        if let usernameFragment { writer.attribute("ice-ufrag", usernameFragment) }
        if let password { writer.attribute("ice-pwd", password) }
        if let mediaLine {
            writer.write("m=")
            writer.write(mediaLine)
            writer.endLine()
        }
        if let mid { writer.attribute("mid", mid) }
        for candidate in candidates { writer.attribute("candidate", candidate.text) }
        if isComplete { writer.flag("end-of-candidates") }
        return writer.text
    }
}
