// Why bytes are not a STUN message.
// SPDX-License-Identifier: Apache-2.0

/// What is wrong with bytes that were read as a STUN message.
package enum STUNError: Error, Equatable, Sendable {
    /// The bytes end before the header or the length it declares.
    case truncated(needed: Int, have: Int)
    /// The first two bits are not zero or the magic cookie is missing (RFC 8489 §5).
    case notSTUN
    /// The declared length is not a multiple of four or not what the datagram holds.
    case badLength(declared: Int, have: Int)
    /// The message is longer than `STUNMessage.byteCountLimit`.
    case tooLong(Int)
    /// An attribute reaches past the end of the message.
    case attributeOverrun(type: UInt16)
    /// An attribute has a length or content its type does not allow.
    case badAttribute(type: UInt16)
    /// FINGERPRINT does not match the bytes before it, or something follows it (RFC 8489 §14.7).
    case badFingerprint
}
