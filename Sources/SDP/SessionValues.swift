// The values of the attributes that name groups and certificates.
// SPDX-License-Identifier: Apache-2.0

/// `a=group:BUNDLE 0 1 2` (RFC 5888 §5, RFC 9143 §7).
package struct GroupLine: Sendable {
    /// `BUNDLE`, `LS` ...
    package let semantics: Range<Int>
    /// The mids of the group, in order.
    package let mids: [Range<Int>]

    /// Reads the value; `nil` if it has another form.
    package init?(_ text: Span<UInt8>, _ value: Range<Int>) {
        var words = SDPFields(value)
        guard let first = words.word(text) else { return nil }
        var mids: [Range<Int>] = []
        while let word = words.word(text) { mids.append(word) }
        semantics = first
        self.mids = mids
    }
}

/// `a=fingerprint:sha-256 AB:CD:...` (RFC 8122 §5).
package struct FingerprintLine: Equatable, Sendable {
    /// The digest's name in lower case.
    package let algorithm: String
    /// The digest of the certificate.
    package let bytes: [UInt8]

    /// Reads the value; `nil` if it has another form or more than 64 bytes.
    package init?(_ text: Span<UInt8>, _ value: Range<Int>) {
        var words = SDPFields(value)
        guard let algorithm = words.word(text), let digest = words.word(text),
            digest.count <= 191, words.word(text) == nil
        else { return nil }
        var bytes: [UInt8] = []
        var pairs = SDPFields(digest)
        while let pair = pairs.part(text, endedBy: UInt8(ascii: ":")) {
            guard pair.count == 2, let high = Self.digit(text[pair.lowerBound]),
                let low = Self.digit(text[pair.lowerBound &+ 1])
            else { return nil }
            bytes.append(high << 4 | low)
        }
        self.algorithm = text.string(lowercased: algorithm)
        self.bytes = bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
        default: nil
        }
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
