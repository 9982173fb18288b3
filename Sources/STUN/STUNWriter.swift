// Writing the STUN messages of ICE: Binding requests, their responses and the indication that keeps a NAT open.
// SPDX-License-Identifier: Apache-2.0

import MediaCrypto
package import Wire

/// What a connectivity check says beside its credentials (RFC 8445 §7.1).
package struct STUNBindingRequest: Sendable {
    /// The role a check claims, with its tie-breaker (RFC 8445 §7.1.3).
    package enum Role: Sendable, Equatable {
        /// Sent as ICE-CONTROLLING.
        case controlling(tieBreaker: UInt64)
        /// Sent as ICE-CONTROLLED.
        case controlled(tieBreaker: UInt64)
    }

    /// What ties the response to it.
    package var transactionID: STUNTransactionID
    /// The priority a candidate learned from this check would have.
    package var priority: UInt32
    /// The sender's role.
    package var role: Role
    /// Whether the sender nominates the pair.
    package var useCandidate: Bool

    /// Describes a check.
    package init(
        transactionID: STUNTransactionID, priority: UInt32, role: Role, useCandidate: Bool
    ) {
        self.transactionID = transactionID
        self.priority = priority
        self.role = role
        self.useCandidate = useCandidate
    }
}

/// An error that an agent answers with (RFC 8489 §14.8, RFC 8445 §16.2). Reason phrases are left
/// empty: nobody reads them and they enlarge replies.
package enum STUNErrorCode: UInt16, Sendable {
    /// The request lacks something.
    case badRequest = 400
    /// The request has attributes that must be understood and are not.
    case unknownAttribute = 420
    /// Both agents claim the same role.
    case roleConflict = 487
}

