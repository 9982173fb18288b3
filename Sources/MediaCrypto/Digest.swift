// Digests for fingerprints and hashes of whole messages.
// SPDX-License-Identifier: Apache-2.0
import CMediaCrypto

/// The SHA digests (FIPS 180-4).
package enum Digest {
    /// The SHA-256 of `bytes`. Does not allocate.
    package static func sha256(_ bytes: Span<UInt8>) -> InlineArray<32, UInt8> {
        var digest = InlineArray<32, UInt8>(repeating: 0)
        var output = digest.mutableSpan
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe martlet_sha256(bytes.baseAddress, bytes.count, output.baseAddress)
            }
        }
        return digest
    }

    /// The MD5 of `bytes` (RFC 1321): no protection of anything, but what TURN's long-term keys are made with (RFC 8489
    /// §9.2.2). Does not allocate.
    package static func md5(_ bytes: Span<UInt8>) -> InlineArray<16, UInt8> {
        var digest = InlineArray<16, UInt8>(repeating: 0)
        var output = digest.mutableSpan
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe martlet_md5(bytes.baseAddress, bytes.count, output.baseAddress)
            }
        }
        return digest
    }

    /// The digest of `bytes` by an algorithm that a certificate's fingerprint may name. Allocates
    /// the result.
    package static func digest(_ bytes: Span<UInt8>, by algorithm: DigestAlgorithm) -> [UInt8] {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe [UInt8](unsafeUninitializedCapacity: algorithm.count) { output, count in
                switch algorithm {
                case .sha1: unsafe martlet_sha1(bytes.baseAddress, bytes.count, output.baseAddress)
                case .sha256:
                    unsafe martlet_sha256(bytes.baseAddress, bytes.count, output.baseAddress)
                case .sha384:
                    unsafe martlet_sha384(bytes.baseAddress, bytes.count, output.baseAddress)
                case .sha512:
                    unsafe martlet_sha512(bytes.baseAddress, bytes.count, output.baseAddress)
                }
                count = algorithm.count
            }
        }
    }
}

/// A digest by the name it has in `a=fingerprint` (RFC 8122 §5, lower case).
package enum DigestAlgorithm: String, Sendable {
    /// SHA-1, for old peers.
    case sha1 = "sha-1"
    /// SHA-256, which every peer knows.
    case sha256 = "sha-256"
    /// SHA-384.
    case sha384 = "sha-384"
    /// SHA-512.
    case sha512 = "sha-512"

    /// The digest's length in bytes.
    package var count: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }
}
