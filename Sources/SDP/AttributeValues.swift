// The values of the attributes that WebRTC gives a meaning, read one by one.
// SPDX-License-Identifier: Apache-2.0

/// `a=rtpmap:96 VP8/90000` or `a=rtpmap:111 opus/48000/2` (RFC 8866 §6.6).
package struct RTPMap: Equatable, Sendable {
    /// 0 to 127.
    package let payloadType: UInt8
    /// The encoding's name in lower case.
    package let name: String
    /// Clock units per second.
    package let clockRate: UInt32
    /// 1 where the line names none.
    package let channels: Int

    /// Reads the value; `nil` if it has another form.
    package init?(_ value: String) {
        let (number, rest) = SDPFields.cut(value, at: UInt8(ascii: " "))
        guard let payloadType = UInt8(number), payloadType < 128, let rest else { return nil }
        let parts = SDPFields.split(SDPFields.trimmed(rest), at: UInt8(ascii: "/"))
        guard parts.count >= 2, parts.count <= 3, !parts[0].isEmpty, let rate = UInt32(parts[1]),
            rate > 0
        else { return nil }
        self.payloadType = payloadType
        name = SDPFields.lowercased(parts[0])
        clockRate = rate
        guard parts.count == 3 else {
            channels = 1
            return
        }
        guard let channels = UInt8(parts[2]), channels > 0 else { return nil }
        self.channels = Int(channels)
    }
}

/// `a=fmtp:96 key=value;key=value` (RFC 8866 §6.15).
package struct FormatParameters: Equatable, Sendable {
    /// 0 to 127.
    package let payloadType: UInt8
    /// What stands behind the payload type, as it came.
    package let text: String

    /// Reads the value; `nil` if it has another form.
    package init?(_ value: String) {
        let (number, rest) = SDPFields.cut(value, at: UInt8(ascii: " "))
        guard let payloadType = UInt8(number), payloadType < 128, let rest else { return nil }
        self.payloadType = payloadType
        text = SDPFields.trimmed(rest)
    }

    /// The value of a parameter, found without regard to case; O(bytes).
    package func value(of key: String) -> String? { Self.value(of: key, in: text) }

    /// The value of a parameter in the text of an fmtp line; O(bytes).
    package static func value(of key: String, in text: String) -> String? {
        for part in SDPFields.split(text, at: UInt8(ascii: ";")) {
            let (name, value) = SDPFields.cut(part, at: UInt8(ascii: "="))
            if SDPFields.lowercased(SDPFields.trimmed(name)) == key {
                return value.map(SDPFields.trimmed)
            }
        }
        return nil
    }
}