/// Writes STUN messages behind what an output already holds. Each function needs `byteCountMax`
/// free bytes and writes nothing and returns `false` if they are not there.
package enum STUNWriter {
    /// The most bytes a written message has: a request with the longest username.
    package static let byteCountMax = 640
    /// The longest username written, in bytes: two fragments of 256 and a colon (RFC 8839 §5.4).
    package static let usernameByteCountMax = 513

    /// Writes a connectivity check (RFC 8445 §7.1) with MESSAGE-INTEGRITY and FINGERPRINT.
    /// - Parameters:
    ///   - username: `remoteFragment:localFragment`, at most `usernameByteCountMax` bytes.
    ///   - key: The password of the peer.
    package static func writeBindingRequest(
        _ request: STUNBindingRequest, username: Span<UInt8>, key: Span<UInt8>,
        into output: inout OutputSpan<UInt8>
    ) -> Bool {
        guard output.freeCapacity >= byteCountMax, username.count <= usernameByteCountMax else {
            return false
        }
        let start = writeHeader(type: 0x0001, request.transactionID, into: &output)
        writeAttribute(STUNAttributeType.username, count: username.count, into: &output)
        output.append(bytes: username)
        for _ in 0..<(-username.count & 3) { output.append(0) }
        writeAttribute(STUNAttributeType.priority, count: 4, into: &output)
        output.append(uint32: request.priority)
        switch request.role {
        case .controlling(let tieBreaker):
            writeAttribute(STUNAttributeType.iceControlling, count: 8, into: &output)
            output.append(uint64: tieBreaker)
        case .controlled(let tieBreaker):
            writeAttribute(STUNAttributeType.iceControlled, count: 8, into: &output)
            output.append(uint64: tieBreaker)
        }
        if request.useCandidate {
            writeAttribute(STUNAttributeType.useCandidate, count: 0, into: &output)
        }
        writeIntegrity(from: start, key: key, into: &output)
        writeFingerprint(from: start, into: &output)
        return true
    }

    /// Writes a Binding request without credentials, which asks a STUN server where it came from (RFC 8489 §2).
    package static func writeBindingRequest(
        _ transactionID: STUNTransactionID, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        writeBare(type: 0x0001, transactionID, into: &output)
    }

    /// Writes a success response without credentials, as STUN servers give it.
    package static func writeBindingSuccess(
        _ transactionID: STUNTransactionID, mappedAddress: NetworkAddress,
        into output: inout OutputSpan<UInt8>
    ) -> Bool {
        guard output.freeCapacity >= byteCountMax else { return false }
        let start = writeHeader(type: 0x0101, transactionID, into: &output)
        writeXORAddress(
            STUNAttributeType.xorMappedAddress, mappedAddress, transactionID, into: &output)
        writeFingerprint(from: start, into: &output)
        return true
    }

    /// Writes the answer to a check that succeeded (RFC 8445 §7.3.1.4).
    /// - Parameters:
    ///   - mappedAddress: Where the request came from.
    ///   - key: The password the request was verified with.
    package static func writeBindingSuccess(
        _ transactionID: STUNTransactionID, mappedAddress: NetworkAddress, key: Span<UInt8>,
        into output: inout OutputSpan<UInt8>
    ) -> Bool {
        guard output.freeCapacity >= byteCountMax else { return false }
        let start = writeHeader(type: 0x0101, transactionID, into: &output)
        writeXORAddress(
            STUNAttributeType.xorMappedAddress, mappedAddress, transactionID, into: &output)
        writeIntegrity(from: start, key: key, into: &output)
        writeFingerprint(from: start, into: &output)
        return true
    }

    /// Writes the answer to an authenticated check that failed.
    /// - Parameters:
    ///   - unknownAttributes: For `.unknownAttribute`: the types that were not understood.
    ///   - key: The password the request was verified with.
    package static func writeBindingError(
        _ transactionID: STUNTransactionID, code: STUNErrorCode,
        unknownAttributes: STUNUnknownAttributes = .none, key: Span<UInt8>,
        into output: inout OutputSpan<UInt8>
    ) -> Bool {
        guard output.freeCapacity >= byteCountMax else { return false }
        let start = writeHeader(type: 0x0111, transactionID, into: &output)
        writeAttribute(STUNAttributeType.errorCode, count: 4, into: &output)
        output.append(uint16: 0)
        output.append(uint16: (code.rawValue / 100) << 8 | code.rawValue % 100)
        if code == .unknownAttribute {
            let count = unknownAttributes.count
            writeAttribute(STUNAttributeType.unknownAttributes, count: 2 * count, into: &output)
            for index in 0..<count { output.append(uint16: unknownAttributes.types[index]) }
            if count & 1 == 1 { output.append(uint16: 0) }
        }
        writeIntegrity(from: start, key: key, into: &output)
        writeFingerprint(from: start, into: &output)
        return true
    }

    /// Writes a Binding indication, which only keeps a NAT binding open (RFC 8445 §11).
    package static func writeBindingIndication(
        _ transactionID: STUNTransactionID, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        writeBare(type: 0x0011, transactionID, into: &output)
    }

    /// Writes a message that holds a fingerprint alone.
    private static func writeBare(
        type: UInt16, _ transactionID: STUNTransactionID, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        guard output.freeCapacity >= byteCountMax else { return false }
        let start = writeHeader(type: type, transactionID, into: &output)
        writeFingerprint(from: start, into: &output)
        return true
    }

    /// Writes the header with a length of zero; returns where it starts.
    static func writeHeader(
        type: UInt16, _ transactionID: STUNTransactionID, into output: inout OutputSpan<UInt8>
    ) -> Int {
        let start = output.count
        output.append(uint16: type)
        output.append(uint16: 0)
        output.append(uint32: STUNMessage.magicCookie)
        output.append(uint64: transactionID.high)
        output.append(uint32: transactionID.low)
        return start
    }

    static func writeAttribute(
        _ type: UInt16, count: Int, into output: inout OutputSpan<UInt8>
    ) {
        output.append(uint16: type)
        output.append(uint16: UInt16(truncatingIfNeeded: count))
    }

    static func writeXORAddress(
        _ type: UInt16, _ address: NetworkAddress, _ transactionID: STUNTransactionID,
        into output: inout OutputSpan<UInt8>
    ) {
        let port = address.port ^ UInt16(truncatingIfNeeded: STUNMessage.magicCookie >> 16)
        if let ipv4 = address.ipv4 {
            writeAttribute(type, count: 8, into: &output)
            output.append(uint16: 1)
            output.append(uint16: port)
            output.append(uint32: ipv4 ^ STUNMessage.magicCookie)
        } else {
            let mask = transactionID.ipv6Mask
            writeAttribute(type, count: 20, into: &output)
            output.append(uint16: 2)
            output.append(uint16: port)
            output.append(uint64: address.high ^ mask.high)
            output.append(uint64: address.low ^ mask.low)
        }
    }

    /// Appends MESSAGE-INTEGRITY; the length field then covers it (RFC 8489 §14.5).
    static func writeIntegrity(
        from start: Int, key: Span<UInt8>, into output: inout OutputSpan<UInt8>
    ) {
        setLength(from: start, adding: 24, in: &output)
        let end = output.count
        let code = MessageAuthentication.hmacSHA1(
            key: key, message: output.span.extracting(start..<end))
        writeAttribute(STUNAttributeType.messageIntegrity, count: 20, into: &output)
        output.append(bytes: code.span)
    }

    /// Appends FINGERPRINT; the length field then covers it (RFC 8489 §14.7).
    static func writeFingerprint(from start: Int, into output: inout OutputSpan<UInt8>) {
        setLength(from: start, adding: 8, in: &output)
        let end = output.count
        let value = STUNFingerprint.value(
            of: output.span.extracting(start..<end), count: end - start)
        writeAttribute(STUNAttributeType.fingerprint, count: 4, into: &output)
        output.append(uint32: value)
    }

    private static func setLength(
        from start: Int, adding extra: Int, in output: inout OutputSpan<UInt8>
    ) {
        let length = output.count - start - STUNMessage.headerByteCount + extra
        var bytes = output.mutableSpan
        bytes.setUInt16(UInt16(truncatingIfNeeded: length), at: start + 2)
    }
}
