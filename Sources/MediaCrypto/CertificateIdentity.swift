// The certificate and private key by which a DTLS endpoint is known.
// SPDX-License-Identifier: Apache-2.0
import CMediaCrypto

/// A self-signed certificate with its private key.
package struct CertificateIdentity: Sendable {
    /// The X.509 certificate in DER.
    package let certificateDER: [UInt8]
    /// The private key in DER: an `ECPrivateKey` (RFC 5915 §3) if it was made here. Secret: never
    /// logged.
    package let privateKeyDER: [UInt8]
    /// The certificate's SHA-256 as `a=fingerprint` shows it: upper-case pairs with colons (RFC
    /// 8122 §5).
    package let sha256Fingerprint: String

    /// Takes a certificate and key that were kept; whether they belong together is not checked
    /// here.
    package init(certificateDER: [UInt8], privateKeyDER: [UInt8]) {
        self.certificateDER = certificateDER
        self.privateKeyDER = privateKeyDER
        let digest = Digest.sha256(certificateDER.span)
        sha256Fingerprint = Self.fingerprintText(digest.span)
    }

    /// Makes a fresh P-256 key and a certificate signed by itself, valid for ten years. Takes some
    /// 0.2 ms: one for a process is enough.
    /// - Parameter commonName: What the certificate is called, 1 to 64 bytes of UTF-8.
    package static func generateP256(
        commonName: String
    ) throws(MediaCryptoError) -> CertificateIdentity {
        let name = commonName.utf8
        guard (1...64).contains(name.count), !name.contains(0) else {
            throw MediaCryptoError.commonName
        }
        var certificate = [UInt8](repeating: 0, count: 1024)
        var certificateCount = certificate.count
        var key = [UInt8](repeating: 0, count: 512)
        var keyCount = key.count
        let made = unsafe martlet_identity_generate(
            commonName, &certificate, &certificateCount, &key, &keyCount)
        guard made == 1 else { throw MediaCryptoError.unavailable }
        return CertificateIdentity(
            certificateDER: Array(certificate.prefix(certificateCount)),
            privateKeyDER: Array(key.prefix(keyCount)))
    }

    /// A digest as `a=fingerprint` shows it: upper-case pairs with colons (RFC 8122 §5).
    package static func fingerprintText(_ digest: Span<UInt8>) -> String {
        let digits: InlineArray<16, UInt8> = [
            0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x41, 0x42, 0x43, 0x44,
            0x45, 0x46,
        ]
        var text: [UInt8] = []
        text.reserveCapacity(digest.count * 3)
        for index in digest.indices {
            if index > 0 { text.append(0x3A) }
            text.append(digits[Int(digest[index] >> 4)])
            text.append(digits[Int(digest[index] & 0xF)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension CertificateIdentity: CustomStringConvertible, CustomReflectable {
    /// The fingerprint alone, so that no log shows the key.
    package var description: String { "CertificateIdentity(\(sha256Fingerprint))" }
    /// The fingerprint alone, so that no dump shows the key.
    package var customMirror: Mirror { Mirror(self, children: ["sha256": sha256Fingerprint]) }
}
