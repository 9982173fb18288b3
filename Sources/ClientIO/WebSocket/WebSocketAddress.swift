// Where a signalling WebSocket is: what an application gives, taken apart.
// SPDX-License-Identifier: Apache-2.0
import Wire

/// The address of a WebSocket: `ws://` or `wss://`, and `http://` and `https://` for the same.
///
/// Without a path it means Martlet's own, `/v1/signal`, as for the browser SDK.
package struct WebSocketAddress: Hashable, Sendable {
    /// The path of an address that names none.
    package static let defaultPath = "/v1/signal"
    /// The longest address taken, in bytes.
    package static let bytesMax = 4096

    /// Whether it is reached through TLS.
    package let isSecure: Bool
    /// A name or an IP address, without brackets.
    package let host: String
    /// The TCP port, 1 to 65,535.
    package let port: Int
    /// Path and query, as the request names them.
    package let target: String

    /// Takes an address apart.
    /// - Throws: `.invalidAddress`, saying what is wrong with it.
    package init(_ text: String) throws(WebSocketError) {
        guard text.utf8.count <= Self.bytesMax, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw .invalidAddress("it is too long, or has spaces or letters beyond ASCII") }
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            throw .invalidAddress("it must begin with ws:// or wss://")
        }
        switch text[..<colon].lowercased() {
        case "ws", "http": isSecure = false
        case "wss", "https": isSecure = true
        default: throw .invalidAddress("it must begin with ws:// or wss://")
        }
        let rest = text[colon...].dropFirst(3)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        (host, port) = try Self.split(rest[..<end], defaultPort: isSecure ? 443 : 80)
        let named = rest[end...].prefix { $0 != "#" }
        if named.isEmpty || named == "/" {
            target = Self.defaultPath
        } else if named.hasPrefix("?") {
            target = Self.defaultPath + named
        } else {
            target = String(named)
        }
    }

    /// Host and port of an authority (RFC 3986 §3.2) without a user.
    static func split(
        _ authority: Substring, defaultPort: Int
    ) throws(WebSocketError) -> (host: String, port: Int) {
        guard !authority.contains("@") else { throw .invalidAddress("it must not name a user") }
        let host: Substring
        var portText: Substring?
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else {
                throw .invalidAddress("the bracket of the IPv6 address is not closed")
            }
            host = authority[authority.index(after: authority.startIndex)..<bracket]
            let after = authority[authority.index(after: bracket)...]
            guard host.contains(":"), NetworkAddress(host: String(host), port: 0) != nil,
                after.isEmpty || after.hasPrefix(":")
            else { throw .invalidAddress("there is no IPv6 address in the brackets") }
            if !after.isEmpty { portText = after.dropFirst() }
        } else {
            let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else {
                throw .invalidAddress("an IPv6 address must stand in brackets")
            }
            host = parts.first ?? ""
            if parts.count == 2 { portText = parts[1] }
        }
        guard !host.isEmpty, host.utf8.count <= 253 else {
            throw .invalidAddress("it names no host")
        }
        guard let portText, !portText.isEmpty else { return (String(host), defaultPort) }
        guard portText.allSatisfy(\.isNumber), let port = Int(portText), (1...65_535).contains(port)
        else { throw .invalidAddress("its port is none") }
        return (String(host), port)
    }

    /// Whether the host is an IP address and no name.
    package var isIPAddress: Bool { NetworkAddress(host: host, port: 0) != nil }

    /// The host as a request names it (RFC 9110 §7.2).
    var hostField: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }
}
