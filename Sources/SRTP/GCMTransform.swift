// AES-GCM as SRTP and SRTCP use it (RFC 7714 §8 and §9).
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import Wire

/// One direction's key of AEAD_AES_128_GCM or AEAD_AES_256_GCM, for SRTP or for SRTCP.
///
/// ```
/// RTP:  | header (AAD) | ciphertext | tag, 16 bytes |
/// RTCP: | 8 bytes (AAD) | ciphertext | tag, 16 bytes | E and index, 4 bytes (AAD) |
/// ```
/// Lengths are the caller's to check; the calls end the process if they are wrong.
struct GCMTransform: ~Copyable {
    private var cipher: GCMKey
    private let salt: InlineArray<12, UInt8>

    init(_ keys: SRTPSessionKeys, backend: GCMBackend) throws(SRTPError) {
        do { cipher = try GCMKey(key: keys.key.span, backend: backend) } catch {
            throw .keyUnavailable
        }
        var salt = InlineArray<12, UInt8>(repeating: 0)
        for (index, byte) in keys.salt.prefix(12).enumerated() { salt[index] = byte }
        self.salt = salt
    }

    mutating func sealRTP(
        _ packet: inout MutableSpan<UInt8>, headerCount: Int, payload: Span<UInt8>, ssrc: SSRC,
        index: UInt64
    ) {
        cipher.seal(
            plaintext: payload, aadCount: headerCount, packet: &packet,
            iv: iv(ssrc: ssrc, index: index))
    }

    mutating func sealRTP(
        _ packet: inout MutableSpan<UInt8>, headerCount: Int, count: Int, ssrc: SSRC, index: UInt64
    ) {
        cipher.seal(
            packet: &packet, aadCount: headerCount, count: count, iv: iv(ssrc: ssrc, index: index))
    }

    mutating func openRTP(
        _ packet: inout MutableSpan<UInt8>, headerCount: Int, ssrc: SSRC, index: UInt64
    ) -> Bool {
        cipher.open(
            packet: &packet, aadCount: headerCount, count: packet.count,
            iv: iv(ssrc: ssrc, index: index))
    }

    mutating func sealRTCP(
        _ packet: inout MutableSpan<UInt8>, count: Int, ssrc: SSRC, index: UInt32
    ) {
        let word = SRTCPLayout.encryptedFlag | index
        let aad = Self.aad(header: packet.span, word: word)
        cipher.seal(
            packet: &packet, offset: SRTCPLayout.headerCount,
            count: count - SRTCPLayout.headerCount, aad: aad.span,
            iv: iv(ssrc: ssrc, index: UInt64(index)))
        packet.setUInt32(word, at: count + GCMKey.tagCount)
    }

    mutating func openRTCP(
        _ packet: inout MutableSpan<UInt8>, ssrc: SSRC, index: UInt32
    ) -> Bool {
        let aad = Self.aad(header: packet.span, word: SRTCPLayout.encryptedFlag | index)
        return cipher.open(
            packet: &packet, offset: SRTCPLayout.headerCount,
            count: packet.count - SRTCPLayout.headerCount - 4, aad: aad.span,
            iv: iv(ssrc: ssrc, index: UInt64(index)))
    }

    /// IV = (16 zero bits, SSRC, 48-bit index) XOR salt (RFC 7714 §8.1); SRTCP's 31-bit index has
    /// zeros above it (RFC 7714 §9.1).
    private func iv(ssrc: SSRC, index: UInt64) -> InlineArray<12, UInt8> {
        var iv = salt
        for byte in 0..<4 {
            iv[2 + byte] ^= UInt8(truncatingIfNeeded: ssrc.rawValue >> (24 - 8 * byte))
        }
        for byte in 0..<6 {
            iv[6 + byte] ^= UInt8(truncatingIfNeeded: index >> UInt64(40 - 8 * byte))
        }
        return iv
    }

    /// The first eight bytes of the packet and the word behind its tag (RFC 7714 §9.2).
    private static func aad(header: Span<UInt8>, word: UInt32) -> InlineArray<12, UInt8> {
        var aad = InlineArray<12, UInt8>(repeating: 0)
        for index in 0..<SRTCPLayout.headerCount { aad[index] = header[index] }
        for byte in 0..<4 {
            aad[SRTCPLayout.headerCount + byte] = UInt8(
                truncatingIfNeeded: word >> (24 - 8 * byte))
        }
        return aad
    }
}
