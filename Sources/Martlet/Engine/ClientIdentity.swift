// The certificate that all connections of a process show.
// SPDX-License-Identifier: Apache-2.0
import DTLS
import MediaCrypto
import Negotiation

/// Made once: a certificate costs more than a connection, and says nothing of who shows it.
enum ClientIdentity {
    /// SRTP profiles, best first: AEAD_AES_128_GCM, AEAD_AES_256_GCM, AES128_CM_SHA1_80.
    private static let profiles: [UInt16] = [7, 8, 1]

    /// The context of all handshakes, and the fingerprint that offers carry.
    static let made: Result<(context: DTLSContext, fingerprint: Fingerprint), MartletError> = {
        do {
            let identity = try CertificateIdentity.generateP256(commonName: "martlet")
            let digest = Digest.sha256(identity.certificateDER.span)
            return .success(
                (
                    try DTLSContext(identity: identity, srtpProfiles: profiles),
                    Fingerprint(
                        algorithm: "sha-256", bytes: digest.indices.map { digest[$0] })
                ))
        } catch {
            return .failure(
                MartletError(.engineFailed, "No certificate could be made: \(error)."))
        }
    }()
}
