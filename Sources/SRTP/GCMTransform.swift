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
    /// The salt as two numbers: its first eight bytes and its last four.
    private let saltHigh: UInt64
    private let saltLow: UInt32

    init(_ keys: SRTPSessionKeys, backend: GCMBackend) throws(SRTPError) {
        do { cipher = try GCMKey(key: keys.key.span, backend: backend) } catch {
            throw .keyUnavailable
        }
        var salt = InlineArray<12, UInt8>(repeating: 0)
        for (index, byte) in keys.salt.prefix(12).enumerated() { salt[index] = byte }
        saltHigh = salt.span.uint64(at: 0) ?? 0
        saltLow = salt.span.uint32(at: 8) ?? 0
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
        let high = saltHigh ^ (UInt64(ssrc.rawValue) << 16 | index >> 32 & 0xFFFF)
        let low = saltLow ^ UInt32(truncatingIfNeeded: index)
        return [
            UInt8(truncatingIfNeeded: high >> 56), UInt8(truncatingIfNeeded: high >> 48),
            UInt8(truncatingIfNeeded: high >> 40), UInt8(truncatingIfNeeded: high >> 32),
            UInt8(truncatingIfNeeded: high >> 24), UInt8(truncatingIfNeeded: high >> 16),
            UInt8(truncatingIfNeeded: high >> 8), UInt8(truncatingIfNeeded: high),
            UInt8(truncatingIfNeeded: low >> 24), UInt8(truncatingIfNeeded: low >> 16),
            UInt8(truncatingIfNeeded: low >> 8), UInt8(truncatingIfNeeded: low),
        ]
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
