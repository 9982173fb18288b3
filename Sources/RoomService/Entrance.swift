// Who may enter which room: one set of rules for WebSocket, WHIP and WHEP.
// SPDX-License-Identifier: Apache-2.0
package import Rooms
package import Signaling
package import Wire

/// Somebody whose right to enter has been checked.
package struct Admission: Sendable {
    /// Who it is.
    package var participant: ParticipantID
    /// The name shown to people.
    package var name: DisplayName?
    /// Free text of the application.
    package var metadata: Metadata?
    /// What it may do.
    package var grants: TokenGrants
    /// How long the token lasts; `nil`: there is none.
    package var life: TokenLife?
}

/// Checks tokens; in development lets people in without.
package struct Entrance: Sendable {
    private let keys: TokenKeys
    private let isDevelopment: Bool

    /// Makes rules.
    /// - Parameter isDevelopment: Whether anybody may enter without a token.
    package init(keys: TokenKeys, isDevelopment: Bool) {
        self.keys = keys
        self.isDevelopment = isDevelopment
    }

    /// Admits somebody to a room.
    /// - Parameters:
    ///   - wish: The id asked for; with a token it must be the token's.
    ///   - name, metadata: What they say of themselves; what the token says goes before it.
    ///   - unixNow: The time at `now`, in seconds of Unix time.
    ///   - random: Chooses an id for who has no token and wishes for none.
    package func admit(
        token: String?, to room: RoomName, wish: ParticipantID?, name: DisplayName?,
        metadata: Metadata?, unixNow: Int64, at now: MediaInstant,
        using random: inout some RandomNumberGenerator
    ) throws(SignalingError) -> Admission {
        guard let token else {
            guard isDevelopment else { throw SignalingError(.tokenRequired) }
            return Admission(
                participant: wish ?? .random(using: &random), name: name, metadata: metadata,
                grants: TokenGrants(updateSelf: true, admin: true))
        }
        do {
            let verifier = TokenVerifier(keys: keys)
            let claims = try verifier.verify(token, now: unixNow)
            try claims.checkAdmission(to: room, as: wish)
            return Admission(
                participant: claims.participant, name: claims.name ?? name,
                metadata: claims.metadata ?? metadata, grants: claims.grants,
                life: verifier.life(of: claims, unixNow: unixNow, at: now))
        } catch {
            throw SignalingError(error.code)
        }
    }
}

extension RoomEntry {
    /// What somebody brings who joins over the signalling WebSocket.
    package init(
        joining request: JoinRequest, _ id: RequestID, as admission: Admission,
        answered offer: AnsweredOffer, key: SessionKey, session: SessionID,
        iceServers: [ICEServer] = []
    ) {
        self.init(
            key: key,
            kind: .signaling(
                JoinReplyParts(
                    requestID: id, session: session, answer: .plain(offer.answer),
                    iceServers: iceServers)),
            participant: admission.participant, name: admission.name,
            metadata: admission.metadata, attributes: request.attributes,
            grants: admission.grants, token: admission.life, sections: offer.roomSections,
            options: request.options)
    }
}
