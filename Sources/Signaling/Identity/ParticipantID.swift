// The checked identity of a participant within a room.
// SPDX-License-Identifier: Apache-2.0

/// Who somebody is in a room: 1 to 64 bytes of `NameCharacters`; unique in the room.
package struct ParticipantID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The longest id, in bytes.
    package static let bytesMax = 64

    /// The id as it was given.
    package let text: String

    /// Checks an id.
    /// - Throws: `.invalidParticipantID` if it is empty, too long or has a foreign character.
    package init(_ text: String) throws(SignalingError) {
        guard NameCharacters.accepts(text, maxBytes: Self.bytesMax) else {
            throw SignalingError(.invalidParticipantID)
        }
        self.text = text
    }

    /// An id for somebody who brought none: `PA_` and 60 random bits.
    package static func random(using generator: inout some RandomNumberGenerator) -> ParticipantID {
        ParticipantID(trusted: "PA_" + RandomText.make(count: 12, using: &generator))
    }

    init(trusted text: String) { self.text = text }

    /// The id itself.
    package var description: String { text }

    /// Orders by bytes.
    package static func < (left: ParticipantID, right: ParticipantID) -> Bool {
        left.text < right.text
    }
}

extension ParticipantID: Codable {
    /// Reads and checks an id.
    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the id as a string.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
