// Session keys from a master key (RFC 3711 §4.3, RFC 6188 §3, RFC 7714 §11).
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto

/// The keys of SRTP or of SRTCP in one direction. A key derivation rate of 0 is used: one
/// derivation a session.
struct SRTPSessionKeys {
    /// What the keys are for; the value is the first of its three labels (RFC 3711 §4.3.1 and
    /// §4.3.2).
    enum Use: UInt8 {
        case rtp = 0
        case rtcp = 3
    }

    /// The cipher's key: `keyCount` bytes.
    let key: [UInt8]
    /// The HMAC key: 20 bytes, empty for GCM.
    let authenticationKey: [UInt8]
    /// The salt that goes into each IV: `saltCount` bytes.
    let salt: [UInt8]

    /// Takes session keys as they are, for vectors that begin there.
    init(key: [UInt8], authenticationKey: [UInt8] = [], salt: [UInt8]) {
        self.key = key
        self.authenticationKey = authenticationKey
        self.salt = salt
    }

    /// Derives the keys of one use from the master key and salt.
    /// - Throws: `.keyCount` or `.saltCount` if the profile has others.
    init(
        profile: SRTPProfile, masterKey: Span<UInt8>, masterSalt: Span<UInt8>, use: Use
    ) throws(SRTPError) {
        guard masterKey.count == profile.keyCount else {
            throw .keyCount(expected: profile.keyCount, have: masterKey.count)
        }
        guard masterSalt.count == profile.saltCount else {
            throw .saltCount(expected: profile.saltCount, have: masterSalt.count)
        }
        // The salt stands left in 14 bytes, GCM's 12 as well (RFC 7714 §11), above a 16-bit block
        // counter.
        var base = InlineArray<16, UInt8>(repeating: 0)
        for index in masterSalt.indices { base[index] = masterSalt[index] }
        var generator: CTRKey
        do { generator = try CTRKey(key: masterKey) } catch { throw .keyUnavailable }

        func derive(_ label: UInt8, _ count: Int) -> [UInt8] {
            // key_id = label || 48 bits of index / rate, which are 0, right-aligned in the 14
            // bytes.
            var counter = base
            counter[7] ^= label
            var bytes = [UInt8](repeating: 0, count: count)
            var output = bytes.mutableSpan
            generator.apply(to: &output, at: 0, count: count, counter: counter)
            return bytes
        }
        let label = use.rawValue
        key = derive(label, profile.keyCount)
        authenticationKey = profile == .aes128CMHMACSHA1_80 ? derive(label + 1, 20) : []
        salt = derive(label + 2, profile.saltCount)
    }
}
