// The HTTP proxy that a WebSocket goes through, where there is one.
// SPDX-License-Identifier: Apache-2.0

/// An HTTP proxy that opens tunnels (`CONNECT`, RFC 9110 §9.3.6).
package struct HTTPProxy: Hashable, Sendable {
    /// The port of an address that names none.
    package static let defaultPort = 80

    /// A name or an IP address, without brackets.
    package let host: String
    /// The TCP port, 1 to 65,535.
    package let port: Int
    /// What it is told of who asks (`Proxy-Authorization`, RFC 7617); `nil`: nothing.
    package let authorization: String?

    /// Takes an address apart: `http://proxy.example.com:3128`, `http://user:password@proxy:3128`, or without the scheme.
    /// - Throws: `.invalidProxy`, saying what is wrong with it.
    package init(_ text: String) throws(WebSocketError) {
        guard text.utf8.count <= WebSocketAddress.bytesMax,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw .invalidProxy("it is too long, or has spaces or letters beyond ASCII") }
        var rest = Substring(text)
        if let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") {
            guard text[..<colon].lowercased() == "http" else {
                throw .invalidProxy("only http:// is spoken with a proxy")
            }
            rest = text[colon...].dropFirst(3)
        }
        rest = rest.prefix { $0 != "/" }
        if let at = rest.lastIndex(of: "@") {
            guard let user = Self.plain(rest[..<at]) else {
                throw .invalidProxy("its user is not written as a URL has it")
            }
            authorization = "Basic \(Self.base64(user))"
            rest = rest[rest.index(after: at)...]
        } else {
            authorization = nil
        }
        do {
            (host, port) = try WebSocketAddress.split(rest, defaultPort: Self.defaultPort)
        } catch {
            guard case .invalidAddress(let why) = error else { throw error }
            throw .invalidProxy(why)
        }
    }

    /// Bytes without percent-encoding (RFC 3986 §2.1); `nil` where a percent sign is followed by no two digits.
    private static func plain(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(), let left = digit(high),
                let right = digit(low)
            else { return nil }
            bytes.append(left << 4 | right)
        }
        return bytes
    }

    /// RFC 4648 §4.
    private static func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let piece = bytes[start..<min(start + 3, bytes.count)]
            let bits = piece.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - piece.count))
            for place in 0..<4 {
                text.append(place <= piece.count ? letters[bits >> (18 - 6 * place) & 63] : "=")
            }
        }
        return text
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The proxy that the environment names for an address: `https_proxy` for TLS and `http_proxy` else, then `all_proxy`, in small
    /// letters or large, unless `no_proxy` lists the host, or it is the machine itself.
    /// - Returns: `nil`: none is to be used.
    /// - Throws: `.invalidProxy` for an address that is none.
    package static func named(
        in environment: [String: String], for address: WebSocketAddress
    ) throws(WebSocketError) -> HTTPProxy? {
        func value(_ name: String) -> String? {
            let found = environment[name] ?? environment[name.uppercased()]
            return found.flatMap { $0.isEmpty ? nil : $0 }
        }
        guard
            let text = value(address.isSecure ? "https_proxy" : "http_proxy")
                ?? value("all_proxy"),
            !isExempt(address, by: value("no_proxy") ?? "")
        else { return nil }
        return try HTTPProxy(text)
    }

    /// A list of hosts, domains with all that is in them, and `*`; with a port it counts for that alone.
    private static func isExempt(_ address: WebSocketAddress, by list: String) -> Bool {
        let host = address.host.lowercased()
        if host == "localhost" || host == "::1" || address.isIPAddress && host.hasPrefix("127.") {
            return true
        }
        return list.split(whereSeparator: { $0 == "," || $0 == " " }).contains { entry in
            if entry == "*" { return true }
            var name = entry.lowercased()
            if let colon = name.lastIndex(of: ":"), name.firstIndex(of: ":") == colon {
                guard Int(name[name.index(after: colon)...]) == address.port else { return false }
                name = String(name[..<colon])
            }
            if name.hasPrefix("[") { name = String(name.dropFirst().prefix { $0 != "]" }) }
            let domain = name.hasPrefix("*.") ? name.dropFirst(2) : name.drop { $0 == "." }
            return !domain.isEmpty && (host == domain || host.hasSuffix(".\(domain)"))
        }
    }
}

/// Which proxy a WebSocket goes through.
package enum ProxyChoice: Sendable, Equatable {
    /// None.
    case none
    /// The one that an environment names.
    case environment([String: String])
    /// This one.
    case proxy(HTTPProxy)

    func proxy(for address: WebSocketAddress) throws(WebSocketError) -> HTTPProxy? {
        switch self {
        case .none: nil
        case .environment(let environment): try HTTPProxy.named(in: environment, for: address)
        case .proxy(let proxy): proxy
        }
    }
}
