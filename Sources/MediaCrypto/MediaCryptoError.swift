// What can go wrong when keys and certificates are made.
// SPDX-License-Identifier: Apache-2.0

/// Why a key or certificate could not be made.
package enum MediaCryptoError: Error, Equatable, Sendable {
    /// The algorithm takes no key of this many bytes.
    case keyCount(Int)
    /// The backend asked for by name is not there, or the library is out of memory.
    case unavailable
    /// A common name is longer than 64 bytes, empty or holds a NUL (RFC 5280 appendix A.1).
    case commonName
}
