// The addresses of this machine that media may be offered on.
// SPDX-License-Identifier: Apache-2.0
import CMediaIO
package import Wire

/// Lists the addresses of the interfaces that are up.
package enum LocalAddresses {
    /// The most addresses that are listed.
    package static let countMax = 64

    /// Every address but the link-local ones, with port 0: first those that other machines reach, IPv4
    /// before IPv6, then loopback. Empty if the system does not tell.
    package static func all() -> [NetworkAddress] {
        var found = [mediaio_interface_address](
            repeating: mediaio_interface_address(), count: countMax)
        let count = unsafe Int(mediaio_interface_addresses(&found, UInt32(countMax)))
        var ranks: [[NetworkAddress]] = [[], [], [], []]
        for entry in found.prefix(max(0, count)) where entry.is_link_local == 0 {
            let address = NetworkAddress(entry.address)
            let rank = (entry.is_loopback != 0 ? 2 : 0) + (address.isIPv6 ? 1 : 0)
            if !ranks[rank].contains(address) { ranks[rank].append(address) }
        }
        return ranks.flatMap { $0 }
    }
}
