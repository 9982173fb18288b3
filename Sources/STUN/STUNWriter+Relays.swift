// Writing the requests to a relay: allocations, their refreshing, and channels to peers (RFC 8656).
// SPDX-License-Identifier: Apache-2.0

import MediaCrypto
package import Wire

/// What a relay is asked for.
package enum TURNRequest: Sendable, Equatable {
    /// A relayed address, for UDP (RFC 8656 §7).
    case allocate
    /// That an allocation lasts so long from now on; 0 ends it (RFC 8656 §8).
    case refresh(lifetimeSeconds: UInt32)
    /// A channel of this number to a peer, and the permission for its address (RFC 8656 §12).
    case bindChannel(UInt16, peer: NetworkAddress)

    /// The method's number (RFC 8656 §17).
    package var method: UInt16 {
        switch self {
        case .allocate: 0x003
        case .refresh: 0x004
        case .bindChannel: 0x009
        }
    }
}

/// Long-term credentials, with what the relay said of them (RFC 8489 §9.2).
package struct TURNCredentials: Sendable, Equatable {
    /// The longest text taken of each, in bytes. RFC 8489 §14.9 and §14.10 let realm and nonce have 763; relays have some 20.
    package static let bytesMax = 256

    /// The name.
    package let username: [UInt8]
    /// The relay's realm.
    package let realm: [UInt8]
    /// The relay's nonce of the moment.
    package let nonce: [UInt8]
    /// MD5 of name, realm and password (RFC 8489 §9.2.2).
    package let key: [UInt8]

    /// Takes them; `nil` if one is longer than `bytesMax`, or the name or the realm is empty.
    package init?(username: [UInt8], password: [UInt8], realm: [UInt8], nonce: [UInt8]) {
        let lengths = 1...Self.bytesMax
        guard lengths.contains(username.count), lengths.contains(realm.count),
            nonce.count <= Self.bytesMax, password.count <= Self.bytesMax
        else { return nil }
        self.username = username
        self.realm = realm
        self.nonce = nonce
        let colon = [UInt8(ascii: ":")]
        let digest = Digest.md5((username + colon + realm + colon + password).span)
        key = digest.indices.map { digest[$0] }
    }
}

extension STUNWriter {
    /// The most bytes that a request to a relay has.
    package static let relayByteCountMax = 1_024

    /// Writes a request to a relay; needs `relayByteCountMax` free bytes, else nothing is written.
    /// - Parameter credentials: `nil`: to be told realm and nonce.
    package static func writeRelayRequest(
        _ request: TURNRequest, _ transactionID: STUNTransactionID,
        credentials: TURNCredentials?, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        guard output.freeCapacity >= relayByteCountMax else { return false }
        let start = writeHeader(type: request.method, transactionID, into: &output)
        switch request {
        case .allocate:
            writeAttribute(STUNAttributeType.requestedTransport, count: 4, into: &output)
            // UDP, by its number among protocols of IP.
            output.append(uint32: 17 << 24)
        case .refresh(let seconds):
            writeAttribute(STUNAttributeType.lifetime, count: 4, into: &output)
            output.append(uint32: seconds)
        case .bindChannel(let number, let peer):
            writeAttribute(STUNAttributeType.channelNumber, count: 4, into: &output)
            output.append(uint16: number)
            output.append(uint16: 0)
            writeXORAddress(
                STUNAttributeType.xorPeerAddress, peer, transactionID, into: &output)
        }
        if let credentials {
            writeText(STUNAttributeType.username, credentials.username, into: &output)
            writeText(STUNAttributeType.realm, credentials.realm, into: &output)
            writeText(STUNAttributeType.nonce, credentials.nonce, into: &output)
            writeIntegrity(from: start, key: credentials.key.span, into: &output)
        }
        writeFingerprint(from: start, into: &output)
        return true
    }

    private static func writeText(
        _ type: UInt16, _ bytes: [UInt8], into output: inout OutputSpan<UInt8>
    ) {
        writeAttribute(type, count: bytes.count, into: &output)
        output.append(bytes: bytes.span)
        for _ in 0..<(-bytes.count & 3) { output.append(0) }
    }
}
