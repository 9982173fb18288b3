// The values of the attributes that name streams and layers of simulcast.
// SPDX-License-Identifier: Apache-2.0

/// `a=ssrc:1234 cname:x` (RFC 5576 §4.1).
package struct SSRCLine: Sendable {
    /// The source.
    package let ssrc: UInt32
    /// `cname`, `msid` ...; empty where only the source is named.
    package let attribute: Range<Int>
    /// What stands behind the attribute's colon.
    package let value: Range<Int>?

    /// Reads the value; `nil` if it has another form.
    package init?(_ text: Span<UInt8>, _ line: Range<Int>) {
        let (number, rest) = text.cut(line, at: UInt8(ascii: " "))
        guard let ssrc = text.number(number) else { return nil }
        self.ssrc = ssrc
        (attribute, value) = text.cut(
            rest ?? line.upperBound..<line.upperBound, at: UInt8(ascii: ":"))
    }
}

/// `a=ssrc-group:FID 1 2` (RFC 5576 §4.2).
package struct SSRCGroupLine: Sendable {
    /// `FID` (media and its retransmissions), `SIM`, `FEC-FR` ...
    package let semantics: Range<Int>
    /// The sources in order.
    package let ssrcs: [UInt32]

    /// Reads the value; `nil` if it has another form.
    package init?(_ text: Span<UInt8>, _ value: Range<Int>) {
        var words = SDPFields(value)
        guard let first = words.word(text) else { return nil }
        var ssrcs: [UInt32] = []
        while let word = words.word(text) {
            guard let ssrc = text.number(word) else { return nil }
            ssrcs.append(ssrc)
        }
        semantics = first
        self.ssrcs = ssrcs
    }
}

/// `a=rid:h send pt=96;max-width=640` (RFC 8851 §10).
package struct RIDLine: Sendable {
    /// The layer's name.
    package let id: Range<Int>
    /// Whether the writer of the description sends it; otherwise it receives it.
    package let isSent: Bool
    /// The restrictions, as they came; `nil` without any.
    package let restrictions: Range<Int>?

    /// Reads the value; `nil` if it has another form.
    package init?(_ text: Span<UInt8>, _ value: Range<Int>) {
        var words = SDPFields(value)
        guard let id = words.word(text), RIDLine.isValid(text, id),
            let direction = words.word(text)
        else { return nil }
        isSent = text.matches(direction, "send")
        guard isSent || text.matches(direction, "recv") else { return nil }
        self.id = id
        restrictions = words.word(text)
    }

    /// Whether the text may name a layer: letters, digits, `-` and `_` (RFC 8852 §3), at most 16 so
    /// that it fits a one-byte extension.
    package static func isValid(_ text: Span<UInt8>, _ id: Range<Int>) -> Bool {
        id.count <= 16 && text.isAlphanumeric(id, or: "-_")
    }
}

/// `a=simulcast:send q;h;~f recv ...` (RFC 8853 §5.1).
package struct SimulcastLine: Sendable {
    /// The layers the writer of the description sends, in its order; the first of each list of
    /// alternatives.
    package private(set) var sent: [Range<Int>] = []
    /// The layers it receives.
    package private(set) var received: [Range<Int>] = []

    /// Reads the value; `nil` if it has another form.
    package init?(_ text: Span<UInt8>, _ value: Range<Int>) {
        var words = SDPFields(value)
        var lists = 0
        while let direction = words.word(text) {
            guard lists < 2, let list = words.word(text),
                let layers = SimulcastLine.layers(text, list)
            else { return nil }
            if sent.isEmpty, text.matches(direction, "send") {
                sent = layers
            } else if received.isEmpty, text.matches(direction, "recv") {
                received = layers
            } else {
                return nil
            }
            lists &+= 1
        }
        guard lists > 0 else { return nil }
    }

    private static func layers(_ text: Span<UInt8>, _ list: Range<Int>) -> [Range<Int>]? {
        var layers: [Range<Int>] = []
        var parts = SDPFields(list)
        while let alternatives = parts.part(text, endedBy: UInt8(ascii: ";")) {
            var id = text.cut(alternatives, at: UInt8(ascii: ",")).before
            // A tilde marks a layer that starts paused.
            if let first = id.first, text[first] == UInt8(ascii: "~") { id = id.dropFirst() }
            guard RIDLine.isValid(text, id) else { return nil }
            layers.append(id)
        }
        return layers
    }
}
