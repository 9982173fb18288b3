// Cutting lines into fields by bytes: a combining character behind a separator must not hide it.
// SPDX-License-Identifier: Apache-2.0

/// Cuts text at ASCII separators.
package enum SDPFields {
    /// The parts between separators, empty ones included; O(bytes).
    package static func split(_ text: String, at separator: UInt8) -> [String] {
        text.utf8.split(separator: separator, omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
    }

    /// The parts between spaces, empty ones left out; O(bytes).
    package static func words(_ text: String) -> [String] {
        text.utf8.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }
    }

    /// What stands before and behind the first separator; `nil` behind if there is none.
    package static func cut(_ text: String, at separator: UInt8) -> (String, String?) {
        guard let index = text.utf8.firstIndex(of: separator) else { return (text, nil) }
        return (
            String(text[..<index]), String(text[text.utf8.index(after: index)...])
        )
    }

    /// The text without spaces and tabs at its ends.
    package static func trimmed(_ text: String) -> String {
        var part = text.utf8[...]
        while let first = part.first, first == 0x20 || first == 0x09 { part = part.dropFirst() }
        while let last = part.last, last == 0x20 || last == 0x09 { part = part.dropLast() }
        return String(Substring(part))
    }

    /// The text with A to Z in lower case, other characters as they are.
    package static func lowercased(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 >= 0x41 && $0 <= 0x5A }) else { return text }
        var bytes = Array(text.utf8)
        for index in bytes.indices where bytes[index] >= 0x41 && bytes[index] <= 0x5A {
            bytes[index] |= 0x20
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether every byte is a letter, a digit or one of `extra`, and there is at least one.
    package static func isAlphanumeric(_ text: String, or extra: [UInt8]) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A)
                    || (byte >= 0x61 && byte <= 0x7A) || extra.contains(byte)
            }
    }

    /// The number that decimal digits and nothing else stand for; `nil` above 32 bits.
    package static func number(_ text: String) -> UInt32? {
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return UInt32(text)
    }

    /// Whether the text is a `token` (RFC 8866 §9), which mids are.
    package static func isToken(_ text: String) -> Bool {
        isAlphanumeric(text, or: Array("!#$%&'*+-.^_`{|}~".utf8))
    }
}

extension UInt64 {
    /// Reads a decimal number; one above 64 bits, or negative, is folded into them, since only
    /// change matters.
    init?(sdpNumber text: String) {
        if let number = UInt64(text) {
            self = number
        } else if let number = Int64(text) {
            self = UInt64(bitPattern: number)
        } else {
            // RFC 8866 sets no bound. Keep the last digits.
            guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
                return nil
            }
            self = text.utf8.reduce(0) { $0 &* 10 &+ UInt64($1 &- 0x30) }
        }
    }
}
