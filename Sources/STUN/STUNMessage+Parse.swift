// Reading a STUN message and looking into one without reading it whole.
// SPDX-License-Identifier: Apache-2.0

import MediaCrypto
import Wire

extension STUNMessage {
    /// Whether a datagram can be STUN: its first byte is 0 to 3 and the magic cookie is there (RFC
    /// 7983 §7, RFC 8489 §5).
    package static func isSTUN(_ firstBytes: Span<UInt8>) -> Bool {
        guard let first = firstBytes.uint8(at: 0), first < 4 else { return false }
        return firstBytes.count >= headerByteCount && firstBytes.uint32(at: 4) == magicCookie
    }

    /// Where the part of USERNAME before its colon stands: our own username fragment in a check
    /// that is sent to us (RFC 8445 §7.2.2). For finding the peer of an unknown address; nothing is
    /// verified. O(attributes).
    package static func localUsernameFragment(in bytes: Span<UInt8>) -> Range<Int>? {
        guard isSTUN(bytes), bytes.count <= byteCountLimit else { return nil }
        var offset = headerByteCount
        while let type = bytes.uint16(at: offset), let length = bytes.uint16(at: offset + 2) {
            let value = offset + 4
            let end = value + Int(length)
            guard end <= bytes.count else { return nil }
            if type == STUNAttributeType.username {
                for index in value..<end where bytes[index] == UInt8(ascii: ":") {
                    return value..<index
                }
                return nil
            }
            offset = (end + 3) & ~3
        }
        return nil
    }

    /// Reads one datagram as a STUN message (RFC 8489 §5, §14): every length is checked,
    /// FINGERPRINT is verified if present, of repeated attributes the first counts, and what
    /// follows MESSAGE-INTEGRITY is ignored (RFC 8489 §14.5). MESSAGE-INTEGRITY is not verified
    /// here. O(bytes).
    package static func parse(_ bytes: Span<UInt8>) throws(STUNError) -> STUNMessage {
        guard let type = bytes.uint16(at: 0), let length = bytes.uint16(at: 2),
            let cookie = bytes.uint32(at: 4), let high = bytes.uint64(at: 8),
            let low = bytes.uint32(at: 16)
        else { throw .truncated(needed: headerByteCount, have: bytes.count) }
        guard type < 0x4000, cookie == magicCookie else { throw .notSTUN }
        guard bytes.count <= byteCountLimit else { throw .tooLong(bytes.count) }
        let end = headerByteCount + Int(length)
        guard end <= bytes.count else { throw .truncated(needed: end, have: bytes.count) }
        guard end == bytes.count, length & 3 == 0 else {
            throw .badLength(declared: Int(length), have: bytes.count - headerByteCount)
        }
        // The class bits C1 and C0 stand between the method bits: M11-M7 C1 M6-M4 C0 M3-M0.
        let classBits = UInt8(truncatingIfNeeded: (type >> 7) & 2 | (type >> 4) & 1)
        guard let messageClass = STUNClass(rawValue: classBits) else { throw .notSTUN }
        var message = STUNMessage(
            messageClass: messageClass,
            method: (type & 0x3E00) >> 2 | (type & 0x00E0) >> 1 | type & 0x000F,
            transactionID: STUNTransactionID(high: high, low: low), count: end)

        var offset = headerByteCount
        while offset < end {
            guard let attribute = bytes.uint16(at: offset), let size = bytes.uint16(at: offset + 2)
            else { throw .truncated(needed: offset + 4, have: end) }
            let value = offset + 4
            let valueEnd = value + Int(size)
            guard valueEnd <= end else { throw .attributeOverrun(type: attribute) }
            try message.take(attribute, at: offset, value: value..<valueEnd, in: bytes)
            // `end` is a multiple of four, so padding never reaches past it.
            offset = (valueEnd + 3) & ~3
        }
        return message
    }

    /// Whether MESSAGE-INTEGRITY is present and right for `key` (RFC 8489 §14.5). Takes the same
    /// time wherever the bytes differ.
    /// - Parameter bytes: The bytes this message was parsed from.
    package func verifyIntegrity(in bytes: Span<UInt8>, key: Span<UInt8>) -> Bool {
        guard let integrityOffset, bytes.count == count, count <= STUNMessage.byteCountLimit,
            integrityOffset + 24 <= count
        else { return false }
        // The HMAC covers the message as if it ended with MESSAGE-INTEGRITY: the length field says
        // so.
        var covered = InlineArray<1_280, UInt8>(repeating: 0)
        for index in 0..<integrityOffset { covered[index] = bytes[index] }
        let length = integrityOffset + 24 - STUNMessage.headerByteCount
        covered[2] = UInt8(truncatingIfNeeded: length >> 8)
        covered[3] = UInt8(truncatingIfNeeded: length)
        let expected = MessageAuthentication.hmacSHA1(
            key: key, message: covered.span.extracting(0..<integrityOffset))
        let start = integrityOffset + 4
        return MessageAuthentication.isEqual(
            expected.span, bytes.extracting(start..<(start + 20)))
    }

