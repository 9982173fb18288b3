// The heads of DTLS records and handshake messages, checked before OpenSSL sees them.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// One record of a datagram (RFC 6347 §4.1), by its place.
///
///     type (8) | version (16) | epoch (16) | sequence number (48) | length (16) | body
struct DTLSRecord {
    enum Kind: UInt8 {
        case changeCipherSpec = 20
        case alert = 21
        case handshake = 22
        case applicationData = 23
    }

    static let headerCount = 13

    let kind: Kind
    let epoch: UInt16
    /// Header and body.
    let range: Range<Int>
    /// The body alone.
    let body: Range<Int>

    /// Reads the record at `offset`; `nil` if there is none of DTLS 1.0 to 1.2 wholly inside the
    /// datagram.
    static func parse(in datagram: Span<UInt8>, at offset: Int) -> DTLSRecord? {
        guard let kind = datagram.uint8(at: offset).flatMap(Kind.init(rawValue:)),
            let version = datagram.uint16(at: offset + 1), version == 0xFEFD || version == 0xFEFF,
            let epoch = datagram.uint16(at: offset + 3),
            let length = datagram.uint16(at: offset + 11), length > 0
        else { return nil }
        let start = offset + headerCount
        let end = start + Int(length)
        guard end <= datagram.count else { return nil }
        return DTLSRecord(kind: kind, epoch: epoch, range: offset..<end, body: start..<end)
    }

    /// Writes the 48-bit sequence number of the record at `offset`, which must be one.
    static func setSequence(
        _ sequence: UInt64, ofRecordAt offset: Int, in datagram: inout [UInt8]
    ) {
        for index in 0..<6 {
            datagram[offset + 5 + index] = UInt8(
                truncatingIfNeeded: sequence >> UInt64(8 * (5 - index)))
        }
    }
}

/// One fragment of a handshake message (RFC 6347 §4.2.2), by its place.
///
///     type (8) | length (24) | message sequence (16) | offset (24) | fragment length (24) | bytes
struct DTLSHandshakeFragment {
    enum Kind: UInt8 {
        case clientHello = 1
        case serverHello = 2
        case helloVerifyRequest = 3
        case certificate = 11
        case serverKeyExchange = 12
        case certificateRequest = 13
        case serverHelloDone = 14
        case certificateVerify = 15
        case clientKeyExchange = 16

        /// Which side may send it; a HelloRequest and tickets have no use here.
        var sender: DTLSRole {
            switch self {
            case .clientHello, .certificateVerify, .clientKeyExchange: .client
            case .serverHello, .helloVerifyRequest, .serverKeyExchange, .certificateRequest,
                .serverHelloDone:
                .server
            case .certificate: .client
            }
        }
    }

    static let headerCount = 12
    /// A handshake has fewer messages than this.
    static let messageSequenceMax: UInt16 = 15

    let kind: Kind
    let messageCount: Int
    let messageSequence: UInt16
    /// Where the fragment lies in its message.
    let offset: Int
    /// The fragment's bytes in the datagram.
    let body: Range<Int>

    /// Reads the fragment at `start`; `nil` unless it is one that a peer in `sender`'s role may
    /// send, of allowed length, wholly before `end`, and moves its message on.
    static func parse(
        in datagram: Span<UInt8>, at start: Int, end: Int, from sender: DTLSRole
    ) -> DTLSHandshakeFragment? {
        guard end - start >= headerCount,
            let kind = datagram.uint8(at: start).flatMap(Kind.init(rawValue:)),
            kind.sender == sender || kind == .certificate,
            let messageCount = datagram.uint24(at: start + 1).map({ Int($0) }),
            let messageSequence = datagram.uint16(at: start + 4),
            messageSequence <= messageSequenceMax,
            let offset = datagram.uint24(at: start + 6).map({ Int($0) }),
            let count = datagram.uint24(at: start + 9).map({ Int($0) })
        else { return nil }
        let limit =
            switch kind {
            case .clientHello: DTLSLimits.helloBytesMax
            case .certificate: DTLSLimits.certificateBytesMax
            default: DTLSLimits.messageBytesMax
            }
        let first = start + headerCount
        guard messageCount <= limit, offset + count <= messageCount, first + count <= end,
            // A fragment without bytes would let a message stay incomplete for ever.
            count > 0 || messageCount == 0
        else { return nil }
        return DTLSHandshakeFragment(
            kind: kind, messageCount: messageCount, messageSequence: messageSequence,
            offset: offset, body: first..<first + count)
    }

    /// Reads all fragments of an unprotected handshake record and returns the first; `nil` if one
    /// is not allowed.
    static func first(
        of record: DTLSRecord, in datagram: Span<UInt8>, from sender: DTLSRole
    ) -> DTLSHandshakeFragment? {
        guard
            let first = parse(
                in: datagram, at: record.body.lowerBound, end: record.body.upperBound, from: sender)
        else { return nil }
        var next = first.body.upperBound
        while next < record.body.upperBound {
            // A ClientHello opens a handshake and is never followed by more of it.
            guard first.kind != .clientHello,
                let fragment = parse(
                    in: datagram, at: next, end: record.body.upperBound, from: sender),
                fragment.kind != .clientHello
            else { return nil }
            next = fragment.body.upperBound
        }
        return first
    }
}
