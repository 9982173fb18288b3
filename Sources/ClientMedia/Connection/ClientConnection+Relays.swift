// A relay as a connection's last way: asked for an address when no other way was found for a while (RFC 8656).
// SPDX-License-Identifier: Apache-2.0
package import ICE
import Negotiation
import PeerTransport
package import Wire

/// The relays that a connection may use, and the one it uses.
struct ConnectionRelays {
    /// The number that stands for the relay's address among the sockets.
    static let socket: UInt16 = 32
    /// How long other ways are looked for first, as the browser SDK does.
    static let patience = MediaDuration.seconds(1)
    /// How long one relay may take before another is asked: some round trips. A session that hears no media gives its link up
    /// after three seconds.
    static let relayPatience = MediaDuration.milliseconds(750)
    /// How long an allocation is kept while media takes another way.
    static let keptFor = MediaDuration.seconds(30)

    var accesses: [RelayAccess] = []
    /// Which of them is tried next.
    var next = 0
    /// When the next is tried, if there is no way by then.
    var due: MediaInstant?
    var allocation: RelayAllocation?
    /// When the allocation is given back.
    var releaseDue: MediaInstant?
    var isClosing = false

    var nextDeadline: MediaInstant? {
        [due, releaseDue, allocation?.nextDeadline].compactMap { $0 }.min()
    }
}

extension ClientConnection {
    /// Names relays, the most wished first, in place of those named before. They are asked for nothing until no other way was
    /// found for a second.
    package mutating func setRelays(_ accesses: [RelayAccess], at now: MediaInstant) {
        relays.accesses = accesses
        lookForRelays(at: now)
    }

    /// ICE began, or began anew.
    mutating func lookForRelays(at now: MediaInstant) {
        let peers = relayedPeers
        relays.allocation?.add(peers: peers, at: now)
        // What is there goes on, and so does the asking of one after the other.
        if let allocation = relays.allocation, allocation.isReady || relays.due != nil { return }
        relays.next = 0
        relays.due = relays.accesses.isEmpty ? nil : now + ConnectionRelays.patience
    }

    mutating func advanceRelays(to now: MediaInstant) {
        if let due = relays.due, due <= now {
            relays.due = nil
            if relays.allocation?.isReady != true, !transport.hasPath { beginRelay(at: now) }
        }
        if let due = relays.releaseDue, due <= now {
            relays.releaseDue = nil
            relays.allocation?.release(at: now)
            transport.removeSocket(ConnectionRelays.socket)
        }
        relays.allocation?.advance(to: now)
        drainRelay(at: now)
    }

    /// Asks the next relay of a family that the server has; where there is none, that which was asked goes on.
    private mutating func beginRelay(at now: MediaInstant) {
        let peers = relayedPeers
        while relays.next < relays.accesses.count {
            let access = relays.accesses[relays.next]
            relays.next += 1
            guard peers.contains(where: { $0.isIPv6 == access.server.isIPv6 }) else { continue }
            relays.allocation = RelayAllocation(access, peers: peers, using: &random, at: now)
            relays.due = now + ConnectionRelays.relayPatience
            return
        }
    }

    /// Where the server takes datagrams.
    private var relayedPeers: [NetworkAddress] {
        media.remoteCandidates.filter { $0.transport == "udp" }.map(\.address)
    }

    mutating func drainRelay(at now: MediaInstant) {
        while let event = relays.allocation?.pollEvent() {
            switch event {
            case .ready(let address):
                transport.addLocalCandidate(
                    ICECandidate(
                        foundation: "relay",
                        priority: ICECandidate.priority(kind: .relay, localPreference: .max),
                        address: address, kind: .relay), socket: ConnectionRelays.socket)
            case .over:
                let hasWorked = relays.allocation?.isReady == true
                relays.allocation = nil
                transport.removeSocket(ConnectionRelays.socket)
                guard !transport.hasPath else { break }
                // One that worked may do so again, after a moment.
                if hasWorked { lookForRelays(at: now) } else { beginRelay(at: now) }
            }
        }
        if relays.allocation?.isOver == true { relays.allocation = nil }
    }

    /// The connection behind a path was closed.
    mutating func closedRelay(_ path: TransportPath, at now: MediaInstant) {
        guard relays.allocation?.path == path else { return }
        relays.allocation?.closed()
        drainRelay(at: now)
    }

    /// Media takes another path.
    mutating func noteSelected(_ path: TransportPath, at now: MediaInstant) {
        guard relays.allocation != nil else { return }
        relays.releaseDue =
            path.socket == ConnectionRelays.socket ? nil : now + ConnectionRelays.keptFor
    }

    /// Takes what comes from the relay itself.
    /// - Returns: `false` if it is something else.
    mutating func takeFromRelay(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) -> Bool {
        guard relays.allocation?.path == path else { return false }
        // RFC 8656 §12: what begins with 64 to 79 is of a channel.
        switch datagram.span.uint8(at: 0) ?? 255 {
        case 0...3:
            guard relays.allocation?.receive(datagram.span, at: now) == true else { return false }
            drainRelay(at: now)
            return true
        case 64...79:
            guard let found = relays.allocation?.unwrap(datagram.span) else {
                refuse()
                return true
            }
            var inner = datagram.extracting(found.range)
            take(
                &inner,
                on: TransportPath(socket: ConnectionRelays.socket, remote: found.peer), at: now)
            return true
        default: return false
        }
    }

    /// Puts what is for the relay's address on the way to the relay.
    /// - Returns: `nil`: it cannot be sent.
    mutating func relayed(
        _ written: (count: Int, path: TransportPath), in target: inout MutableSpan<UInt8>
    ) -> (count: Int, path: TransportPath)? {
        guard written.path.socket == ConnectionRelays.socket else { return written }
        guard let allocation = relays.allocation,
            let count = allocation.wrap(&target, count: written.count, to: written.path.remote)
        else { return nil }
        return (count, allocation.path)
    }

    /// Writes what is for the relay itself.
    mutating func writeRelayRequest(
        into output: inout OutputSpan<UInt8>, at now: MediaInstant
    ) -> TransportPath? {
        // The goodbye of media goes through the relay, so that of the relay comes last.
        if relays.isClosing { relays.allocation?.release(at: now) }
        guard relays.allocation?.pollTransmit(into: &output, at: now) == true else { return nil }
        return relays.allocation?.path
    }
}
