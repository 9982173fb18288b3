// The UDP sockets of a room's media: opened before the first offer, and again when one is lost.
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
        guard Int(number) < sockets.count else { return }
        open(number, ipv6: sockets[Int(number)].isIPv6).whenComplete { [weak self] result in
            self?.assumeIsolated { $0.take(result, as: number) }
            return
        }
    }

    private func take(_ result: Result<MediaSocket, any Error>, as number: UInt16) {
        switch result {
        case .success(let socket):
            sockets[Int(number)] = socket
            for base in localBases() { connection?.addHost(base) }
            finishTurn()
        case .failure: planReopening(of: number)
        }
    }
}
