// The values of the attributes that describe formats and extensions. Their words stay in the text, as ranges of it.
// SPDX-License-Identifier: Apache-2.0

/// `a=rtpmap:96 VP8/90000` or `a=rtpmap:111 opus/48000/2` (RFC 8866 §6.6).
package struct RTPMap: Sendable {
    /// 0 to 127.
    package let payloadType: UInt8
    /// The encoding's name, to be read without regard to case.
    package let name: Range<Int>
    /// Clock units per second.
    package let clockRate: UInt32
    /// 1 where the line names none.
    package let channels: Int

    /// Reads the value; `nil` if it has another form.
    package init?(_ text: Span<UInt8>, _ value: Range<Int>) {
        let (number, rest) = text.cut(value, at: UInt8(ascii: " "))
        guard let payloadType = text.payloadType(number), let rest else { return nil }
        let slash = UInt8(ascii: "/")
        var parts = SDPFields(text.trimmed(rest))
        guard let name = parts.part(text, endedBy: slash), !name.isEmpty,
            let rate = parts.part(text, endedBy: slash).flatMap({ text.number($0) }), rate > 0
        else { return nil }
        if let part = parts.part(text, endedBy: slash) {
            guard let channels = text.number(part, most: 255), channels > 0,
                parts.part(text, endedBy: slash) == nil
            else { return nil }
            self.channels = Int(channels)
        } else {
            channels = 1
        }
        self.payloadType = payloadType
        self.name = name
        clockRate = rate
    }
}

/// `a=fmtp:96 key=value;key=value` (RFC 8866 §6.15).
package struct FormatParameters: Sendable {
    /// 0 to 127.
    package let payloadType: UInt8
    /// What stands behind the payload type, without spaces at its ends.
    package let parameters: Range<Int>

    /// Reads the value; `nil` if it has another form.
    package init?(_ text: Span<UInt8>, _ value: Range<Int>) {
        let (number, rest) = text.cut(value, at: UInt8(ascii: " "))
        guard let payloadType = text.payloadType(number), let rest else { return nil }
        self.payloadType = payloadType
        parameters = text.trimmed(rest)
    }

    /// The value of a parameter in what an fmtp line says, the first of this name; O(bytes).
    /// - Parameter key: Its name in lower case, found without regard to case.
    package static func value(
        of key: StaticString, _ text: Span<UInt8>, _ parameters: Range<Int>
    ) -> Range<Int>? {
        var parts = SDPFields(parameters)
        while let part = parts.part(text, endedBy: UInt8(ascii: ";")) {
            let (name, value) = text.cut(part, at: UInt8(ascii: "="))
            if text.matchesInAnyCase(text.trimmed(name), key) {
                return value.map { text.trimmed($0) }
            }
        }
        return nil
    }
}

/// `a=rtcp-fb:96 nack pli`, or with `*` for every payload type (RFC 4585 §4.2).
package struct FeedbackLine: Sendable {
    /// 0 to 127; `nil` for `*`.
    package let payloadType: UInt8?
    /// What is understood: `nack`, `nack pli`, `ccm fir`, `transport-cc` ..., to be read without regard to case.
    package let mechanism: Range<Int>

    /// Reads the value; `nil` if it has another form.
    package init?(_ text: Span<UInt8>, _ value: Range<Int>) {
        let (number, rest) = text.cut(value, at: UInt8(ascii: " "))
        guard let rest else { return nil }
        if number.count == 1, text[number.lowerBound] == UInt8(ascii: "*") {
            payloadType = nil
        } else {
            guard let type = text.payloadType(number) else { return nil }
            payloadType = type
        }
        mechanism = text.trimmed(rest)
    }
}

/// The direction in which media flows, seen from the side that wrote the description (RFC 8866
/// §6.7).
package enum SDPDirection: String, Sendable {
    /// `a=sendrecv`, also meant where no direction stands.
    case sendrecv
    /// `a=sendonly`
    case sendonly
    /// `a=recvonly`
    case recvonly
    /// `a=inactive`
    case inactive

    /// Reads one of the four words; `nil` for another text.
    package init?(_ text: Span<UInt8>, _ range: Range<Int>) {
        self.init(SDPAttributeName(text, range))
    }

    /// The direction of an attribute; `nil` if it is none.
    package init?(_ name: SDPAttributeName) {
        switch name {
        case .sendrecv: self = .sendrecv
        case .sendonly: self = .sendonly
        case .recvonly: self = .recvonly
        case .inactive: self = .inactive
        default: return nil
        }
    }

    /// The same direction seen from the other side.
    package var reversed: SDPDirection {
        switch self {
        case .sendonly: .recvonly
        case .recvonly: .sendonly
        case .sendrecv, .inactive: self
        }
    }
}

/// `a=extmap:8/sendonly uri attributes` (RFC 8285 §5).
package struct ExtensionMapping: Sendable {
    /// 1 to 14 fit both header forms, 16 to 255 the two-byte form only.
    package let id: UInt8
    /// Who writes it, seen from the writer of the description; `nil` where the line names none.
    package let direction: SDPDirection?
    /// What it means.
    package let uri: Range<Int>

    /// Reads the value; `nil` if it has another form or an id that no packet can carry.
    package init?(_ text: Span<UInt8>, _ value: Range<Int>) {
        var words = SDPFields(value)
        guard let first = words.word(text), let uri = words.word(text) else { return nil }
        let (number, direction) = text.cut(first, at: UInt8(ascii: "/"))
        guard let id = text.number(number, most: 255), id != 0, id != 15 else { return nil }
        if let direction {
            guard let known = SDPDirection(text, direction) else { return nil }
            self.direction = known
        } else {
            self.direction = nil
        }
        self.id = UInt8(truncatingIfNeeded: id)
        self.uri = uri
    }
}
