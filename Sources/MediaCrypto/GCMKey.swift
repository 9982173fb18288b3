// AES-GCM with a key kept between packets.
// SPDX-License-Identifier: Apache-2.0
import CMediaCrypto

/// Who computes AES-GCM.
package enum GCMBackend: Int32, Sendable {
    /// IPsec-MB where the library is installed and the processor fits, OpenSSL elsewhere.
    case automatic = 0
    /// OpenSSL, everywhere.
    case openSSL = 1
    /// Intel IPsec-MB, loaded when first asked for.
    case ipsecMB = 2

    /// Who computes with keys of the automatic backend in this process: OpenSSL also where the environment sets
    /// `MARTLET_NO_IPSEC_MB`.
    package static var chosen: GCMBackend { ipsecMB.isAvailable ? .ipsecMB : .openSSL }

    /// Whether a key can be made for this backend here.
    package var isAvailable: Bool { self != .ipsecMB || martlet_gcm_has_ipsec_mb() == 1 }
}

/// An AES-128 or AES-256 key in Galois/counter mode, with IVs of 12 bytes and tags of 16 (NIST SP
/// 800-38D).
///
/// Nothing is allocated after `init`. Offsets and counts that do not lie in the spans are errors of
/// the caller and end the process; callers check what comes from the network first.
@safe  // The handle is made in `init`, freed in `deinit`, and never leaves this type.
package struct GCMKey: ~Copyable {
    /// The tag's length in bytes.
    package static let tagCount = 16

    private let handle: OpaquePointer

    /// Expands a key of 16 or 32 bytes.
    package init(
        key: Span<UInt8>, backend: GCMBackend = .automatic
    ) throws(MediaCryptoError) {
        guard key.count == 16 || key.count == 32 else {
            throw MediaCryptoError.keyCount(key.count)
        }
        let made = unsafe key.withUnsafeBufferPointer { key in
            unsafe martlet_gcm_key_new(key.baseAddress, key.count, backend.rawValue)
        }
        guard let made = unsafe made else { throw MediaCryptoError.unavailable }
        unsafe handle = made
    }

    deinit { unsafe martlet_gcm_key_free(handle) }

    /// Who computes with this key.
    package var backend: GCMBackend {
        unsafe martlet_gcm_key_is_ipsec_mb(handle) == 1 ? .ipsecMB : .openSSL
    }

    /// Seals `plaintext` behind the header that already stands in `packet`: encryption and copy are
    /// one pass.
    ///
    /// `packet[0..<aadCount]` is authenticated; the ciphertext goes to `aadCount`, the tag behind
    /// it. There must be room for both. One IV must never seal two different plaintexts.
    package mutating func seal(
        plaintext: Span<UInt8>, aadCount: Int, packet: inout MutableSpan<UInt8>,
        iv: InlineArray<12, UInt8>
    ) {
        precondition(
            aadCount >= 0 && packet.count - aadCount - Self.tagCount >= plaintext.count,
            "no room for ciphertext and tag")
        let sealed = unsafe packet.withUnsafeMutableBufferPointer { packet in
            unsafe plaintext.withUnsafeBufferPointer { plaintext in
                let body = unsafe packet.baseAddress.map { unsafe $0 + aadCount }
                return unsafe Self.seal(
                    handle, iv: iv.span, aad: packet.baseAddress, aadCount: aadCount,
                    input: plaintext.baseAddress, count: plaintext.count, output: body,
                    tag: body.map { unsafe $0 + plaintext.count })
            }
        }
        precondition(sealed, "GCM refused valid lengths")
    }

    /// Seals `packet[aadCount..<count]` in place behind the header `packet[0..<aadCount]`, which is
    /// authenticated; the tag goes to `count`. There must be room for it.
    package mutating func seal(
        packet: inout MutableSpan<UInt8>, aadCount: Int, count: Int, iv: InlineArray<12, UInt8>
    ) {
        precondition(
            aadCount >= 0 && count >= aadCount && packet.count - Self.tagCount >= count,
            "no room for the tag")
        let sealed = unsafe packet.withUnsafeMutableBufferPointer { packet in
            let body = unsafe packet.baseAddress.map { unsafe $0 + aadCount }
            return unsafe Self.seal(
                handle, iv: iv.span, aad: packet.baseAddress, aadCount: aadCount, input: body,
                count: count - aadCount, output: body,
                tag: packet.baseAddress.map { unsafe $0 + count })
        }
        precondition(sealed, "GCM refused valid lengths")
    }

    /// Seals `packet[offset..<offset + count]` in place, with `aad` standing elsewhere; the tag
    /// goes behind the ciphertext. There must be room for it.
    package mutating func seal(
        packet: inout MutableSpan<UInt8>, offset: Int, count: Int, aad: Span<UInt8>,
        iv: InlineArray<12, UInt8>
    ) {
        precondition(
            offset >= 0 && count >= 0 && packet.count - offset - Self.tagCount >= count,
            "no room for ciphertext and tag")
        let sealed = unsafe packet.withUnsafeMutableBufferPointer { packet in
            unsafe aad.withUnsafeBufferPointer { aad in
                let body = unsafe packet.baseAddress.map { unsafe $0 + offset }
                return unsafe Self.seal(
                    handle, iv: iv.span, aad: aad.baseAddress, aadCount: aad.count, input: body,
                    count: count, output: body, tag: body.map { unsafe $0 + count })
            }
        }
        precondition(sealed, "GCM refused valid lengths")
    }

    /// Opens `packet[aadCount..<count]` in place, whose last 16 bytes are the tag;
    /// `packet[0..<aadCount]` is authenticated too.
    /// - Returns: Whether the tag fits. If not, the plaintext's place holds zeros.
    package mutating func open(
        packet: inout MutableSpan<UInt8>, aadCount: Int, count: Int, iv: InlineArray<12, UInt8>
    ) -> Bool {
        precondition(
            aadCount >= 0 && count <= packet.count && count - aadCount >= Self.tagCount,
            "no tag in the packet")
        let bodyCount = count - aadCount - Self.tagCount
        return unsafe packet.withUnsafeMutableBufferPointer { packet in
            let body = unsafe packet.baseAddress.map { unsafe $0 + aadCount }
            return unsafe Self.open(
                handle, iv: iv.span, aad: packet.baseAddress, aadCount: aadCount, bytes: body,
                count: bodyCount, tag: body.map { unsafe $0 + bodyCount })
        }
    }

    /// Opens `packet[offset..<offset + count]` in place, whose last 16 bytes are the tag, with
    /// `aad` standing elsewhere.
    /// - Returns: Whether the tag fits. If not, the plaintext's place holds zeros.
    package mutating func open(
        packet: inout MutableSpan<UInt8>, offset: Int, count: Int, aad: Span<UInt8>,
        iv: InlineArray<12, UInt8>
    ) -> Bool {
        precondition(
            offset >= 0 && count >= Self.tagCount && packet.count - offset >= count,
            "no tag in the packet")
        let bodyCount = count - Self.tagCount
        return unsafe packet.withUnsafeMutableBufferPointer { packet in
            unsafe aad.withUnsafeBufferPointer { aad in
                let body = unsafe packet.baseAddress.map { unsafe $0 + offset }
                return unsafe Self.open(
                    handle, iv: iv.span, aad: aad.baseAddress, aadCount: aad.count, bytes: body,
                    count: bodyCount, tag: body.map { unsafe $0 + bodyCount })
            }
        }
    }

    /// The call into C; the pointers are those of spans that live as long as the call.
    private static func seal(
        _ handle: OpaquePointer, iv: Span<UInt8>, aad: UnsafePointer<UInt8>?, aadCount: Int,
        input: UnsafePointer<UInt8>?, count: Int, output: UnsafeMutablePointer<UInt8>?,
        tag: UnsafeMutablePointer<UInt8>?
    ) -> Bool {
        unsafe iv.withUnsafeBufferPointer { iv in
            unsafe martlet_gcm_key_seal(
                handle, iv.baseAddress, aad, aadCount, input, count, output, tag) == 1
        }
    }

    /// The call into C; the pointers are those of spans that live as long as the call.
    private static func open(
        _ handle: OpaquePointer, iv: Span<UInt8>, aad: UnsafePointer<UInt8>?, aadCount: Int,
        bytes: UnsafeMutablePointer<UInt8>?, count: Int, tag: UnsafePointer<UInt8>?
    ) -> Bool {
        unsafe iv.withUnsafeBufferPointer { iv in
            unsafe martlet_gcm_key_open(
                handle, iv.baseAddress, aad, aadCount, bytes, count, tag) == 1
        }
    }
}

// The handle is owned by one value, and the library ties no key to a thread.
extension GCMKey: @unchecked Sendable {}
