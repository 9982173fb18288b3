// The ids that the server gives: of published tracks, of rooms, and the secret ones of sessions.
// SPDX-License-Identifier: Apache-2.0

/// A published track's id, given by the server: `TR_` and a number, never used twice in a room, nor in a room of
/// the same name that was before it: whoever comes back after a restart can tell old tracks from new ones.
package struct TrackID: Hashable, Sendable, CustomStringConvertible {
    /// The longest id taken from a client, in bytes.
    package static let bytesMax = 32

    /// The id as the clients see it.
    package let text: String

    /// The id of a room's track with that number.
    package init(number: UInt64) { text = "TR_\(number)" }

    /// Checks an id that a client sent; whether such a track exists is the room's affair.
    /// - Throws: `.invalidArgument` if it is empty, too long or has a foreign character.
    package init(_ text: String) throws(SignalingError) {
        guard NameCharacters.accepts(text, maxBytes: Self.bytesMax) else {
            throw SignalingError(.invalidArgument, detail: "`track` is no track id.")
        }
        self.text = text
    }

    /// The id itself.
    package var description: String { text }
}

extension TrackID: Codable {
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

/// A room's id, a new one each time a room comes into being: two rooms of one name are told apart by it.
package struct RoomID: Hashable, Sendable, CustomStringConvertible {
    /// The longest id, in bytes.
    package static let bytesMax = 64

    /// The id as clients see it.
    package let text: String

    /// A new id of 80 random bits.
    package static func random(using generator: inout some RandomNumberGenerator) -> RoomID {
        RoomID(trusted: "RM_" + RandomText.make(count: 16, using: &generator))
    }

    private init(trusted text: String) { self.text = text }

    /// Checks an id.
    /// - Throws: `.invalidArgument` if it is empty, too long or has a foreign character.
    package init(_ text: String) throws(SignalingError) {
        guard NameCharacters.accepts(text, maxBytes: Self.bytesMax) else {
            throw SignalingError(.invalidArgument, detail: "`id` is no room id.")
        }
        self.text = text
    }

    /// The number of the room's first track, 1 to 2^40, as random as the id: rooms of one name that follow each
    /// other give their tracks different numbers. It is FNV-1a of the id's bytes.
    package var firstTrackNumber: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return 1 + hash >> 24
    }

    /// The id itself.
    package var description: String { text }
}

extension RoomID: Codable {
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

/// A session's secret id: whoever knows it may take the session over, so it is told to nobody else.
package struct SessionID: Hashable, Sendable {
    /// The longest id taken from a client, in bytes.
    package static let bytesMax = 64

    /// The id as its client sees it.
    package let text: String

    /// A new id of 130 random bits; `generator` must be a secure one outside tests.
    package static func random(using generator: inout some RandomNumberGenerator) -> SessionID {
        SessionID(trusted: "SE_" + RandomText.make(count: 26, using: &generator))
    }

    private init(trusted text: String) { self.text = text }

    /// Checks an id that a client sent.
    /// - Throws: `.invalidArgument` if it is empty, too long or has a foreign character.
    package init(_ text: String) throws(SignalingError) {
        guard NameCharacters.accepts(text, maxBytes: Self.bytesMax) else {
            throw SignalingError(.invalidArgument, detail: "`session` is no session id.")
        }
        self.text = text
    }
}

extension SessionID: Codable {
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
