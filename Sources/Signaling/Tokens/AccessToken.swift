// What an access token says.
// SPDX-License-Identifier: Apache-2.0

/// The claims of a token: who may do what in which room until when (RFC 7519 §4).
///
/// Times are whole seconds of Unix time.
package struct AccessToken: Hashable, Sendable {
    /// Whom it is for (`sub`).
    package var participant: ParticipantID
    /// The only room it opens (`room`); `nil` opens none, which makes sense for admin tokens.
    package var room: RoomName?
    /// The last second of its life (`exp`).
    package var expiresAt: Int64
    /// The first second of its life (`nbf`); `nil`: valid at once.
    package var notBefore: Int64?
    /// The name shown to people (`name`); `join` may not change it.
    package var name: DisplayName?
    /// Text of the application (`metadata`); `join` may not change it.
    package var metadata: Metadata?
    /// What it lets its bearer do (`grants`).
    package var grants: TokenGrants

    /// Makes claims.
    package init(
        participant: ParticipantID, room: RoomName?, expiresAt: Int64, notBefore: Int64? = nil,
        name: DisplayName? = nil, metadata: Metadata? = nil, grants: TokenGrants = TokenGrants()
    ) {
        self.participant = participant
        self.room = room
        self.expiresAt = expiresAt
        self.notBefore = notBefore
        self.name = name
        self.metadata = metadata
        self.grants = grants
    }

    /// Checks that the token opens `room`, for the participant wished for if one is named.
    /// - Throws: `.wrongRoom` or `.wrongIdentity`.
    package func checkAdmission(
        to room: RoomName, as wished: ParticipantID? = nil
    ) throws(TokenError) {
        guard self.room == room else { throw .wrongRoom }
        guard wished == nil || wished == participant else { throw .wrongIdentity }
    }
}

/// The claims as they stand in the payload.
struct TokenPayload {
    var issuer: String
    var token: AccessToken
}

extension TokenPayload: Codable {
    private enum Key: String, CodingKey {
        case iss, sub, exp, nbf, room, name, metadata, grants
    }

    /// Reads claims; `iss`, `sub` and `exp` must be there, unknown ones are ignored.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        issuer = try fields.decode(String.self, forKey: .iss)
        let notBefore = try fields.decodeIfPresent(NumericDate.self, forKey: .nbf)
        token = AccessToken(
            participant: try fields.decode(ParticipantID.self, forKey: .sub),
            room: try fields.decodeIfPresent(RoomName.self, forKey: .room),
            expiresAt: try fields.decode(NumericDate.self, forKey: .exp).seconds,
            notBefore: notBefore?.seconds,
            name: try fields.decodeIfPresent(DisplayName.self, forKey: .name),
            metadata: try fields.decodeIfPresent(Metadata.self, forKey: .metadata),
            grants: try fields.decodeIfPresent(TokenGrants.self, forKey: .grants)
                ?? TokenGrants())
    }

    /// Writes claims.
    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(issuer, forKey: .iss)
        try fields.encode(token.participant, forKey: .sub)
        try fields.encode(token.expiresAt, forKey: .exp)
        try fields.encodeIfPresent(token.notBefore, forKey: .nbf)
        try fields.encodeIfPresent(token.room, forKey: .room)
        try fields.encodeIfPresent(token.name, forKey: .name)
        try fields.encodeIfPresent(token.metadata, forKey: .metadata)
        try fields.encode(token.grants, forKey: .grants)
    }
}

/// A time of a token: seconds since 1970, perhaps with a fraction (RFC 7519 §2).
struct NumericDate: Decodable {
    /// Whole seconds, rounded down.
    let seconds: Int64

    /// Reads a number that a 64-bit integer can hold.
    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let whole = try? value.decode(Int64.self) {
            seconds = whole
            return
        }
        let number = try value.decode(Double.self)
        guard let whole = Int64(exactly: number.rounded(.down)) else { throw TokenError.malformed }
        seconds = whole
    }
}
