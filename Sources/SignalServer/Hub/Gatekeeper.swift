// Who may enter which room: one set of rules for WebSocket, WHIP and WHEP.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import Rooms
import Signaling

/// Somebody whose right to enter has been checked.
struct Admission: Sendable {
    var participant: ParticipantID
    var name: DisplayName?
    var metadata: Metadata?
    var grants: TokenGrants
    /// How long the token lasts; `nil`: there is none.
    var life: TokenLife?
}

/// Checks tokens; in development lets people in without.
struct Gatekeeper: Sendable {
    let keys: TokenKeys
    let isDevelopment: Bool
    let clock: ServerClock

    /// Admits somebody to a room.
    /// - Parameters:
    ///   - wish: The id asked for; with a token it must be the token's.
    ///   - name, metadata: What they say of themselves; what the token says goes before it.
    func admit(
        token: String?, to room: RoomName, wish: ParticipantID?, name: DisplayName?,
        metadata: Metadata?
    ) throws(SignalingError) -> Admission {
        guard let token else {
            guard isDevelopment else { throw SignalingError(.tokenRequired) }
            var random = SecureRandom()
            return Admission(
                participant: wish ?? .random(using: &random), name: name, metadata: metadata,
                grants: TokenGrants(updateSelf: true))
        }
        do {
            let verifier = TokenVerifier(keys: keys)
            let unixNow = clock.unixSeconds
            let claims = try verifier.verify(token, now: unixNow)
            try claims.checkAdmission(to: room, as: wish)
            return Admission(
                participant: claims.participant, name: claims.name ?? name,
                metadata: claims.metadata ?? metadata, grants: claims.grants,
                life: verifier.life(of: claims, unixNow: unixNow, at: clock.now))
        } catch {
            throw SignalingError(error.code)
        }
    }
}