    /// Takes one attribute into its typed field.
    private mutating func take(
        _ type: UInt16, at offset: Int, value: Range<Int>, in bytes: Span<UInt8>
    ) throws(STUNError) {
        guard !hasFingerprint else { throw .badFingerprint }
        if type == STUNAttributeType.fingerprint {
            guard value.count == 4 else { throw .badAttribute(type: type) }
            guard
                bytes.uint32(at: value.lowerBound)
                    == STUNFingerprint.value(of: bytes, count: offset)
            else { throw .badFingerprint }
            hasFingerprint = true
            return
        }
        guard integrityOffset == nil else { return }
        switch type {
        case STUNAttributeType.messageIntegrity:
            guard value.count == 20 else { throw .badAttribute(type: type) }
            integrityOffset = offset
        case STUNAttributeType.username:
            // RFC 8489 §14.3: less than 509 bytes; ICE's two fragments and a colon reach 513 (RFC
            // 8839 §5.4).
            guard value.count <= 513 else { throw .badAttribute(type: type) }
            if usernameRange == nil { usernameRange = value }
        case STUNAttributeType.priority:
            guard value.count == 4 else { throw .badAttribute(type: type) }
            if priority == nil { priority = bytes.uint32(at: value.lowerBound) }
        case STUNAttributeType.useCandidate:
            guard value.isEmpty else { throw .badAttribute(type: type) }
            useCandidate = true
        case STUNAttributeType.iceControlling:
            guard value.count == 8 else { throw .badAttribute(type: type) }
            if iceControlling == nil { iceControlling = bytes.uint64(at: value.lowerBound) }
        case STUNAttributeType.iceControlled:
            guard value.count == 8 else { throw .badAttribute(type: type) }
            if iceControlled == nil { iceControlled = bytes.uint64(at: value.lowerBound) }
        case STUNAttributeType.xorMappedAddress:
            guard let address = readXORAddress(value, in: bytes) else {
                throw .badAttribute(type: type)
            }
            if xorMappedAddress == nil { xorMappedAddress = address }
        case STUNAttributeType.errorCode:
            // 21 reserved bits, 3 bits hundreds, 8 bits the rest (RFC 8489 §14.8).
            guard let code = bytes.uint32(at: value.lowerBound), value.count >= 4,
                (3...6).contains((code >> 8) & 7), code & 0xFF < 100
            else { throw .badAttribute(type: type) }
            if errorCode == nil { errorCode = Int((code >> 8) & 7) * 100 + Int(code & 0xFF) }
        case STUNAttributeType.realm:
            if realmRange == nil { realmRange = value }
        case STUNAttributeType.nonce:
            if nonceRange == nil { nonceRange = value }
        case STUNAttributeType.xorRelayedAddress where method != STUNMessage.bindingMethod:
            guard let address = readXORAddress(value, in: bytes) else {
                throw .badAttribute(type: type)
            }
            if xorRelayedAddress == nil { xorRelayedAddress = address }
        case STUNAttributeType.lifetime where method != STUNMessage.bindingMethod:
            guard value.count == 4 else { throw .badAttribute(type: type) }
            if lifetimeSeconds == nil { lifetimeSeconds = bytes.uint32(at: value.lowerBound) }
        case STUNAttributeType.mappedAddress, STUNAttributeType.unknownAttributes: break
        default:
            if STUNAttributeType.isComprehensionRequired(type) { noteUnknown(type) }
        }
    }

    /// Reads an address XORed with the cookie and, for IPv6, the transaction ID (RFC 8489 §14.2).
    private func readXORAddress(_ value: Range<Int>, in bytes: Span<UInt8>) -> NetworkAddress? {
        let start = value.lowerBound
        guard value.count >= 8, let family = bytes.uint8(at: start + 1),
            let maskedPort = bytes.uint16(at: start + 2), let first = bytes.uint32(at: start + 4)
        else { return nil }
        let port = maskedPort ^ UInt16(truncatingIfNeeded: STUNMessage.magicCookie >> 16)
        if family == 1, value.count == 8 {
            return NetworkAddress(ipv4: first ^ STUNMessage.magicCookie, port: port)
        }
        guard family == 2, value.count == 20, let high = bytes.uint64(at: start + 4),
            let low = bytes.uint64(at: start + 12)
        else { return nil }
        let mask = transactionID.ipv6Mask
        return NetworkAddress(ipv6High: high ^ mask.high, low: low ^ mask.low, port: port)
    }
}

extension STUNTransactionID {
    /// What an IPv6 address is XORed with: the cookie, then this ID (RFC 8489 §14.2).
    var ipv6Mask: (high: UInt64, low: UInt64) {
        (UInt64(STUNMessage.magicCookie) << 32 | high >> 32, high << 32 | UInt64(low))
    }
}
