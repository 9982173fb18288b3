// The UDP sockets of a room's media: opened before the first offer, and again when one is lost; and spare ones.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import NIOCore

extension MediaDriver {
    /// After so long a socket that was lost is opened again: what made sending fail may take a while.
    private static let reopenAfter = TimeAmount.milliseconds(200)

    /// Opens one of each family, unless they are there.
    func openSockets() async throws {
        guard sockets.isEmpty else { return }
        for isIPv6 in parameters.ipv6 ? [false, true] : [false] {
            do {
                sockets.append(try await open(UInt16(sockets.count), ipv6: isIPv6).get())
            } catch {
                // Machines without IPv6 are common; without IPv4 there would be no socket at all.
                guard isIPv6, !sockets.isEmpty else { throw error }
            }
        }
    }

    /// The number of the first spare socket.
    static let firstSpareSocket: UInt16 = 8

    /// The socket of a number; `nil`: there is none.
    func socket(_ number: UInt16) -> MediaSocket? {
        if Int(number) < sockets.count { return sockets[Int(number)] }
        guard number >= Self.firstSpareSocket,
            Int(number - Self.firstSpareSocket) < spareSockets.count
        else { return nil }
        return spareSockets[Int(number - Self.firstSpareSocket)]
    }

    /// Opens a second socket for each that there is: a relay gives one allocation to one address. Where none can be had,
    /// media stays with the allocation it has.
    func openSpareSockets() async {
        guard spareSockets.isEmpty else { return }
        var opened: [MediaSocket] = []
        for isIPv6 in sockets.map(\.isIPv6) {
            let number = Self.firstSpareSocket + UInt16(opened.count)
            guard let socket = try? await open(number, ipv6: isIPv6).get() else { break }
            opened.append(socket)
        }
        spareSockets = opened
    }

    private func open(_ number: UInt16, ipv6 isIPv6: Bool) -> EventLoopFuture<MediaSocket> {
        MediaSocket.open(
            on: eventLoop, ipv6: isIPv6, ports: settings.ports,
            for: MediaSocket.Owner(
                onDatagram: { [weak self] buffer, address in
                    self?.assumeIsolated { $0.receive(buffer, from: address, socket: number) }
                    return
                },
                onTurnEnd: { [weak self] in
                    self?.assumeIsolated { $0.finishTurn() }
                    return
                },
                onClosed: { [weak self] in
                    self?.assumeIsolated { $0.planReopening(of: number) }
                    return
                }))
    }

    private func planReopening(of number: UInt16) {
        eventLoop.scheduleTask(in: Self.reopenAfter) { [weak self] in
            self?.assumeIsolated { $0.reopen(number) }
            return
        }
    }

    /// Opens a socket in the place of a lost one; the server learns the new port from what comes from it.
    private func reopen(_ number: UInt16) {
        guard let lost = socket(number) else { return }
        open(number, ipv6: lost.isIPv6).whenComplete { [weak self] result in
            self?.assumeIsolated { $0.take(result, as: number) }
            return
        }
    }

    private func take(_ result: Result<MediaSocket, any Error>, as number: UInt16) {
        switch result {
        case .success(let socket):
            if number < Self.firstSpareSocket {
                sockets[Int(number)] = socket
            } else {
                spareSockets[Int(number - Self.firstSpareSocket)] = socket
            }
            for base in localBases() { connection?.addHost(base) }
            finishTurn()
        case .failure: planReopening(of: number)
        }
    }
}
