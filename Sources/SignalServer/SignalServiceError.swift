// Why a server could not start.
// SPDX-License-Identifier: Apache-2.0

/// What keeps a server from listening.
package enum SignalServiceError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Somebody else listens there.
    case portInUse(host: String, port: Int)
    /// The address is none of this machine's, or no address.
    case noSuchAddress(host: String)
    /// Another reason of the system; `code` is the `errno`.
    case cannotListen(host: String, port: Int, code: Int32)

    /// One line for the person who started it.
    package var description: String {
        switch self {
        case .portInUse(let host, let port):
            "HTTP \(host):\(port) is in use; is another server running? Choose with --http"
        case .noSuchAddress(let host): "this machine cannot listen on \(host)"
        case .cannotListen(let host, let port, let code):
            "the system refuses HTTP \(host):\(port) (errno \(code))"
        }
    }
}
