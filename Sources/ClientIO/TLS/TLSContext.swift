// What all TLS connections of a process share: versions, ciphers, and whom to trust.
// SPDX-License-Identifier: Apache-2.0
import CClientTLS

/// Whom a client trusts. Made once and shared: reading the system's certificates takes time and memory.
///
/// `@unchecked Sendable`: the only stored property never changes, and the OpenSSL context behind it
/// is written before `init` returns and afterwards only read by OpenSSL, which counts its
/// references atomically and guards what it caches with locks of its own.
@safe
package final class TLSContext: @unchecked Sendable {
    let handle: OpaquePointer

    /// Trusts whom the system trusts; `nil` if OpenSSL cannot be used.
    package static let system = try? TLSContext()

    /// Makes a context that trusts whom the system trusts, and others.
    /// - Parameter alsoTrusting: A file of certificates in PEM; `nil`: nobody else.
    /// - Throws: `.tlsUnusable`.
    package init(alsoTrusting file: String? = nil) throws(WebSocketError) {
        guard let made = unsafe cclienttls_context_new(file) else {
            throw .tlsUnusable(
                file.map { "\($0) holds no certificates in PEM, or cannot be read" }
                    ?? "the system's certificates cannot be read")
        }
        unsafe handle = made
    }

    deinit { unsafe cclienttls_context_free(handle) }
}
