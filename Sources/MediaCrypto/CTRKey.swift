// AES in counter mode with a key kept between packets.
// SPDX-License-Identifier: Apache-2.0
import CMediaCrypto

/// An AES-128 or AES-256 key in counter mode (NIST SP 800-38A §6.5). Nothing is allocated after
/// `init`.
///
/// Encryption and decryption are one function. Ranges outside a span are errors of the caller and
/// end the process.
@safe  // The handle is made in `init`, freed in `deinit`, and never leaves this type.
package struct CTRKey: ~Copyable {
    private let handle: OpaquePointer

    /// Expands a key of 16 or 32 bytes.
    package init(key: Span<UInt8>) throws(MediaCryptoError) {
        guard key.count == 16 || key.count == 32 else {
            throw MediaCryptoError.keyCount(key.count)
        }
        let made = unsafe key.withUnsafeBufferPointer { key in
            unsafe martlet_ctr_key_new(key.baseAddress, key.count)
        }
        guard let made = unsafe made else { throw MediaCryptoError.unavailable }
        unsafe handle = made
    }

    deinit { unsafe martlet_ctr_key_free(handle) }

    /// Writes `input` XOR the keystream to `output[offset..<offset + input.count]`.
    /// - Parameter counter: The first counter block; it counts up as one big-endian number.
    package mutating func apply(
        to input: Span<UInt8>, into output: inout MutableSpan<UInt8>, at offset: Int,
        counter: InlineArray<16, UInt8>
    ) {
        precondition(offset >= 0 && output.count - offset >= input.count, "no room for the output")
        let iv = counter.span
        let applied = unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe input.withUnsafeBufferPointer { input in
                unsafe iv.withUnsafeBufferPointer { iv in
                    unsafe martlet_ctr_key_apply(
                        handle, iv.baseAddress, input.baseAddress, input.count,
                        output.baseAddress.map { unsafe $0 + offset })
                }
            }
        }
        precondition(applied == 1, "counter mode refused valid lengths")
    }

    /// Applies the keystream to `bytes[offset..<offset + count]` in place.
    /// - Parameter counter: The first counter block; it counts up as one big-endian number.
    package mutating func apply(
        to bytes: inout MutableSpan<UInt8>, at offset: Int, count: Int,
        counter: InlineArray<16, UInt8>
    ) {
        precondition(
            offset >= 0 && count >= 0 && bytes.count - offset >= count, "range outside the span")
        let iv = counter.span
        let applied = unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            unsafe iv.withUnsafeBufferPointer { iv in
                let body = unsafe bytes.baseAddress.map { unsafe $0 + offset }
                return unsafe martlet_ctr_key_apply(handle, iv.baseAddress, body, count, body)
            }
        }
        precondition(applied == 1, "counter mode refused valid lengths")
    }
}

// The handle is owned by one value, and the library ties no key to a thread.
extension CTRKey: @unchecked Sendable {}
