// Who asks for something over the admin interface, and how far that goes.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling

/// The bearer of a token that grants `admin`.
struct AdminCaller: Sendable {
    /// The only room it may see and touch; `nil`: every room.
    let room: RoomName?
    /// The last second of its token's life.
    let expiresAt: Int64
    /// The key that signed its token, and signs those it asks for.
    let keyName: String

    /// Whether the caller may see and touch `room`; asked before anybody looks whether there is one.
    /// - Throws: `.permissionDenied`.
    func check(_ room: RoomName) throws(SignalingError) {
        guard self.room == nil || self.room == room else {
            throw SignalingError(
                .permissionDenied, detail: "The token is for another room; get one for this room.")
        }
    }
}

extension Gatekeeper {
    /// Admits somebody to the admin interface, in development too only with a token: any page in a browser on this
    /// machine could ask otherwise.
    /// - Throws: What is wrong with the token, or `.permissionDenied` if it does not grant `admin`.
    func admitAdmin(token: String?) throws(SignalingError) -> AdminCaller {
        guard let token else { throw SignalingError(.tokenRequired) }
        let claims: AccessToken
        let keyName: String
        do {
            (claims, keyName) = try TokenVerifier(keys: keys).verifyNamingKey(
                token, now: clock.unixSeconds)
        } catch {
            throw SignalingError(error.code)
        }
        guard claims.grants.admin else { throw SignalingError(.permissionDenied) }
        return AdminCaller(room: claims.room, expiresAt: claims.expiresAt, keyName: keyName)
    }

    /// Makes a token for somebody, signed with the caller's own key.
    /// - Throws: `.permissionDenied` for a room or a grant beyond the caller's own, `.invalidArgument` for a life that
    ///   is too long.
    func issue(
        _ request: TokenRequest, for caller: AdminCaller
    ) throws(SignalingError) -> IssuedToken {
        try caller.check(request.room)
        let seconds = request.ttlSeconds ?? TokenRequest.ttlSecondsDefault
        guard (1...TokenRequest.ttlSecondsMax).contains(seconds) else {
            throw SignalingError(
                .invalidArgument,
                detail: "`ttlSeconds` must be 1 to \(TokenRequest.ttlSecondsMax).")
        }
        var expiresAt = clock.unixSeconds + seconds
        if request.grants?.admin == true {
            guard caller.room == nil else {
                throw SignalingError(
                    .permissionDenied,
                    detail: "Only a token that is bound to no room may hand out `admin`.")
            }
            // Else whoever finds an admin token could keep what it grants for ever.
            expiresAt = min(expiresAt, caller.expiresAt)
        }
        guard let issuer = TokenIssuer(keyName: caller.keyName, of: keys) else {
            throw SignalingError(.internalError)
        }
        let token = AccessToken(
            participant: request.participant, room: request.room, expiresAt: expiresAt,
            name: request.name, metadata: request.metadata,
            grants: request.grants ?? TokenGrants())
        return IssuedToken(token: issuer.issue(token), expiresAt: expiresAt)
    }
}
