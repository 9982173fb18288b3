// Network addresses as text and as the C target's struct.
// SPDX-License-Identifier: Apache-2.0
import CMediaIO
package import Wire

extension NetworkAddress {
    /// Reads a numeric host without a port: `192.0.2.1`, `2001:db8::1` or `[2001:db8::1]`; `nil` for
    /// anything else. Names are not looked up.
    package init?(host: String, port: UInt16) {
        var text = Substring(host)
        if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
        var address = mediaio_address()
        guard unsafe mediaio_parse_host(String(text), &address) == 0 else { return nil }
        address.port = port
        self.init(address)
    }

    /// Reads a numeric host and port: `192.0.2.1:3478` or `[2001:db8::1]:3478`; `nil` for anything else.
    package init?(hostAndPort text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        let host = text[..<colon]
        guard !host.contains(":") || host.hasPrefix("[") else { return nil }
        self.init(host: String(host), port: port)
    }

    /// The host as numbers, without the port; IPv6 as RFC 5952 writes it, without brackets.
    package var hostText: String {
        var address = mediaio_address(self)
        var text = [CChar](repeating: 0, count: 46)
        unsafe mediaio_format_host(&address, &text)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The host and port: `192.0.2.1:3478` or `[2001:db8::1]:3478`.
    package var text: String {
        isIPv6 ? "[\(hostText)]:\(port)" : "\(hostText):\(port)"
    }

    init(_ address: mediaio_address) {
        self =
            address.is_ipv6 != 0
            ? NetworkAddress(ipv6High: address.high, low: address.low, port: address.port)
            : NetworkAddress(
                ipv4: UInt32(truncatingIfNeeded: address.low), port: address.port)
    }
}

extension mediaio_address {
    init(_ address: NetworkAddress) {
        self.init(
            high: address.high, low: address.low, port: address.port,
            is_ipv6: address.isIPv6 ? 1 : 0)
    }
}
