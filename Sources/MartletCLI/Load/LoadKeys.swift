// The tokens of a load's clients, made with the server's key.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Signaling

/// What a load's tokens are made with; a development server asks for none.
struct LoadKeys: Sendable {
    /// How long a token lasts, in seconds: sessions outlive neither it nor a load of a day.
    static let tokenSeconds: Int64 = 90_000

    let keyName: String?
    private let issuer: TokenIssuer?
    private let given: String?

    /// - Parameter token: A token that was given; then none is made.
    init(_ options: KeyOptions, token: String?) throws {
        // How long a secret must be is for the server to say: a development server takes short ones.
        let ring = try options.ring(isDevelopment: true)
        given = token
        keyName = token == nil ? ring.names.first : nil
        issuer = keyName.flatMap { TokenIssuer(keyName: $0, of: ring) }
    }

    /// Whether a token was given, which says itself whom it lets in.
    var isGiven: Bool { given != nil }

    /// A token for one client; empty without a key.
    /// - Parameter role: Its role; `nil`: that of the room.
    func token(
        for participant: ParticipantID, in room: RoomName, role: ParticipantRole? = nil
    ) -> String {
        if let given { return given }
        guard let issuer else { return "" }
        return issuer.issue(
            AccessToken(
                participant: participant, room: room,
                expiresAt: Int64(Date().timeIntervalSince1970) + Self.tokenSeconds,
                grants: TokenGrants(data: false, role: role, changeRole: false)))
    }
}
