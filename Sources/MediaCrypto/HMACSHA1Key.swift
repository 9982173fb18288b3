// HMAC-SHA-1 with a key kept between packets.
// SPDX-License-Identifier: Apache-2.0
import CMediaCrypto

/// An HMAC-SHA-1 key (RFC 2104) whose padded blocks are hashed once. Nothing is allocated after
/// `init`.
@safe  // The handle is made in `init`, freed in `deinit`, and never leaves this type.
package struct HMACSHA1Key: ~Copyable {
    private let handle: OpaquePointer

    /// Prepares a key of any length.
    package init(key: Span<UInt8>) throws(MediaCryptoError) {
        let made = unsafe key.withUnsafeBufferPointer { key in
            unsafe martlet_hmac_sha1_key_new(key.baseAddress, key.count)
        }
        guard let made = unsafe made else { throw MediaCryptoError.unavailable }
        unsafe handle = made
    }

    deinit { unsafe martlet_hmac_sha1_key_free(handle) }

    /// The code of `message`.
    package func code(of message: Span<UInt8>) -> InlineArray<20, UInt8> {
        code(of: message, suffix: [])
    }

    /// The code of `message` followed by a big-endian number that does not stand in it, such as the
    /// rollover counter (RFC 3711 §4.2).
    package func code(of message: Span<UInt8>, followedBy word: UInt32) -> InlineArray<20, UInt8> {
        code(
            of: message,
            suffix: [
                UInt8(truncatingIfNeeded: word >> 24), UInt8(truncatingIfNeeded: word >> 16),
                UInt8(truncatingIfNeeded: word >> 8), UInt8(truncatingIfNeeded: word),
            ])
    }

    private func code<let suffixCount: Int>(
        of message: Span<UInt8>, suffix: InlineArray<suffixCount, UInt8>
    ) -> InlineArray<20, UInt8> {
        var code = InlineArray<20, UInt8>(repeating: 0)
        var output = code.mutableSpan
        let suffix = suffix.span
        unsafe message.withUnsafeBufferPointer { message in
            unsafe suffix.withUnsafeBufferPointer { suffix in
                unsafe output.withUnsafeMutableBufferPointer { output in
                    unsafe martlet_hmac_sha1_key_code(
                        handle, message.baseAddress, message.count, suffix.baseAddress,
                        suffix.count, output.baseAddress)
                }
            }
        }
        return code
    }
}

// The handle is owned by one value and only read after `init`.
extension HMACSHA1Key: @unchecked Sendable {}
