// The checked name (mid) of a media section.
// SPDX-License-Identifier: Apache-2.0

/// A media section's `mid` as the offer names it: 1 to 32 bytes of an SDP token (RFC 5888 §4).
package struct MediaSectionID: Hashable, Sendable, CustomStringConvertible {
    /// The longest mid, in bytes.
    package static let bytesMax = 32

    /// The mid itself.
    package let text: String

    /// Checks a mid.
    /// - Throws: `.invalidArgument` if it is empty, too long or has a blank or control character.
    package init(_ text: String) throws(SignalingError) {
        let count = text.utf8.count
        guard count >= 1, count <= Self.bytesMax,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw SignalingError(.invalidArgument, detail: "`mid` is no mid.")
        }
        self.text = text
    }

    /// The mid itself.
    package var description: String { text }
}

extension MediaSectionID: Codable {
    /// Reads and checks a mid.
    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the mid as a string.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
