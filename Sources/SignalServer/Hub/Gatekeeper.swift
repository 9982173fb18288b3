// The rules of entering, with this process's clocks and randomness.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import RoomService
import Signaling

/// Checks tokens; in development lets people in without.
struct Gatekeeper: Sendable {
    let keys: TokenKeys
    let isDevelopment: Bool
    let clock: ServerClock

    /// Admits somebody to a room; see `Entrance.admit`.
    func admit(
        token: String?, to room: RoomName, wish: ParticipantID?, name: DisplayName?,
        metadata: Metadata?
    ) throws(SignalingError) -> Admission {
        var random = SecureRandom()
        return try Entrance(keys: keys, isDevelopment: isDevelopment).admit(
            token: token, to: room, wish: wish, name: name, metadata: metadata,
            unixNow: clock.unixSeconds, at: clock.now, using: &random)
    }
}
