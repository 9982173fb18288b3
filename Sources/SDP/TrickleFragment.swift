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
        var fragment = TrickleFragment(usernameFragment: nil, password: nil)
        var lines = SDPLines(Array(text.utf8))
        while let line = try lines.next() {
            if line.type == UInt8(ascii: "m"), fragment.mediaLine == nil {
                fragment.mediaLine = line.value
            }
            guard line.type == UInt8(ascii: "a") else { continue }
            let (name, value) = SDPFields.cut(line.value, at: UInt8(ascii: ":"))
            switch (name, value) {
            case ("ice-ufrag", let value?):
                if fragment.usernameFragment == nil { fragment.usernameFragment = value }
            case ("ice-pwd", let value?):
                if fragment.password == nil { fragment.password = value }
            case ("mid", let value?):
                if fragment.mid == nil { fragment.mid = value }
            case ("candidate", let value?):
                if fragment.candidates.count < candidatesMax, let candidate = CandidateLine(value) {
                    fragment.candidates.append(candidate)
                }
            case ("end-of-candidates", _):
                fragment.isComplete = true
            default:
                continue
            }
        }
        return fragment
    }

    /// The fragment as text, for the response to an ICE restart.
    package func serialized() -> String {
        var text = ""
        var attributes: [SDPAttribute] = []
        if let usernameFragment {
            attributes.append(SDPAttribute("ice-ufrag", usernameFragment))
        }
        if let password { attributes.append(SDPAttribute("ice-pwd", password)) }
        for attribute in attributes { attribute.append(to: &text) }
        if let mediaLine { text += "m=\(mediaLine)\r\n" }
        attributes = []
        if let mid { attributes.append(SDPAttribute("mid", mid)) }
        for candidate in candidates { attributes.append(SDPAttribute("candidate", candidate.text)) }
        if isComplete { attributes.append(SDPAttribute("end-of-candidates")) }
        for attribute in attributes { attribute.append(to: &text) }
        return text
    }
}
