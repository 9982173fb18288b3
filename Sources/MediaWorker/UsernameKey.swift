// A STUN user name fragment as a key that costs no allocation to look up.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// The 64-bit FNV-1a hash of one of our user name fragments.
///
/// Ours are random, so that two of them do not meet by chance; should an attacker make another name
/// with the same hash, its message still fails the integrity check.
struct UsernameKey: Hashable {
    private let hash: UInt64

    init(_ bytes: Span<UInt8>) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3 }
        self.hash = hash
    }

    init(_ text: String) {
        self.init(Array(text.utf8).span)
    }
}
