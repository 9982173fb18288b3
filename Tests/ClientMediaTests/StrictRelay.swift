// A relay made by hand that judges every request by its credentials, as RFC 8656 lets it: they end, and are bound to.
// SPDX-License-Identifier: Apache-2.0
import ICE
import MediaCrypto
import STUN
import Wire

/// The relay's side of all allocations of one client, which are told apart by the client's socket.
final class StrictRelay {
    /// What one socket of the client has here.
    struct Allocation {
        let username: String
        let relayed: NetworkAddress
        var channels: [UInt16: NetworkAddress] = [:]
        var endsAt: MediaInstant
    }

    /// Where it is.
    let address = NetworkAddress(ipv4: 0xC000_0246, port: 3_478)
    /// How long an allocation lasts without a refresh.
    let lifetime = MediaDuration.seconds(6)
    /// Whether it gives no allocation beside one that there is.
    var isFull = false
    private(set) var allocations: [UInt16: Allocation] = [:]
    /// By which name and from which socket allocations were made, and how they ended.
    private(set) var log: [String] = []
    private var endings: [String: MediaInstant] = [:]
    private var lastPort: UInt16 = 50_000

    /// What opens it until then.
    func access(_ username: String, until end: MediaInstant) -> RelayAccess {
        endings[username] = end
        return RelayAccess(
            server: address, socket: 0, spareSocket: 8, username: Array(username.utf8),
            password: Array("secret of \(username)".utf8))
    }

    /// Ends what was not refreshed.
    func advance(to now: MediaInstant) {
        for socket in allocations.keys.sorted() {
            guard let allocation = allocations[socket], allocation.endsAt <= now else { continue }
            log.append("\(allocation.username) ended")
            allocations[socket] = nil
        }
    }

    /// The answer to a request that came from a socket of the client.
    func answer(
        _ request: [UInt8], from socket: UInt16, at now: MediaInstant
    ) throws -> [UInt8] {
        let message = try STUNMessage.parse(request.span)
        guard let range = message.username(in: request.span) else {
            return reply(message, code: 401, challenges: true)
        }
        let username = String(decoding: request[range], as: UTF8.self)
        let key = key(of: username)
        guard let end = endings[username], now < end,
            message.verifyIntegrity(in: request.span, key: key.span)
        else { return reply(message, code: 401, challenges: true) }
        if let known = allocations[socket], known.username != username {
            return reply(message, code: message.method == 0x003 ? 437 : 441)
        }
        if allocations[socket] == nil, message.method != 0x003 { return reply(message, code: 437) }
        switch message.method {
        case 0x003:
            if isFull, !allocations.isEmpty { return reply(message, code: 486) }
            lastPort += 1
            let relayed = address.with(port: lastPort)
            allocations[socket] = Allocation(
                username: username, relayed: relayed, endsAt: now + lifetime)
            log.append("\(username) on \(socket)")
            return reply(message, key: key, relayed: relayed)
        case 0x004 where message.lifetimeSeconds == 0:
            log.append("\(username) given back")
            allocations[socket] = nil
            return reply(message, key: key)
        case 0x004:
            allocations[socket]?.endsAt = now + lifetime
            return reply(message, key: key)
        default:
            // CHANNEL-NUMBER and XOR-PEER-ADDRESS stand first.
            let number = UInt16(request[24]) << 8 | UInt16(request[25])
            let port = (UInt16(request[34]) << 8 | UInt16(request[35])) ^ 0x2112
            let host = request[36..<40].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } ^ 0x2112_A442
            allocations[socket]?.channels[number] = NetworkAddress(ipv4: host, port: port)
            return reply(message, key: key)
        }
    }

    private func key(of username: String) -> [UInt8] {
        let digest = Digest.md5(Array("\(username):example:secret of \(username)".utf8).span)
        return digest.indices.map { digest[$0] }
    }

    private func word(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * $0)) }
    }

    private func reply(
        _ request: STUNMessage, code: Int? = nil, challenges: Bool = false, key: [UInt8]? = nil,
        relayed: NetworkAddress? = nil
    ) -> [UInt8] {
        let seconds = UInt32(lifetime.milliseconds / 1_000)
        var attributes: [(UInt16, [UInt8])] = [(0x000D, word(seconds))]
        if let code { attributes = [(0x0009, [0, 0, UInt8(code / 100), UInt8(code % 100)])] }
        if challenges {
            attributes += [(0x0014, Array("example".utf8)), (0x0015, Array("nonce".utf8))]
        }
        if let relayed {
            let port = relayed.port ^ 0x2112
            let host = word((relayed.ipv4 ?? 0) ^ 0x2112_A442)
            attributes.append((0x0016, [0, 1, UInt8(port >> 8), UInt8(port & 0xFF)] + host))
        }
        let type = request.method | (code == nil ? 0x0100 : 0x0110)
        var bytes: [UInt8] = [UInt8(type >> 8), UInt8(type & 0xFF), 0, 0, 0x21, 0x12, 0xA4, 0x42]
        let id = request.transactionID.bytes
        for index in id.indices { bytes.append(id[index]) }
        for (type, value) in attributes {
            bytes += [UInt8(type >> 8), UInt8(type & 0xFF), 0, UInt8(value.count)] + value
            while bytes.count % 4 != 0 { bytes.append(0) }
        }
        bytes[3] = UInt8(bytes.count - 20 + (key == nil ? 0 : 24))
        if let key {
            let code = MessageAuthentication.hmacSHA1(key: key.span, message: bytes.span)
            bytes += [0, 8, 0, 20] + code.indices.map { code[$0] }
        }
        return bytes
    }
}
