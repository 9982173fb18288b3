// The checked texts a participant brings: display name and metadata.
// SPDX-License-Identifier: Apache-2.0

/// A name shown to people: 1 to 256 bytes without control characters. Not unique; escape it in HTML.
package struct DisplayName: Hashable, Sendable {
    /// The longest name, in bytes.
    package static let bytesMax = 256

    /// The name.
    package let text: String

    /// Checks a name.
    /// - Throws: `.invalidDisplayName` if it is empty, too long or has a control character.
    package init(_ text: String) throws(SignalingError) {
        let count = text.utf8.count
        guard count >= 1, count <= Self.bytesMax,
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else {
            throw SignalingError(.invalidDisplayName)
        }
        self.text = text
    }
}

extension DisplayName: Codable {
    /// Reads and checks a name.
    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the name as a string.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// Text of the application that goes with a participant: at most 4096 bytes, not looked into.
package struct Metadata: Hashable, Sendable {
    /// The longest text, in bytes.
    package static let bytesMax = 4096

    /// The text.
    package let text: String

    /// Checks a text.
    /// - Throws: `.invalidMetadata` if it is too long.
    package init(_ text: String) throws(SignalingError) {
        guard text.utf8.count <= Self.bytesMax else { throw SignalingError(.invalidMetadata) }
        self.text = text
    }
}

extension Metadata: Codable {
    /// Reads and checks a text.
    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the text as a string.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
