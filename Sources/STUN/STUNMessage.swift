// A STUN message as it was parsed: typed values and offsets, never a copy of its bytes.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The class of a STUN message (RFC 8489 §5).
package enum STUNClass: UInt8, Sendable {
    /// Asks for a response.
    case request = 0
    /// Asks for nothing.
    case indication = 1
    /// Answers a request that succeeded.
    case success = 2
    /// Answers a request that failed.
    case error = 3
}

/// A parsed STUN message (RFC 8489 §5). It holds offsets into the bytes it was parsed from, which
/// are passed again where they are needed.
///
/// ```
///  0                   1                   2                   3
/// |0 0|     STUN Message Type     |         Message Length        |
/// |                         Magic Cookie 0x2112A442               |
/// |                     Transaction ID (96 bits)                  |
/// ```
package struct STUNMessage: Sendable {
    /// The longest message taken, in bytes: what fits one IPv6 packet of any link (RFC 8489 §6.1).
    package static let byteCountLimit = 1_280
    /// The bytes of the fixed header.
    package static let headerByteCount = 20
    /// How many unknown attribute types are remembered for an UNKNOWN-ATTRIBUTES reply.
    package static let unknownAttributeLimit = 8
    static let magicCookie: UInt32 = 0x2112_A442
    /// The method Binding, the only one that ICE has.
    static let bindingMethod: UInt16 = 0x001

    /// Request, indication, success or error.
    package let messageClass: STUNClass
    /// The method; 1 is Binding.
    package let method: UInt16
    /// What ties response to request.
    package let transactionID: STUNTransactionID
    /// The length of the message in bytes.
    package let count: Int

    var usernameRange: Range<Int>?
    var integrityOffset: Int?
    /// PRIORITY: what a candidate learned from this check would have (RFC 8445 §7.1.1).
    package var priority: UInt32?
    /// Whether USE-CANDIDATE is present: the controlling agent nominates this pair (RFC 8445
    /// §7.1.2).
    package var useCandidate = false
    /// The tie-breaker of a peer that believes it is controlling.
    package var iceControlling: UInt64?
    /// The tie-breaker of a peer that believes it is controlled.
    package var iceControlled: UInt64?
    /// The address the request came from, as the responder saw it.
    package var xorMappedAddress: NetworkAddress?
    /// The address on a relay (RFC 8656 §18.5); not in Binding messages.
    package var xorRelayedAddress: NetworkAddress?
    /// How long an allocation lasts, in seconds (RFC 8656 §18.2); not in Binding messages.
    package var lifetimeSeconds: UInt32?
    var realmRange: Range<Int>?
    var nonceRange: Range<Int>?
    /// The code of an error response, 300 to 699.
    package var errorCode: Int?
    /// Whether a FINGERPRINT is present; a present one was found right.
    package var hasFingerprint = false
    /// How many attributes are unknown though they must be understood.
    package private(set) var unknownAttributeCount = 0
    private var unknownAttributeTypes = InlineArray<8, UInt16>(repeating: 0)

    init(messageClass: STUNClass, method: UInt16, transactionID: STUNTransactionID, count: Int) {
        self.messageClass = messageClass
        self.method = method
        self.transactionID = transactionID
        self.count = count
    }

    /// Whether this is a Binding request.
    package var isBindingRequest: Bool { isBinding(.request) }
    /// Whether this is a Binding success response.
    package var isBindingSuccess: Bool { isBinding(.success) }
    /// Whether this is a Binding error response.
    package var isBindingError: Bool { isBinding(.error) }
    /// Whether this is a Binding indication, which keeps a NAT binding open.
    package var isBindingIndication: Bool { isBinding(.indication) }
    /// Whether a MESSAGE-INTEGRITY is present (not whether it is right).
    package var hasIntegrity: Bool { integrityOffset != nil }

    /// Where USERNAME stands in the bytes of the message; `nil` if it has none.
    package func username(in bytes: Span<UInt8>) -> Range<Int>? {
        guard let usernameRange, usernameRange.upperBound <= bytes.count else { return nil }
        return usernameRange
    }

    /// Where REALM stands in the bytes of the message; `nil` if it has none.
    package func realm(in bytes: Span<UInt8>) -> Range<Int>? {
        realmRange.flatMap { $0.upperBound <= bytes.count ? $0 : nil }
    }

    /// Where NONCE stands in the bytes of the message; `nil` if it has none.
    package func nonce(in bytes: Span<UInt8>) -> Range<Int>? {
        nonceRange.flatMap { $0.upperBound <= bytes.count ? $0 : nil }
    }

    /// The unknown attribute types that must be understood, at most `unknownAttributeLimit`.
    package var unknownAttributes: STUNUnknownAttributes {
        STUNUnknownAttributes(
            types: unknownAttributeTypes,
            count: min(unknownAttributeCount, STUNMessage.unknownAttributeLimit))
    }

    mutating func noteUnknown(_ type: UInt16) {
        if unknownAttributeCount < STUNMessage.unknownAttributeLimit {
            unknownAttributeTypes[unknownAttributeCount] = type
        }
        unknownAttributeCount &+= 1
    }

    private func isBinding(_ wanted: STUNClass) -> Bool {
        method == STUNMessage.bindingMethod && messageClass == wanted
    }
}

/// A short list of attribute types for UNKNOWN-ATTRIBUTES (RFC 8489 §14.9).
package struct STUNUnknownAttributes: Sendable {
    /// The types; those from `count` on mean nothing.
    package let types: InlineArray<8, UInt16>
    /// How many of `types` are set, 0 to 8.
    package let count: Int

    /// An empty list.
    package static let none = STUNUnknownAttributes(types: InlineArray(repeating: 0), count: 0)
}
