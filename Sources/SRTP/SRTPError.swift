// Why a packet is not sealed or opened.
// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a key or a packet. A received packet that meets one is dropped and counted.
package enum SRTPError: Error, Equatable, Sendable {
    /// The master key has another length than the profile says, in bytes.
    case keyCount(expected: Int, have: Int)
    /// The master salt has another length than the profile says, in bytes.
    case saltCount(expected: Int, have: Int)
    /// The crypto library could not make a key.
    case keyUnavailable
    /// The packet is shorter than its header and tag.
    case truncated(needed: Int, have: Int)
    /// The header's length is less than RTP's fixed header or more than the packet (RFC 3550 §5.1).
    case headerCount(Int)
    /// There is no room for what sealing adds.
    case noRoom(needed: Int, have: Int)
    /// The packet with this index was taken before (RFC 3711 §3.3.2).
    case replayed
    /// The packet is older than the replay window (RFC 3711 §3.3.2).
    case tooOld
    /// The tag does not fit. The packet's payload may hold zeros now.
    case authenticationFailed
    /// An SRTCP packet without the E bit: WebRTC has no unencrypted RTCP (RFC 8827 §6.5).
    case unencryptedRTCP
    /// The session has seen as many SSRCs as it will: `SRTPReceiver.streamLimit`.
    case tooManyStreams
    /// All indices of the key are used; only new keys help (RFC 3711 §9.2).
    case keyExhausted
}
