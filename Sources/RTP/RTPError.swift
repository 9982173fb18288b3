// Why an RTP packet is not taken.
// SPDX-License-Identifier: Apache-2.0

/// Why the bytes are no RTP packet.
package enum RTPError: Error, Equatable, Sendable {
    /// A part ends outside the packet.
    case truncated(needed: Int, have: Int)
    /// The version is not 2 (RFC 3550 §5.1).
    case unsupportedVersion(UInt8)
    /// The padding bit is set, but the last byte counts none or more than the payload has.
    case invalidPadding(count: Int, payloadCount: Int)
}
