// The set of characters that names and ids may be made of.
// SPDX-License-Identifier: Apache-2.0

/// The 89 characters of room names and participant ids: letters, digits, space and 26 signs.
///
/// The set is the one Agora documents for channel names, so that names carry over. All of it is
/// ASCII: two names that look alike are alike, and a byte is a character.
package enum NameCharacters {
    /// The signs allowed beside letters and digits.
    package static let signs = "!#$%&()+-:;<=.>?@[]^_{}|~, "

    /// Whether one byte of UTF-8 belongs to the set.
    package static func contains(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            return true
        default:
            return signs.utf8.contains(byte)
        }
    }

    /// Whether `text` has 1 to `maxBytes` bytes, all of the set.
    package static func accepts(_ text: String, maxBytes: Int) -> Bool {
        let count = text.utf8.count
        return count >= 1 && count <= maxBytes && text.utf8.allSatisfy(contains)
    }
}
