// What a DTLS endpoint tells its owner: keys, data, the end, and what it dropped.
// SPDX-License-Identifier: Apache-2.0

/// Which side of the handshake an endpoint takes (RFC 8842 §5).
package enum DTLSRole: Sendable, Equatable {
    /// Waits for the ClientHello: `a=setup:passive`.
    case server
    /// Sends the ClientHello: `a=setup:active`.
    case client
}

/// Something the owner of an endpoint must know.
package enum DTLSEvent: Sendable, Equatable {
    /// The handshake is complete and the peer's certificate is the one its signalling announced.
    case connected(DTLSKeyingMaterial)
    /// The handshake failed; the endpoint is over.
    case failed(DTLSFailure)
    /// The peer has closed the session; the endpoint is over.
    case closed
    /// One record of application data.
    case applicationData([UInt8])
}

/// Why a handshake failed.
package enum DTLSFailure: Error, Equatable, Sendable {
    /// The peer's certificate is not the one its signalling announced.
    case fingerprintMismatch
    /// The peers share no SRTP protection profile, or the peer offered none.
    case noCommonSRTPProfile
    /// OpenSSL found the peer's messages unacceptable too often; its last reason.
    case refused(reason: String)
    /// The peer said that it gave up (RFC 5246 §7.2, `AlertDescription`).
    case peerAlert(UInt8)
    /// The handshake did not complete in time.
    case timedOut
}

/// What an endpoint could not be made of.
package enum DTLSError: Error, Equatable, Sendable {
    /// OpenSSL refuses the certificate, the key or their combination.
    case identityRefused
    /// None of the SRTP profiles is known.
    case noKnownProfile
    /// No fingerprint of the peer has a known algorithm and the right length.
    case noUsableFingerprint
    /// OpenSSL has no memory for a session.
    case outOfMemory
}

/// The SRTP keys and salts of one connection (RFC 5764 §4.2).
package struct DTLSKeyingMaterial: Sendable, Equatable {
    /// The IANA number of the protection profile: 1 AES128_CM_SHA1_80, 7 AEAD_AES_128_GCM, 8
    /// AEAD_AES_256_GCM.
    package let profile: UInt16
    /// The key of what we send.
    package let localKey: [UInt8]
    /// The salt of what we send.
    package let localSalt: [UInt8]
    /// The key of what the peer sends.
    package let remoteKey: [UInt8]
    /// The salt of what the peer sends.
    package let remoteSalt: [UInt8]

    /// Takes keys and salts, of the lengths the profile asks for.
    package init(
        profile: UInt16, localKey: [UInt8], localSalt: [UInt8], remoteKey: [UInt8],
        remoteSalt: [UInt8]
    ) {
        self.profile = profile
        self.localKey = localKey
        self.localSalt = localSalt
        self.remoteKey = remoteKey
        self.remoteSalt = remoteSalt
    }
}

extension DTLSKeyingMaterial: CustomStringConvertible, CustomReflectable {
    /// The profile alone, so that no log shows a key.
    package var description: String { "DTLSKeyingMaterial(profile: \(profile))" }
    /// The profile alone, so that no dump shows a key.
    package var customMirror: Mirror { Mirror(self, children: ["profile": profile]) }
}

/// What an endpoint has dropped, by reason.
package struct DTLSCounters: Sendable, Equatable {
    /// Datagrams longer than the limit.
    package var oversizedDatagrams: UInt64 = 0
    /// Datagrams whose rest is no DTLS record, or records whose content cannot be what they say.
    package var malformedRecords: UInt64 = 0
    /// Well-formed records that have no place in the state the endpoint is in.
    package var unexpectedRecords: UInt64 = 0
    /// Records beyond a limit.
    package var recordsOverLimit: UInt64 = 0
    /// Handshakes that OpenSSL gave up.
    package var brokenAttempts: UInt64 = 0
    /// Unprotected alerts, noted but not obeyed.
    package var unprotectedAlerts: UInt64 = 0
    /// Flights sent again.
    package var repeatedFlights: UInt64 = 0
    /// Application data dropped because nobody polled.
    package var unpolledData: UInt64 = 0
    /// Datagrams dropped because nobody polled or the place given was too small.
    package var unsentDatagrams: UInt64 = 0

    /// What came from the peer, or from somebody on its path, and was dropped.
    package var refusals: UInt64 {
        oversizedDatagrams + malformedRecords + unexpectedRecords + recordsOverLimit
            + brokenAttempts + unprotectedAlerts
    }
}
