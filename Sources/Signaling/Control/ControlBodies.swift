// The JSON bodies of the control interface over HTTP, beside those that are values of their own.
// SPDX-License-Identifier: Apache-2.0

/// A room to make: its name, and beside it the fields of `RoomOptions`.
package struct RoomCreation: Hashable, Sendable {
    /// The name, which must be free.
    package var name: RoomName
    /// What is different from other rooms.
    package var options: RoomOptions

    /// Makes the body.
    package init(name: RoomName, options: RoomOptions = RoomOptions()) {
        self.name = name
        self.options = options
    }
}

extension RoomCreation: Codable {
    private enum Key: String, CodingKey { case name }

    /// Reads both from one object.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init(
            name: try fields.decode(RoomName.self, forKey: .name),
            options: try RoomOptions(from: decoder))
    }

    /// Writes both into one object.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(name, forKey: .name)
        try options.encode(to: encoder)
    }
}

/// Some of the rooms, sorted by name.
package struct RoomList: Codable, Hashable, Sendable {
    /// The rooms.
    package var rooms: [RoomDescription]
    /// Where the next page begins: what to give as `after`; `nil`: these were the last.
    package var next: RoomName?

    /// Makes a page.
    package init(rooms: [RoomDescription], next: RoomName? = nil) {
        self.rooms = rooms
        self.next = next
    }
}

/// Everybody in a room, in the order of joining.
package struct ParticipantList: Codable, Hashable, Sendable {
    /// The participants; players have no ids and are none of them.
    package var participants: [ParticipantDescription]

    /// Makes a list.
    package init(participants: [ParticipantDescription]) { self.participants = participants }
}

/// What became of a message of the server.
package struct MessageReceipt: Codable, Hashable, Sendable {
    /// Those it names who are not in the room.
    package var unreachable: [ParticipantID]

    /// Makes a receipt.
    package init(unreachable: [ParticipantID]) { self.unreachable = unreachable }
}

/// Whom a token is wanted for.
package struct TokenRequest: Codable, Hashable, Sendable {
    /// How long a token lasts if nothing is said, in seconds.
    package static let ttlSecondsDefault: Int64 = 3600
    /// The longest life that can be asked for, in seconds.
    package static let ttlSecondsMax: Int64 = 86_400

    /// The room it opens.
    package var room: RoomName
    /// Who its bearer is.
    package var participant: ParticipantID
    /// The name shown to people.
    package var name: DisplayName?
    /// Text of the application.
    package var metadata: Metadata?
    /// How long it lasts, 1 to `ttlSecondsMax`.
    package var ttlSeconds: Int64?
    /// What it grants; as in a token, what is left out has its default.
    package var grants: TokenGrants?

    /// Makes a request.
    package init(
        room: RoomName, participant: ParticipantID, name: DisplayName? = nil,
        metadata: Metadata? = nil, ttlSeconds: Int64? = nil, grants: TokenGrants? = nil
    ) {
        self.room = room
        self.participant = participant
        self.name = name
        self.metadata = metadata
        self.ttlSeconds = ttlSeconds
        self.grants = grants
    }
}

/// A token that was made.
package struct IssuedToken: Codable, Hashable, Sendable {
    /// The token.
    package var token: String
    /// The last second of its life, in Unix time.
    package var expiresAt: Int64

    /// Makes the body.
    package init(token: String, expiresAt: Int64) {
        self.token = token
        self.expiresAt = expiresAt
    }
}

/// The one way between the bytes of HTTP bodies and their values, for the server and for those who ask it.
package enum ControlBody {
    /// Reads a body whose size has been checked: nesting, then the fields; unknown ones are ignored.
    /// - Throws: What is wrong with it, naming the field but never its content.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8]
    ) throws(SignalingError) -> Value {
        try MessageCoding.decode(type, from: bytes.span, limits: SignalingLimits())
    }

    /// Writes a body with sorted keys.
    package static func encode(_ value: some Encodable) -> [UInt8] { MessageCoding.encode(value) }
}
