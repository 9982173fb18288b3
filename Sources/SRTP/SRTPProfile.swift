// The SRTP protection profiles that DTLS can negotiate here.
// SPDX-License-Identifier: Apache-2.0

/// A protection profile by its number in `use_srtp` (RFC 5764 §4.1.2, RFC 7714 §14.2).
package enum SRTPProfile: UInt16, Sendable {
    /// AES-128 in counter mode with HMAC-SHA-1 cut to 80 bits (RFC 3711).
    case aes128CMHMACSHA1_80 = 1
    /// AES-128-GCM with a 16-byte tag (RFC 7714).
    case aeadAES128GCM = 7
    /// AES-256-GCM with a 16-byte tag (RFC 7714).
    case aeadAES256GCM = 8

    /// The length of the master key and of the session keys, in bytes.
    package var keyCount: Int { self == .aeadAES256GCM ? 32 : 16 }
    /// The length of the master salt and of the session salts, in bytes.
    package var saltCount: Int { self == .aes128CMHMACSHA1_80 ? 14 : 12 }
    /// How much longer an RTP packet becomes when it is sealed, in bytes.
    package var rtpOverhead: Int { self == .aes128CMHMACSHA1_80 ? 10 : 16 }
    /// How much longer a compound RTCP packet becomes when it is sealed (tag and index), in bytes.
    package var rtcpOverhead: Int { rtpOverhead + 4 }
}
