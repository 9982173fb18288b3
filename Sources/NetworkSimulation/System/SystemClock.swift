// What all simulated systems share: the wall's time, certificates, and keys of tokens.
// SPDX-License-Identifier: Apache-2.0
import DTLS
import RTP
import Signaling
import Wire

/// The wall clock of simulated machines.
enum SystemClock {
    private static let unixAtZero: Int64 = 1_800_000_000

    /// The time of the wall when the virtual clock stood at zero.
    static let ntpAtZero = NTPTime(nanosecondsSince1970: unixAtZero * 1_000_000_000)

    /// Seconds of Unix time.
    static func unixSeconds(at now: MediaInstant) -> Int64 {
        unixAtZero + now.nanoseconds / 1_000_000_000
    }
}

/// DTLS contexts made once a process: making them costs more than using them.
enum SystemIdentity {
    static let server = VirtualIdentity.context(VirtualIdentity.server)
    static let client = VirtualIdentity.context(VirtualIdentity.client)
}

/// The key that the simulated backend signs tokens with.
enum SystemTokens {
    static let keys: TokenKeys = {
        var keys = TokenKeys()
        do { try keys.add(name: "simulation", secret: Array(repeating: 7, count: 32)) } catch {
            preconditionFailure("a key that is long enough")
        }
        return keys
    }()

    /// A token for one participant of one room.
    static func make(
        for participant: ParticipantID, in room: RoomName, expiresAt: Int64
    ) -> String {
        guard let issuer = TokenIssuer(keyName: "simulation", of: keys) else {
            preconditionFailure("the key is in the ring")
        }
        var grants = TokenGrants()
        grants.updateSelf = true
        return issuer.issue(
            AccessToken(participant: participant, room: room, expiresAt: expiresAt, grants: grants))
    }
}
