// What one accepted offer means for the media worker.
// SPDX-License-Identifier: Apache-2.0

/// A peer's handle, chosen by the control plane and unique in the process.
package typealias PeerID = UInt64

/// Username fragment and password of one side (RFC 8445 §5.3).
package struct ICEParameters: Sendable, Equatable {
    /// 4 to 256 characters.
    package var usernameFragment: String
    /// 22 to 256 characters.
    package var password: String

    /// Holds the two words.
    package init(usernameFragment: String, password: String) {
        self.usernameFragment = usernameFragment
        self.password = password
    }
}

/// The digest of a certificate (RFC 8122 §5).
package struct Fingerprint: Sendable, Equatable {
    /// The digest's name in lower case: `sha-256`, `sha-384` or `sha-512`.
    package var algorithm: String
    /// The digest.
    package var bytes: [UInt8]

    /// Holds a digest and its name.
    package init(algorithm: String, bytes: [UInt8]) {
        self.algorithm = algorithm
        self.bytes = bytes
    }
}

/// Which part of the DTLS handshake a side takes (RFC 8842 §5.2).
package enum DTLSSetup: String, Sendable {
    /// Sends the ClientHello.
    case active
    /// Waits for it.
    case passive
    /// Leaves the choice to the answer.
    case actpass
}

/// What one accepted offer means, seen from the side that holds it: on the server from the server,
/// in a client that read an answer from the client.
package struct PeerMedia: Sendable, Equatable {
    /// This side's ICE words.
    package var localICE: ICEParameters
    /// The other side's ICE words.
    package var remoteICE: ICEParameters
    /// The certificates the other side may present; one of them must match.
    package var remoteFingerprints: [Fingerprint]
    /// What the other side wrote; the server is always passive.
    package var remoteSetup: DTLSSetup
    /// The other side's candidates for this transport; an offer may well have none.
    package var remoteCandidates: [RemoteCandidate]
    /// The canonical name of every stream this side sends (RFC 3550 §6.5.1).
    package var cname: String
    /// Whether one- and two-byte header extensions may be mixed (RFC 8285 §4.1.2).
    package var allowsMixedExtensions: Bool
    /// Whether the peer is known to bear padding in media packets (RFC 3550 §5.1): browsers with our SDK do, of
    /// players that came by WHEP nobody knows.
    package var bearsPadding = false
    /// Whether the peer is told by messages what its receivers need; who came by WHIP is not.
    package var hasSignalling = false
    /// The number of the session in the `o=` line of our description.
    package var sessionID: UInt64
    /// The version in the `o=` line of our description; grows with each answer.
    package var version: UInt64
    /// The sections in the order of the offer, rejected ones included.
    package var sections: [MediaSection]

    /// Holds what was negotiated.
    package init(
        localICE: ICEParameters, remoteICE: ICEParameters, remoteFingerprints: [Fingerprint],
        remoteSetup: DTLSSetup, remoteCandidates: [RemoteCandidate] = [], cname: String,
        allowsMixedExtensions: Bool = false, sessionID: UInt64 = 1, version: UInt64 = 1,
        sections: [MediaSection]
    ) {
        self.localICE = localICE
        self.remoteICE = remoteICE
        self.remoteFingerprints = remoteFingerprints
        self.remoteSetup = remoteSetup
        self.remoteCandidates = remoteCandidates
        self.cname = cname
        self.allowsMixedExtensions = allowsMixedExtensions
        self.sessionID = sessionID
        self.version = version
        self.sections = sections
    }

    /// The section of this mid; O(sections).
    package func section(mid: String) -> MediaSection? {
        sections.first { $0.mid == mid }
    }
}
