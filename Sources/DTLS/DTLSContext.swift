// What all DTLS endpoints of a process share: certificate, ciphers and SRTP profiles.
// SPDX-License-Identifier: Apache-2.0
import CDTLS
package import MediaCrypto

/// The shared part of DTLS endpoints; one for a process is enough.
///
/// `@unchecked Sendable`: the only stored property never changes, and the OpenSSL context behind it
/// is written before `init` returns and afterwards only read by OpenSSL, which counts its
/// references atomically and guards what it caches with locks of its own.
@safe
package final class DTLSContext: @unchecked Sendable {
    let handle: OpaquePointer

    /// Makes a context.
    /// - Parameters:
    ///   - identity: The certificate shown to every peer, with its key.
    ///   - srtpProfiles: IANA numbers of SRTP protection profiles, best first: 1 AES128_CM_SHA1_80,
    ///     7 AEAD_AES_128_GCM, 8 AEAD_AES_256_GCM. Others are passed over.
    package init(identity: CertificateIdentity, srtpProfiles: [UInt16]) throws(DTLSError) {
        let names = srtpProfiles.compactMap { SRTPKeyLayout(profile: $0)?.name }
        guard !names.isEmpty else { throw .noKnownProfile }
        let made = unsafe identity.certificateDER.withUnsafeBufferPointer { certificate in
            unsafe identity.privateKeyDER.withUnsafeBufferPointer { key -> OpaquePointer? in
                guard let certificateStart = certificate.baseAddress, let keyStart = key.baseAddress
                else { return nil }
                return unsafe cdtls_context_new(
                    certificateStart, certificate.count, keyStart, key.count,
                    names.joined(separator: ":"))
            }
        }
        guard let made = unsafe made else { throw .identityRefused }
        unsafe handle = made
    }

    deinit { unsafe cdtls_context_free(handle) }
}

/// How long the keys of a protection profile are and what OpenSSL calls it.
struct SRTPKeyLayout {
    let name: String
    let keyCount: Int
    let saltCount: Int

    /// RFC 5764 §4.1.2 and RFC 7714 §14.2.
    init?(profile: UInt16) {
        switch profile {
        case 1: (name, keyCount, saltCount) = ("SRTP_AES128_CM_SHA1_80", 16, 14)
        case 7: (name, keyCount, saltCount) = ("SRTP_AEAD_AES_128_GCM", 16, 12)
        case 8: (name, keyCount, saltCount) = ("SRTP_AEAD_AES_256_GCM", 32, 12)
        default: return nil
        }
    }
}
