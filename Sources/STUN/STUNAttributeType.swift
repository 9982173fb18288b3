// The numbers of the STUN attributes that ICE uses.
// SPDX-License-Identifier: Apache-2.0

/// Attribute types (RFC 8489 §18.3, RFC 8445 §16.1). Below 0x8000 a receiver must understand them.
enum STUNAttributeType {
    static let mappedAddress: UInt16 = 0x0001
    static let username: UInt16 = 0x0006
    static let messageIntegrity: UInt16 = 0x0008
    static let errorCode: UInt16 = 0x0009
    static let unknownAttributes: UInt16 = 0x000A
    static let realm: UInt16 = 0x0014
    static let nonce: UInt16 = 0x0015
    // RFC 8656 §18, for messages of relays alone.
    static let channelNumber: UInt16 = 0x000C
    static let lifetime: UInt16 = 0x000D
    static let xorPeerAddress: UInt16 = 0x0012
    static let xorRelayedAddress: UInt16 = 0x0016
    static let requestedTransport: UInt16 = 0x0019
    static let messageIntegritySHA256: UInt16 = 0x001C
    static let xorMappedAddress: UInt16 = 0x0020
    static let priority: UInt16 = 0x0024
    static let useCandidate: UInt16 = 0x0025
    static let fingerprint: UInt16 = 0x8028
    static let iceControlled: UInt16 = 0x8029
    static let iceControlling: UInt16 = 0x802A

    /// Whether a message with this attribute must be refused by who does not know it (RFC 8489
    /// §14).
    static func isComprehensionRequired(_ type: UInt16) -> Bool { type < 0x8000 }
}
