// Where a TURN server is: `turn:host:port?transport=udp`, checked.
// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a relay's address.
package enum RelayURLError: Error, Equatable, Sendable {
    /// It begins neither with `turn:` nor with `turns:`.
    case unknownScheme
    /// Its host is missing, too long, or has signs that no host has; `turn://host` is such a one.
    case invalidHost
    /// Its port is not 1 to 65,535.
    case invalidPort
    /// Behind `?` stands something else than `transport=udp` or `transport=tcp`.
    case invalidTransport
    /// `turns:` over UDP: no browser speaks DTLS to a relay.
    case secureOverUDP
}

/// A TURN URI as browsers take it (RFC 7065 §3.1).
package struct RelayURL: Hashable, Sendable {
    /// The longest host, in bytes (RFC 1035 §2.3.4).
    package static let hostBytesMax = 255

    /// The address as it was given.
    package let text: String

    /// Checks an address.
    package init(_ text: String) throws(RelayURLError) {
        guard let colon = text.firstIndex(of: ":") else { throw .unknownScheme }
        let isSecure: Bool
        switch text[..<colon] {
        case "turn": isSecure = false
        case "turns": isSecure = true
        default: throw .unknownScheme
        }
        var address = text[text.index(after: colon)...]
        if let mark = address.firstIndex(of: "?") {
            switch address[address.index(after: mark)...] {
            case "transport=udp" where isSecure: throw .secureOverUDP
            case "transport=udp", "transport=tcp": break
            default: throw .invalidTransport
            }
            address = address[..<mark]
        }
        let (host, port) = try Self.split(address)
        guard Self.isHost(host) else { throw .invalidHost }
        if let port {
            guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(port),
                number > 0
            else { throw .invalidPort }
        }
        self.text = text
    }

    static func split(
        _ address: Substring
    ) throws(RelayURLError) -> (host: Substring, port: Substring?) {
        let hostEnd: Substring.Index
        if address.first == "[" {
            guard let bracket = address.firstIndex(of: "]") else { throw .invalidHost }
            hostEnd = address.index(after: bracket)
        } else {
            hostEnd = address.firstIndex(of: ":") ?? address.endIndex
        }
        let rest = address[hostEnd...]
        guard let first = rest.first else { return (address[..<hostEnd], nil) }
        guard first == ":" else { throw .invalidHost }
        return (address[..<hostEnd], rest.dropFirst())
    }

    /// A name, an IPv4 address, or an IPv6 address in brackets. It stands in JSON and in headers, so what could end
    /// it there is no part of it.
    static func isHost(_ host: Substring) -> Bool {
        guard host.utf8.count <= hostBytesMax else { return false }
        if host.first == "[" {
            return host.utf8.count > 2
                && host.dropFirst().dropLast().utf8.allSatisfy { byte in
                    isHexadecimal(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
                }
        }
        return !host.isEmpty
            && host.utf8.allSatisfy { byte in
                isLetterOrDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: "_")
            }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }
}
