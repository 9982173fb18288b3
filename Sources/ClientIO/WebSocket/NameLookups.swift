// Looking up names for many WebSockets at once: who asks for the same name shares one lookup.
// SPDX-License-Identifier: Apache-2.0
import Glibc
package import NIOCore
import NIOPosix
import Synchronization

/// The lookups of a process that are under way.
///
/// A lookup blocks a thread, for half a minute where the network is gone. NIO has one thread for each event loop, where
/// lookups that nobody waits for any more stand in the way of all later ones; here there is one lookup of a name at a time,
/// on a pool of threads that all drivers share.
package final class NameLookups: Sendable {
    /// Those of this process.
    package static let shared = NameLookups()

    private struct Name: Hashable {
        let host: String
        let port: Int
    }

    private let underWay = Mutex<[Name: [EventLoopPromise<[SocketAddress]>]]>([:])

    /// All addresses of a host, in the system's order; fails with `.unresolvable`.
    package func addresses(
        of host: String, port: Int, on eventLoop: any EventLoop
    ) -> EventLoopFuture<[SocketAddress]> {
        let promise = eventLoop.makePromise(of: [SocketAddress].self)
        let name = Name(host: host, port: port)
        let isFirst = underWay.withLock { underWay in
            underWay[name, default: []].append(promise)
            return underWay[name]?.count == 1
        }
        if isFirst {
            NIOThreadPool.singleton.submit { _ in
                let found = Self.lookUp(host, port: port)
                let waiting = self.underWay.withLock { $0.removeValue(forKey: name) } ?? []
                for promise in waiting {
                    if found.isEmpty {
                        promise.fail(WebSocketError.unresolvable(host: host))
                    } else {
                        promise.succeed(found)
                    }
                }
            }
        }
        return promise.futureResult
    }

    private static func lookUp(_ host: String, port: Int) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_protocol = Int32(IPPROTO_TCP)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, String(port), &hints, &list) == 0 else { return [] }
        defer { unsafe freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            let info = unsafe entry.pointee
            // The system says of each address what it is, and it has that form.
            if let address = unsafe info.ai_addr {
                switch unsafe info.ai_family {
                case AF_INET:
                    unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        found.append(SocketAddress(unsafe $0.pointee))
                    }
                case AF_INET6:
                    unsafe address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                        found.append(SocketAddress(unsafe $0.pointee))
                    }
                default: break
                }
            }
            unsafe next = info.ai_next
        }
        return found
    }
}

/// One connection's view of a shared lookup, for NIO's racing of IPv6 and IPv4 (RFC 8305).
final class SharedResolver: Resolver, Sendable {
    private let addresses: EventLoopFuture<[SocketAddress]>

    init(_ host: String, port: Int, on eventLoop: any EventLoop) {
        addresses = NameLookups.shared.addresses(of: host, port: port, on: eventLoop)
    }

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        addresses.map { $0.filter { $0.protocol == .inet } }
    }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        addresses.map { $0.filter { $0.protocol == .inet6 } }
    }

    func cancelQueries() {}
}
