// AES in counter mode with HMAC-SHA-1, as SRTP and SRTCP use it (RFC 3711 §4.1.1 and §4.2.1).
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import Wire

/// One direction's keys of AES_CM_128_HMAC_SHA1_80, for SRTP or for SRTCP.
///
/// ```
/// RTP:  | header | ciphertext | tag, 10 bytes |                         tag over all before it and the ROC
/// RTCP: | 8 bytes | ciphertext | E and index, 4 bytes | tag, 10 bytes |  tag over all before it
/// ```
/// Lengths are the caller's to check; the calls end the process if they are wrong.
struct CounterModeTransform: ~Copyable {
    static let tagCount = 10

    private var cipher: CTRKey
    private let authenticator: HMACSHA1Key
    private let salt: InlineArray<16, UInt8>

    init(_ keys: SRTPSessionKeys) throws(SRTPError) {
        // All that can throw stands before the first assignment: a partly made noncopyable value
        // cannot be dropped.
        let cipher: CTRKey
        do { cipher = try CTRKey(key: keys.key.span) } catch { throw .keyUnavailable }
        let authenticator: HMACSHA1Key
        do { authenticator = try HMACSHA1Key(key: keys.authenticationKey.span) } catch {
            throw .keyUnavailable
        }
        self.cipher = cipher
        self.authenticator = authenticator
        var salt = InlineArray<16, UInt8>(repeating: 0)
        for (index, byte) in keys.salt.prefix(14).enumerated() { salt[index] = byte }
        self.salt = salt
    }

    mutating func sealRTP(
        _ packet: inout MutableSpan<UInt8>, headerCount: Int, payload: Span<UInt8>, ssrc: SSRC,
        index: UInt64
    ) {
        cipher.apply(
            to: payload, into: &packet, at: headerCount, counter: counter(ssrc: ssrc, index: index))
        let end = headerCount + payload.count
        write(
            authenticator.code(
                of: packet.span.extracting(0..<end), followedBy: Self.rollover(index)),
            to: &packet, at: end)
    }

    mutating func sealRTP(
        _ packet: inout MutableSpan<UInt8>, headerCount: Int, count: Int, ssrc: SSRC, index: UInt64
    ) {
        cipher.apply(
            to: &packet, at: headerCount, count: count - headerCount,
            counter: counter(ssrc: ssrc, index: index))
        write(
            authenticator.code(
                of: packet.span.extracting(0..<count), followedBy: Self.rollover(index)),
            to: &packet, at: count)
    }

    mutating func openRTP(
        _ packet: inout MutableSpan<UInt8>, headerCount: Int, ssrc: SSRC, index: UInt64
    ) -> Bool {
        let end = packet.count - Self.tagCount
        let code = authenticator.code(
            of: packet.span.extracting(0..<end), followedBy: Self.rollover(index))
        guard isTag(code, of: packet.span, at: end) else { return false }
        cipher.apply(
            to: &packet, at: headerCount, count: end - headerCount,
            counter: counter(ssrc: ssrc, index: index))
        return true
    }

    mutating func sealRTCP(
        _ packet: inout MutableSpan<UInt8>, count: Int, ssrc: SSRC, index: UInt32
    ) {
        cipher.apply(
            to: &packet, at: SRTCPLayout.headerCount, count: count - SRTCPLayout.headerCount,
            counter: counter(ssrc: ssrc, index: UInt64(index)))
        packet.setUInt32(SRTCPLayout.encryptedFlag | index, at: count)
        write(
            authenticator.code(of: packet.span.extracting(0..<count + 4)), to: &packet,
            at: count + 4)
    }

    mutating func openRTCP(
        _ packet: inout MutableSpan<UInt8>, ssrc: SSRC, index: UInt32
    ) -> Bool {
        let end = packet.count - Self.tagCount
        let code = authenticator.code(of: packet.span.extracting(0..<end))
        guard isTag(code, of: packet.span, at: end) else { return false }
        cipher.apply(
            to: &packet, at: SRTCPLayout.headerCount, count: end - 4 - SRTCPLayout.headerCount,
            counter: counter(ssrc: ssrc, index: UInt64(index)))
        return true
    }

    /// IV = salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16 (RFC 3711 §4.1.1).
    private func counter(ssrc: SSRC, index: UInt64) -> InlineArray<16, UInt8> {
        var block = salt
        for byte in 0..<4 {
            block[4 + byte] ^= UInt8(truncatingIfNeeded: ssrc.rawValue >> (24 - 8 * byte))
        }
        for byte in 0..<6 {
            block[8 + byte] ^= UInt8(truncatingIfNeeded: index >> UInt64(40 - 8 * byte))
        }
        return block
    }

    private static func rollover(_ index: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: index >> 16)
    }

    private func write(
        _ code: InlineArray<20, UInt8>, to packet: inout MutableSpan<UInt8>, at offset: Int
    ) {
        for index in 0..<Self.tagCount { packet[offset + index] = code[index] }
    }

    private func isTag(
        _ code: InlineArray<20, UInt8>, of packet: Span<UInt8>, at offset: Int
    ) -> Bool {
        MessageAuthentication.isEqual(
            code.span.extracting(0..<Self.tagCount),
            packet.extracting(offset..<offset + Self.tagCount))
    }
}
