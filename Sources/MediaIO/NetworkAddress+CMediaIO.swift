// Network addresses as the C target's struct.
// SPDX-License-Identifier: Apache-2.0
import CMediaIO
import Wire

extension NetworkAddress {
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
