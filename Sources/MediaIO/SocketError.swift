// Why sockets, pollers or loop threads could not be had.
// SPDX-License-Identifier: Apache-2.0
import Glibc
package import Wire

/// An operating-system call that a media loop cannot begin without has failed.
package enum SocketError: Error, Equatable, Sendable {
    /// Another process (or another loop) holds this address and port.
    case addressInUse(NetworkAddress)
    /// This machine does not have the address.
    case addressNotAvailable(NetworkAddress)
    /// The port needs a privilege this process lacks.
    case permissionDenied(NetworkAddress)
    /// The list of addresses to bind is empty or longer than `max`.
    case addressCount(Int, max: Int)
    /// A call failed otherwise; `code` is the `errno`.
    case system(call: String, code: Int32)

    /// What it means that a socket could not be bound to an address.
    init(opening address: NetworkAddress, call: String, code: Int32) {
        switch code {
        case EADDRINUSE: self = .addressInUse(address)
        case EADDRNOTAVAIL, EAFNOSUPPORT: self = .addressNotAvailable(address)
        case EACCES, EPERM: self = .permissionDenied(address)
        default: self = .system(call: call, code: code)
        }
    }
}
