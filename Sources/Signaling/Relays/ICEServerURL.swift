// Where a STUN or TURN server is, as a client reads it from whoever names one.
// SPDX-License-Identifier: Apache-2.0

/// A STUN URI (RFC 7064 §3.1) or TURN URI (RFC 7065 §3.1), taken apart.
package struct ICEServerURL: Hashable, Sendable {
    /// The port where none is named, without TLS.
    package static let defaultPort: UInt16 = 3_478
    /// The port where none is named, with TLS.
    package static let defaultSecurePort: UInt16 = 5_349
    /// The longest URI read, in bytes.
    package static let bytesMax = 512

    /// Whether it relays (`turn:`, `turns:`), and not only answers (`stun:`, `stuns:`).
    package let relays: Bool
    /// Whether it is reached over TLS or DTLS.
    package let isSecure: Bool
    /// Whether it is reached over TCP.
    package let isOverTCP: Bool
    /// A name or an address; an IPv6 address stands without brackets.
    package let host: String
    /// 1 to 65,535.
    package let port: UInt16

    /// Reads a URI; `nil` if it has another form.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax, let colon = text.firstIndex(of: ":") else {
            return nil
        }
        switch text[..<colon] {
        case "stun": (relays, isSecure) = (false, false)
        case "stuns": (relays, isSecure) = (false, true)
        case "turn": (relays, isSecure) = (true, false)
        case "turns": (relays, isSecure) = (true, true)
        default: return nil
        }
        var address = text[text.index(after: colon)...]
        var isOverTCP = isSecure
        if let mark = address.firstIndex(of: "?") {
            switch address[address.index(after: mark)...] {
            case "transport=udp" where relays: isOverTCP = false
            case "transport=tcp" where relays: isOverTCP = true
            default: return nil
            }
            address = address[..<mark]
        }
        self.isOverTCP = isOverTCP
        guard let (host, port) = try? RelayURL.split(address), RelayURL.isHost(host) else {
            return nil
        }
        self.host = host.first == "[" ? String(host.dropFirst().dropLast()) : String(host)
        guard let port else {
            self.port = isSecure ? Self.defaultSecurePort : Self.defaultPort
            return
        }
        guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(port),
            number > 0
        else { return nil }
        self.port = number
    }

    /// Whether it says over UDP, and without TLS, where a request came from.
    package var answersBinding: Bool { !isSecure && !isOverTCP }
}
