// A relay made by hand: it answers a client's requests as RFC 8656 says, or as a test wants.
// SPDX-License-Identifier: Apache-2.0

import MediaCrypto
import STUN
import Wire

@testable import ICE

/// The relay's side of one allocation.
final class FakeRelay {
    let address = path("192.0.2.70:3478").remote
    let relayed = path("192.0.2.70:50000").remote
    var username = "ada"
    var password = "secret"
    var nonce = "first"
    var lifetime: UInt32 = 600
    /// Answers a request of this method with an error.
    var refusals: [UInt16: Int] = [:]
    var isDeaf = false
    private(set) var requests: [STUNMessage] = []
    private(set) var bound: [UInt16: NetworkAddress] = [:]

    private var key: [UInt8] {
        let digest = Digest.md5(Array("\(username):example:\(password)".utf8).span)
        return digest.indices.map { digest[$0] }
    }

    /// The answer to a request; `nil`: none.
    func answer(_ request: [UInt8]) throws -> [UInt8]? {
        let message = try STUNMessage.parse(request.span)
        requests.append(message)
        guard !isDeaf else { return nil }
        let isSigned = message.verifyIntegrity(in: request.span, key: key.span)
        let hasNonce =
            message.nonce(in: request.span).map { Array(request[$0]) == Array(nonce.utf8) } ?? false
        guard isSigned, hasNonce else {
            return bytes(
                message, isError: true, isSigned: false,
                [
                    (0x0009, code(isSigned ? 438 : 401)), (0x0014, Array("example".utf8)),
                    (0x0015, Array(nonce.utf8)),
                ])
        }
        if let refusal = refusals[message.method] {
            return bytes(message, isError: true, [(0x0009, code(refusal))])
        }
        switch message.method {
        case 0x003:
            return bytes(message, [(0x0016, masked(relayed)), (0x000D, word(lifetime))])
        case 0x004:
            return bytes(message, [(0x000D, word(message.lifetimeSeconds ?? lifetime))])
        case 0x009:
            // CHANNEL-NUMBER and XOR-PEER-ADDRESS stand first.
            let number = UInt16(request[24]) << 8 | UInt16(request[25])
            let port = (UInt16(request[34]) << 8 | UInt16(request[35])) ^ 0x2112
            let host = request[36..<40].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } ^ 0x2112_A442
            bound[number] = NetworkAddress(ipv4: host, port: port)
            return bytes(message, [])
        default: return nil
        }
    }

    private func code(_ number: Int) -> [UInt8] {
        [0, 0, UInt8(number / 100), UInt8(number % 100)]
    }

    private func word(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * $0)) }
    }

    private func masked(_ address: NetworkAddress) -> [UInt8] {
        let port = address.port ^ 0x2112
        return [0, 1, UInt8(port >> 8), UInt8(port & 0xFF)]
            + word((address.ipv4 ?? 0) ^ 0x2112_A442)
    }

    private func bytes(
        _ request: STUNMessage, isError: Bool = false, isSigned: Bool = true,
        _ attributes: [(UInt16, [UInt8])]
    ) -> [UInt8] {
        let type = request.method | (isError ? 0x0110 : 0x0100)
        var bytes: [UInt8] = [UInt8(type >> 8), UInt8(type & 0xFF), 0, 0, 0x21, 0x12, 0xA4, 0x42]
        let id = request.transactionID.bytes
        for index in id.indices { bytes.append(id[index]) }
        for (type, value) in attributes {
            bytes += [UInt8(type >> 8), UInt8(type & 0xFF), 0, UInt8(value.count)] + value
            while bytes.count % 4 != 0 { bytes.append(0) }
        }
        func setLength(_ count: Int) {
            bytes[2] = UInt8((count - 20) >> 8)
            bytes[3] = UInt8((count - 20) & 0xFF)
        }
        setLength(bytes.count + (isSigned ? 24 : 0))
        if isSigned {
            let code = MessageAuthentication.hmacSHA1(key: key.span, message: bytes.span)
            bytes += [0, 8, 0, 20] + code.indices.map { code[$0] }
        }
        return bytes
    }
}
