// Who the clients of a load are to a server: one certificate for all, and ICE words for each.
// SPDX-License-Identifier: Apache-2.0
import DTLS
import MediaCrypto
import Negotiation
import SRTP

/// The certificate that all clients of a load share.
struct LoadIdentity {
    let context: DTLSContext
    let fingerprint: Fingerprint

    /// Makes a certificate.
    /// - Parameter profile: The only way of protection that is offered.
    init(profile: SRTPProfile) throws {
        let identity = try CertificateIdentity.generateP256(commonName: "load")
        let digest = Digest.sha256(identity.certificateDER.span)
        fingerprint = Fingerprint(
            algorithm: "sha-256", bytes: digest.indices.map { digest[$0] })
        context = try DTLSContext(identity: identity, srtpProfiles: [profile.rawValue])
    }

    /// New words of one client.
    static func iceWords(using random: inout some RandomNumberGenerator) -> ICEParameters {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        func word(_ count: Int) -> String {
            String(
                (0..<count).map { _ in letters[Int.random(in: letters.indices, using: &random)] })
        }
        return ICEParameters(usernameFragment: word(8), password: word(24))
    }
}
