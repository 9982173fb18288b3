// The checked name of a room.
// SPDX-License-Identifier: Apache-2.0

/// A room's name: 1 to 64 bytes of `NameCharacters`. Case counts.
package struct RoomName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The longest name, in bytes.
    package static let bytesMax = 64

    /// The name as it was given.
    package let text: String

    /// Checks a name.
    /// - Throws: `.invalidRoomName` if it is empty, too long or has a character outside the set.
    package init(_ text: String) throws(SignalingError) {
        guard NameCharacters.accepts(text, maxBytes: Self.bytesMax) else {
            throw SignalingError(.invalidRoomName)
        }
        self.text = text
    }

    /// The name itself.
    package var description: String { text }

    /// Orders by bytes.
    package static func < (left: RoomName, right: RoomName) -> Bool { left.text < right.text }
}

extension RoomName: Codable {
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
