// Network addresses as text and as the C target's struct.
// SPDX-License-Identifier: Apache-2.0
import CMediaIO
package import Wire

extension NetworkAddress {
    /// Reads a numeric host and port: `192.0.2.1:3478` or `[2001:db8::1]:3478`; `nil` for anything else.
    package init?(hostAndPort text: String) {
        self.init(text)
    }

    /// The host and port: `192.0.2.1:3478` or `[2001:db8::1]:3478`.
    package var text: String {
        description
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
