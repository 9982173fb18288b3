// Why a WebSocket could not be opened or has ended, in words that say what to do.
// SPDX-License-Identifier: Apache-2.0

/// Why there is no WebSocket, or no more.
package enum WebSocketError: Error, Hashable, Sendable {
    /// What was given is no address of a WebSocket, and why.
    case invalidAddress(String)
    /// What was given, or stands in the environment, is no address of a proxy, and why.
    case invalidProxy(String)
    /// The proxy answered `CONNECT` with another status than 2xx.
    case proxyRefused(Int)
    /// What answered `CONNECT` is no HTTP proxy.
    case proxyNotUnderstood
    /// Nobody knows the host's name.
    case unresolvable(host: String)
    /// Nobody listens at that port.
    case refused(host: String, port: Int)
    /// There is no way to that host; the system's number for why.
    case unreachable(host: String, port: Int, errorNumber: Int32)
    /// It took too long until the WebSocket was open.
    case connectTimedOut(host: String, port: Int)
    /// Nobody that is trusted vouches for the server's certificate, and OpenSSL's words for why.
    case certificateNotTrusted(host: String, reason: String)
    /// The server's certificate is that of another host.
    case certificateForAnotherHost(host: String)
    /// The server's certificate is of the past, or of the future.
    case certificateExpired(host: String)
    /// TLS failed otherwise, and OpenSSL's words for why.
    case tlsFailed(host: String, reason: String)
    /// The file of certificates to trust cannot be read, or OpenSSL cannot be used.
    case tlsUnusable(String)
    /// The server answered with another HTTP status than 101.
    case httpStatus(Int)
    /// What answered is no WebSocket.
    case notWebSocket
    /// The server broke a rule of RFC 6455, and which.
    case protocolViolation(String)
    /// The server sent a message larger than is taken, in bytes.
    case messageTooLarge(limit: Int)
    /// More waited to be sent than is kept: the path is too slow, or dead.
    case outgoingOverflow
    /// The server closed the WebSocket (RFC 6455 §7.4.1); 1005: without a code.
    case closed(code: Int, reason: String)
    /// The connection broke without a word.
    case broken
}

extension WebSocketError: CustomStringConvertible {
    /// What happened and what to do.
    package var description: String {
        switch self {
        case .invalidAddress(let why): "The server's address cannot be used: \(why)."
        case .invalidProxy(let why): "The proxy's address cannot be used: \(why)."
        case .proxyRefused(407):
            "The proxy wants to know who asks (407); name user and password in its address."
        case .proxyRefused(let status):
            "The proxy opens no way to the server (\(status)); let it, or go without it."
        case .proxyNotUnderstood: "What answers at the proxy's address is none; check it."
        case .unresolvable(let host):
            "The name \(host) cannot be looked up; check it, and the network."
        case .refused(let host, let port):
            "Nobody listens at \(host), port \(port); check the address, and that the server runs."
        case .unreachable(let host, let port, let number):
            "There is no way to \(host), port \(port) (error \(number)); check the network."
        case .connectTimedOut(let host, let port):
            "\(host), port \(port), did not answer in time; check the network and its firewalls."
        case .certificateNotTrusted(let host, let reason):
            "The certificate of \(host) is not trusted (\(reason)); "
                + "name the file of the authority that signed it, or get another."
        case .certificateForAnotherHost(let host):
            "The certificate is not for \(host); use the name that it is for."
        case .certificateExpired(let host):
            "The certificate of \(host) is not valid now; renew it, or check the clock."
        case .tlsFailed(let host, let reason):
            "TLS with \(host) failed (\(reason)); check that the port speaks TLS 1.2 or later."
        case .tlsUnusable(let why): "TLS cannot be used: \(why)."
        case .httpStatus(let status):
            "The server answered with the HTTP status \(status) instead of opening a WebSocket; "
                + "check the address's path, and the proxies before the server."
        case .notWebSocket: "What answers there speaks no WebSocket; check the address."
        case .protocolViolation(let what): "The server broke the WebSocket protocol: \(what)."
        case .messageTooLarge(let limit): "The server sent a message of more than \(limit) bytes."
        case .outgoingOverflow: "More waited to be sent than is kept; the path is too slow."
        case .closed(let code, let reason):
            "The server closed the connection (\(code)\(reason.isEmpty ? "" : ", \(reason)"))."
        case .broken: "The connection broke."
        }
    }
}