/// `a=rtcp-fb:96 nack pli`, or with `*` for every payload type (RFC 4585 §4.2).
package struct FeedbackLine: Equatable, Sendable {
    /// 0 to 127; `nil` for `*`.
    package let payloadType: UInt8?
    /// What is understood: `nack`, `nack pli`, `ccm fir`, `transport-cc` ...
    package let mechanism: String

    /// Reads the value; `nil` if it has another form.
    package init?(_ value: String) {
        let (number, rest) = SDPFields.cut(value, at: UInt8(ascii: " "))
        guard let rest else { return nil }
        if number == "*" {
            payloadType = nil
        } else {
            guard let type = UInt8(number), type < 128 else { return nil }
            payloadType = type
        }
        mechanism = SDPFields.lowercased(SDPFields.trimmed(rest))
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
package struct ExtensionMapping: Equatable, Sendable {
    /// 1 to 14 fit both header forms, 16 to 255 the two-byte form only.
    package let id: UInt8
    /// Who writes it, seen from the writer of the description; `nil` where the line names none.
    package let direction: SDPDirection?
    /// What it means.
    package let uri: String

    /// Reads the value; `nil` if it has another form or an id that no packet can carry.
    package init?(_ value: String) {
        let fields = SDPFields.words(value)
        guard fields.count >= 2 else { return nil }
        let (number, direction) = SDPFields.cut(fields[0], at: UInt8(ascii: "/"))
        guard let id = UInt8(number), id != 0, id != 15 else { return nil }
        if let direction {
            guard let known = SDPDirection(rawValue: direction) else { return nil }
            self.direction = known
        } else {
            self.direction = nil
        }
        self.id = id
        uri = fields[1]
    }
}

/// `a=ssrc:1234 cname:x` (RFC 5576 §4.1).
package struct SSRCLine: Equatable, Sendable {
    /// The source.
    package let ssrc: UInt32
    /// `cname`, `msid` ...; empty where only the source is named.
    package let attribute: String
    /// What stands behind the attribute's colon.
    package let value: String?

    /// Reads the value; `nil` if it has another form.
    package init?(_ text: String) {
        let (number, rest) = SDPFields.cut(text, at: UInt8(ascii: " "))
        guard let ssrc = UInt32(number) else { return nil }
        self.ssrc = ssrc
        (attribute, value) = SDPFields.cut(rest ?? "", at: UInt8(ascii: ":"))
    }
}

/// `a=ssrc-group:FID 1 2` (RFC 5576 §4.2).
package struct SSRCGroupLine: Equatable, Sendable {
    /// `FID` (media and its retransmissions), `SIM`, `FEC-FR` ...
    package let semantics: String
    /// The sources in order.
    package let ssrcs: [UInt32]

    /// Reads the value; `nil` if it has another form.
    package init?(_ value: String) {
        let fields = SDPFields.words(value)
        guard let first = fields.first else { return nil }
        var ssrcs: [UInt32] = []
        for field in fields.dropFirst() {
            guard let ssrc = UInt32(field) else { return nil }
            ssrcs.append(ssrc)
        }
        semantics = first
        self.ssrcs = ssrcs
    }
}

/// `a=rid:h send pt=96;max-width=640` (RFC 8851 §10).
package struct RIDLine: Equatable, Sendable {
    /// The layer's name.
    package let id: String
    /// Whether the writer of the description sends it; otherwise it receives it.
    package let isSent: Bool
    /// The restrictions, as they came; empty without any.
    package let restrictions: String

    /// Reads the value; `nil` if it has another form.
    package init?(_ value: String) {
        let fields = SDPFields.words(value)
        guard fields.count >= 2, RIDLine.isValid(fields[0]) else { return nil }
        switch fields[1] {
        case "send": isSent = true
        case "recv": isSent = false
        default: return nil
        }
        id = fields[0]
        restrictions = fields.count > 2 ? fields[2] : ""
    }

    /// Whether the text may name a layer: letters, digits, `-` and `_` (RFC 8852 §3), at most 16 so
    /// that it fits a one-byte extension.
    package static func isValid(_ id: String) -> Bool {
        id.utf8.count <= 16
            && SDPFields.isAlphanumeric(id, or: [UInt8(ascii: "-"), UInt8(ascii: "_")])
    }
}

/// `a=simulcast:send q;h;~f recv ...` (RFC 8853 §5.1).
package struct SimulcastLine: Equatable, Sendable {
    /// The layers the writer of the description sends, in its order; the first of each list of
    /// alternatives.
    package let sent: [String]
    /// The layers it receives.
    package let received: [String]

    /// Reads the value; `nil` if it has another form.
    package init?(_ value: String) {
        let fields = SDPFields.words(value)
        guard fields.count == 2 || fields.count == 4 else { return nil }
        var sent: [String] = []
        var received: [String] = []
        for start in stride(from: 0, to: fields.count, by: 2) {
            guard let layers = SimulcastLine.layers(fields[start + 1]) else { return nil }
            switch fields[start] {
            case "send" where sent.isEmpty: sent = layers
            case "recv" where received.isEmpty: received = layers
            default: return nil
            }
        }
        self.sent = sent
        self.received = received
    }

    private static func layers(_ list: String) -> [String]? {
        var layers: [String] = []
        for alternatives in SDPFields.split(list, at: UInt8(ascii: ";")) {
            let first = SDPFields.cut(alternatives, at: UInt8(ascii: ",")).0
            // A tilde marks a layer that starts paused.
            let id = first.utf8.first == UInt8(ascii: "~") ? String(first.dropFirst()) : first
            guard RIDLine.isValid(id) else { return nil }
            layers.append(id)
        }
        return layers
    }
}

/// `a=group:BUNDLE 0 1 2` (RFC 5888 §5, RFC 9143 §7).
package struct GroupLine: Equatable, Sendable {
    /// `BUNDLE`, `LS` ...
    package let semantics: String
    /// The mids of the group, in order.
    package let mids: [String]

    /// Reads the value; `nil` if it has another form.
    package init?(_ value: String) {
        let fields = SDPFields.words(value)
        guard let first = fields.first else { return nil }
        semantics = first
        mids = Array(fields.dropFirst())
    }
}

/// `a=fingerprint:sha-256 AB:CD:...` (RFC 8122 §5).
package struct FingerprintLine: Equatable, Sendable {
    /// The digest's name in lower case.
    package let algorithm: String
    /// The digest of the certificate.
    package let bytes: [UInt8]

    /// Reads the value; `nil` if it has another form or more than 64 bytes.
    package init?(_ value: String) {
        let fields = SDPFields.words(value)
        guard fields.count == 2, fields[1].utf8.count <= 191 else { return nil }
        var bytes: [UInt8] = []
        for pair in SDPFields.split(fields[1], at: UInt8(ascii: ":")) {
            // UInt8(_:radix:) alone would take a sign.
            guard pair.utf8.count == 2, SDPFields.isAlphanumeric(pair, or: []),
                let byte = UInt8(pair, radix: 16)
            else { return nil }
            bytes.append(byte)
        }
        algorithm = SDPFields.lowercased(fields[0])
        self.bytes = bytes
    }

    /// Writes bytes as the line shows them: upper-case pairs with colons.
    package static func text(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            if !text.isEmpty { text.append(UInt8(ascii: ":")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
