// The fingerprint by which signalling vouches for a peer's certificate.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto

/// One `a=fingerprint` (RFC 8122 §5).
package struct DTLSFingerprint: Sendable, Equatable {
    /// The digest's name as signalled, in any case: `sha-256`, `sha-1`, `sha-384`, `sha-512`.
    package let algorithm: String
    /// The digest of the certificate.
    package let bytes: [UInt8]

    /// Takes a fingerprint as signalled; whether it can be used is seen when an endpoint is made.
    package init(algorithm: String, bytes: [UInt8]) {
        self.algorithm = algorithm
        self.bytes = bytes
    }
}

/// The fingerprints that count: all those of the strongest digest that was offered (RFC 8122 §5.1).
struct AcceptedFingerprints: Sendable {
    private let algorithm: DigestAlgorithm
    private let digests: [[UInt8]]

    /// Chooses from what was signalled; `nil` if none can be used.
    init?(_ offered: [DTLSFingerprint]) {
        for algorithm in [DigestAlgorithm.sha512, .sha384, .sha256, .sha1] {
            let digests = offered.filter {
                $0.algorithm.lowercased() == algorithm.rawValue && $0.bytes.count == algorithm.count
            }
            if !digests.isEmpty {
                self.algorithm = algorithm
                self.digests = digests.map(\.bytes)
                return
            }
        }
        return nil
    }

    /// Whether a certificate (DER) is one of those announced. An empty one never is.
    func accept(certificate: [UInt8]) -> Bool {
        guard !certificate.isEmpty else { return false }
        let digest = Digest.digest(certificate.span, by: algorithm)
        return digests.contains { MessageAuthentication.isEqual($0.span, digest.span) }
    }
}
