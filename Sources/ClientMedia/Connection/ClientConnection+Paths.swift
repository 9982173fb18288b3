// The ways of a connection: which addresses it has, which one media takes, and TCP connections that close.
// SPDX-License-Identifier: Apache-2.0
package import ICE
import PeerTransport
package import Wire

extension ClientConnection {
    /// The pair that media takes; `nil`: none is selected yet.
    package var selectedPair: ICESelectedPair? { transport.selectedPair }

    /// Takes one more address of a socket among those that it is bound to. Known ones change nothing.
    package mutating func addHost(_ base: ICEBase) {
        guard !relays.areAlone else { return }
        transport.addLocalCandidate(
            .host(base.address, localPreference: .max - UInt16(base.socket)), socket: base.socket)
    }

    /// The TCP connection behind a path was closed, or could not be opened.
    package mutating func closed(_ path: TransportPath, at now: MediaInstant) {
        transport.closed(path, at: now)
        closedRelay(path, at: now)
    }

    /// Asks STUN servers where sockets are seen from, in place of what was asked before. Nothing waits for that: checks to the
    /// server have begun, and it learns a client's address from them.
    package mutating func gather(_ gathering: ReflexiveGathering) {
        if !relays.areAlone { self.gathering = gathering }
    }

    /// Takes an answer of a STUN server.
    /// - Returns: `false` if it is none.
    mutating func takeGathered(_ datagram: Span<UInt8>, on path: TransportPath) -> Bool {
        guard gathering?.receive(datagram, on: path) == true else { return false }
        while let found = gathering?.pollCandidate() {
            transport.addLocalCandidate(found.candidate, socket: found.socket)
        }
        if gathering?.isDone == true { gathering = nil }
        return true
    }
}
