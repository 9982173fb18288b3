// HMAC codes of single messages (STUN integrity, tokens, webhooks) and their comparison.
// SPDX-License-Identifier: Apache-2.0
import CMediaCrypto

/// HMAC (RFC 2104) over whole messages. No function here allocates.
package enum MessageAuthentication {
    /// The HMAC-SHA-1 of `message` under `key` of any length.
    package static func hmacSHA1(
        key: Span<UInt8>, message: Span<UInt8>
    ) -> InlineArray<20, UInt8> {
        var code = InlineArray<20, UInt8>(repeating: 0)
        var output = code.mutableSpan
        unsafe key.withUnsafeBufferPointer { key in
            unsafe message.withUnsafeBufferPointer { message in
                unsafe output.withUnsafeMutableBufferPointer { output in
                    unsafe martlet_hmac_sha1(
                        key.baseAddress, key.count, message.baseAddress, message.count,
                        output.baseAddress)
                }
            }
        }
        return code
    }

    /// The HMAC-SHA-256 of `message` under `key` of any length.
    package static func hmacSHA256(
        key: Span<UInt8>, message: Span<UInt8>
    ) -> InlineArray<32, UInt8> {
        var code = InlineArray<32, UInt8>(repeating: 0)
        var output = code.mutableSpan
        unsafe key.withUnsafeBufferPointer { key in
            unsafe message.withUnsafeBufferPointer { message in
                unsafe output.withUnsafeMutableBufferPointer { output in
                    unsafe martlet_hmac_sha256(
                        key.baseAddress, key.count, message.baseAddress, message.count,
                        output.baseAddress)
                }
            }
        }
        return code
    }

    /// Whether two codes are equal, in time that tells nothing about where they differ. Codes of
    /// different lengths are not equal, and that is told at once.
    package static func isEqual(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        return unsafe a.withUnsafeBufferPointer { a in
            unsafe b.withUnsafeBufferPointer { b in
                unsafe martlet_is_equal(a.baseAddress, b.baseAddress, a.count) == 1
            }
        }
    }
}
