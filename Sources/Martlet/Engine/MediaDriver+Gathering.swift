// Which addresses a room's sockets have: those of the machine, and those that STUN servers see.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientMedia
import ClientSession
import ICE
import NIOCore
import NIOPosix
import Signaling
import Wire

extension OfferPurpose {
    /// Whether the answer begins a search for ways.
    var beginsICE: Bool {
        switch self {
        case .join, .restart: true
        case .slots: false
        }
    }
}

extension MediaDriver {
    /// So many of the machine's addresses are looked at; one beyond is used all the same, where the route leads by it.
    private static let hostsMax = 6
    /// So many STUN and TURN servers are asked, each at its first addresses.
    private static let serversMax = 4

    /// The machine's addresses, with the sockets that are bound to all of them. The kernel chooses among them by the server's
    /// address, so what they are good for is to know one's own from a NAT's.
    func localBases() -> [ICEBase] {
        guard let devices = try? System.enumerateDevices() else { return [] }
        var bases: [ICEBase] = []
        for device in devices {
            guard bases.count < Self.hostsMax, let address = device.address,
                let known = networkAddress(of: address), !known.isLinkLocal,
                let number = sockets.firstIndex(where: { $0.isIPv6 == known.isIPv6 }),
                let port = sockets[number].channel.localAddress?.port
            else { continue }
            bases.append(
                ICEBase(
                    socket: UInt16(clamping: number),
                    address: known.with(port: UInt16(clamping: port))))
        }
        // The machine's own world comes last.
        return bases.filter { !$0.address.isLoopback } + bases.filter(\.address.isLoopback)
    }

    /// Goes on with relays that have other credentials; where media goes through one, it moves to a new allocation.
    func useRelays(_ servers: [Signaling.ICEServer]) async {
        // The application's own are all there are.
        guard settings.iceServers.isEmpty else { return }
        if connection?.hasRelay == true { await openSpareSockets() }
        gather(from: servers)
    }

    /// Asks the servers named where this machine is seen from. Looking up their names and waiting for their answers keep
    /// nobody waiting.
    func gather(from servers: [Signaling.ICEServer]) {
        gatherings += 1
        let number = gatherings
        var asked: [(url: ICEServerURL, server: Signaling.ICEServer)] = []
        for server in servers {
            for text in server.urls {
                guard asked.count < Self.serversMax else { break }
                guard let url = ICEServerURL(text), url.answersBinding || url.relays,
                    !asked.contains(where: { $0.url.host == url.host && $0.url.port == url.port })
                else { continue }
                asked.append((url, server))
            }
        }
        guard !asked.isEmpty else { return }
        let lookups = asked.map { one in
            NameLookups.shared.addresses(of: one.url.host, port: Int(one.url.port), on: eventLoop)
        }
        EventLoopFuture.whenAllComplete(lookups, on: eventLoop).whenSuccess {
            [weak self, asked] found in
            let addresses = found.map { (try? $0.get()) ?? [] }
            self?.assumeIsolated { $0.gather(from: asked, at: addresses, number: number) }
        }
    }

    private func gather(
        from servers: [(url: ICEServerURL, server: Signaling.ICEServer)],
        at found: [[SocketAddress]], number: Int
    ) {
        guard number == gatherings, connection != nil else { return }
        relayHosts = [:]
        var addresses: [NetworkAddress] = []
        var relays: [RelayAccess] = []
        for (one, found) in zip(servers, found) {
            guard one.url.answersBinding else {
                relays += streamRelays(one.url, one.server, at: found)
                continue
            }
            for (index, socket) in sockets.enumerated() {
                let first = found.lazy.compactMap { self.networkAddress(of: $0) }.first {
                    $0.isIPv6 == socket.isIPv6
                }
                guard let first else { continue }
                addresses.append(first)
                guard one.url.relays, let username = one.server.username,
                    let password = one.server.credential
                else { continue }
                relays.append(
                    RelayAccess(
                        server: first, socket: UInt16(clamping: index),
                        spareSocket: index < spareSockets.count
                            ? Self.firstSpareSocket + UInt16(clamping: index) : nil,
                        username: Array(username.utf8), password: Array(password.utf8)))
            }
        }
        // A connection costs more than datagrams.
        relays = relays.filter { !$0.isStream } + relays.filter(\.isStream)
        let known = localBases()
        let bases = sockets.indices.map { index in
            known.first { Int($0.socket) == index }
                ?? ICEBase(socket: UInt16(clamping: index), address: Self.standIn(sockets[index]))
        }
        let now = Self.now
        connection?.gather(
            ReflexiveGathering(servers: addresses, from: bases, using: &random, at: now))
        connection?.setRelays(relays, at: now)
        finishTurn()
    }
}

extension MediaDriver {
    /// A relay that is reached over TCP or TLS, by its first address of each family.
    private func streamRelays(
        _ url: ICEServerURL, _ server: Signaling.ICEServer, at found: [SocketAddress]
    ) -> [RelayAccess] {
        guard let username = server.username, let password = server.credential else { return [] }
        var relays: [RelayAccess] = []
        for isIPv6 in [false, true] {
            let first = found.lazy.compactMap { self.networkAddress(of: $0) }.first {
                $0.isIPv6 == isIPv6
            }
            guard let first else { continue }
            relayHosts[first] = .some(url.isSecure ? url.host : nil)
            relays.append(
                RelayAccess(
                    server: first, socket: Self.relayStreamSockets[0],
                    spareSocket: Self.relayStreamSockets[1], isStream: true,
                    username: Array(username.utf8), password: Array(password.utf8)))
        }
        return relays
    }
}

extension NetworkAddress {
    /// Whether it is of one cable alone: fe80::/10 or 169.254.0.0/16.
    fileprivate var isLinkLocal: Bool {
        if let ipv4 { return ipv4 >> 16 == 0xA9FE }
        return high >> 54 == 0x3FA
    }
}
