// A relay as a connection's last way: asked for an address when no other way was found for a while (RFC 8656).
// SPDX-License-Identifier: Apache-2.0
package import ICE
import Negotiation
import PeerTransport
package import Wire

extension ClientConnection {
    /// Names relays, the most wished first, in place of those named before. They are asked for nothing until no other way was
    /// found for a second. Where media goes through a relay to which other credentials lead now, it moves to an allocation
    /// made with these, if the relay has a spare socket.
    package mutating func setRelays(_ accesses: [RelayAccess], at now: MediaInstant) {
        relays.accesses = accesses
        lookForRelays(at: now)
        renewRelay(at: now)
    }

    /// Whether there is an allocation on a relay, or one is asked for.
    package var hasRelay: Bool { relays.current != nil }

    /// ICE began, or began anew.
    mutating func lookForRelays(at now: MediaInstant) {
        let peers = relayedPeers
        relays.current?.allocation.add(peers: peers, at: now)
        relays.former?.allocation.add(peers: peers, at: now)
        // What is there goes on, and so does the asking of one after the other.
        if let line = relays.current, line.allocation.isReady || relays.due != nil { return }
        relays.next = 0
        relays.due = relays.accesses.isEmpty ? nil : now + relays.wait
    }

    mutating func advanceRelays(to now: MediaInstant) {
        if let due = relays.due, due <= now {
            relays.due = nil
            if relays.current?.allocation.isReady != true, !transport.hasPath {
                beginRelay(at: now)
            }
        }
        if let due = relays.renewalDue, due <= now { renewRelay(at: now) }
        if let due = relays.formerReleaseDue, due <= now { releaseFormer(at: now) }
        if let due = relays.releaseDue, due <= now {
            relays.releaseDue = nil
            releaseFormer(at: now)
            relays.current?.allocation.release(at: now)
            if let line = relays.current { transport.removeSocket(line.socket) }
        }
        relays.current?.allocation.advance(to: now)
        relays.former?.allocation.advance(to: now)
        drainRelays(at: now)
    }

    /// Asks the next relay of a family that the server has; where there is none, that which was asked goes on.
    private mutating func beginRelay(at now: MediaInstant) {
        let peers = relayedPeers
        while relays.next < relays.accesses.count {
            let access = relays.accesses[relays.next]
            relays.next += 1
            guard peers.contains(where: { $0.isIPv6 == access.server.isIPv6 }),
                relays.begin(access, peers: peers, using: &random, at: now)
            else { continue }
            relays.due = now + ConnectionRelays.relayPatience
            return
        }
    }

    /// Asks the relay in use for another allocation if the credentials of the one there is are not the newest.
    private mutating func renewRelay(at now: MediaInstant) {
        relays.renewalDue = nil
        guard let line = relays.current, line.allocation.isReady, relays.releaseDue == nil,
            relays.isOutdated, relays.former == nil
        else { return }
        let server = line.allocation.access.server
        guard let access = relays.accesses.first(where: { $0.server == server }) else { return }
        relays.former = line
        if !relays.begin(access, peers: relayedPeers, using: &random, at: now) {
            relays.former = nil
        }
    }

    private mutating func releaseFormer(at now: MediaInstant) {
        relays.formerReleaseDue = nil
        guard let line = relays.former else { return }
        relays.former?.allocation.release(at: now)
        transport.removeSocket(line.socket)
    }

    /// Where the server takes datagrams.
    private var relayedPeers: [NetworkAddress] {
        media.remoteCandidates.filter { $0.transport == "udp" }.map(\.address)
    }

    mutating func drainRelays(at now: MediaInstant) {
        // The former one first: what becomes of it decides what the end of the current one means.
        while let event = relays.former?.allocation.pollEvent() {
            guard event == .over, let line = relays.former else { continue }
            relays.former = nil
            transport.removeSocket(line.socket)
        }
        if relays.former?.allocation.isOver == true {
            relays.former = nil
            // Others may have been named meanwhile.
            renewRelay(at: now)
        }
        while let line = relays.current, let event = relays.current?.allocation.pollEvent() {
            switch event {
            case .ready(let address):
                transport.addLocalCandidate(
                    ICECandidate(
                        foundation: "relay",
                        priority: ICECandidate.priority(
                            kind: .relay, localPreference: relays.localPreference),
                        address: address, kind: .relay), socket: line.socket)
            case .over: lost(line, at: now)
            }
        }
        if relays.current?.allocation.isOver == true { relays.current = nil }
    }

    /// The current allocation cannot be had, or is lost.
    private mutating func lost(_ line: RelayLine, at now: MediaInstant) {
        // As it was when it was lost: it may have been ready.
        let hasWorked = relays.current?.allocation.isReady == true
        relays.current = nil
        transport.removeSocket(line.socket)
        if let former = relays.former {
            relays.current = former
            relays.former = nil
            relays.formerReleaseDue = nil
            relays.renewalDue = now + ConnectionRelays.renewedAgainAfter
            return
        }
        guard !transport.hasPath else { return }
        guard hasWorked else { return beginRelay(at: now) }
        // One that worked may do so again.
        lookForRelays(at: now)
        if relays.due != nil, now - line.begunAt >= ConnectionRelays.lastingAfter {
            relays.due = now
        }
    }

    /// The connection behind a path was closed.
    mutating func closedRelay(_ path: TransportPath, at now: MediaInstant) {
        if relays.current?.allocation.path == path { relays.current?.allocation.closed() }
        if relays.former?.allocation.path == path { relays.former?.allocation.closed() }
        drainRelays(at: now)
    }

    /// Media takes another path.
    mutating func noteSelected(_ path: TransportPath, at now: MediaInstant) {
        guard let current = relays.current else { return }
        let isRelayed = ConnectionRelays.sockets.contains(path.socket)
        relays.releaseDue = isRelayed ? nil : now + ConnectionRelays.keptFor
        if relays.former != nil, path.socket == current.socket {
            relays.formerReleaseDue = now + ConnectionRelays.formerKeptFor
        }
    }

    /// Takes what comes from the relay itself.
    /// - Returns: `false` if it is something else.
    mutating func takeFromRelay(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) -> Bool {
        let isCurrent = relays.current?.allocation.path == path
        guard isCurrent || relays.former?.allocation.path == path else { return false }
        // RFC 8656 §12: what begins with 64 to 79 is of a channel.
        switch datagram.span.uint8(at: 0) ?? 255 {
        case 0...3:
            let isTaken =
                isCurrent
                ? relays.current?.allocation.receive(datagram.span, at: now)
                : relays.former?.allocation.receive(datagram.span, at: now)
            guard isTaken == true else { return false }
            drainRelays(at: now)
            return true
        case 64...79:
            let found =
                isCurrent
                ? relays.current?.allocation.unwrap(datagram.span)
                : relays.former?.allocation.unwrap(datagram.span)
            let socket = isCurrent ? relays.current?.socket : relays.former?.socket
            guard let found, let socket else {
                refuse()
                return true
            }
            if isCurrent {
                relays.current?.allocation.noteHeard(at: now)
            } else {
                relays.former?.allocation.noteHeard(at: now)
            }
            var inner = datagram.extracting(found.range)
            take(&inner, on: TransportPath(socket: socket, remote: found.peer), at: now)
            return true
        default: return false
        }
    }

    /// Puts what is for a relay's address on the way to the relay.
    /// - Returns: `nil`: it cannot be sent.
    mutating func relayed(
        _ written: (count: Int, path: TransportPath), in target: inout MutableSpan<UInt8>
    ) -> (count: Int, path: TransportPath)? {
        guard ConnectionRelays.sockets.contains(written.path.socket) else { return written }
        guard let allocation = relays.allocation(ofSocket: written.path.socket),
            let count = allocation.wrap(&target, count: written.count, to: written.path.remote)
        else { return nil }
        return (count, allocation.path)
    }

    /// Writes what is for a relay itself.
    mutating func writeRelayRequest(
        into output: inout OutputSpan<UInt8>, at now: MediaInstant
    ) -> TransportPath? {
        // The goodbye of media goes through the relay, so that of the relay comes last.
        if relays.isClosing {
            relays.current?.allocation.release(at: now)
            relays.former?.allocation.release(at: now)
        }
        if relays.current?.allocation.pollTransmit(into: &output, at: now) == true {
            return relays.current?.allocation.path
        }
        guard relays.former?.allocation.pollTransmit(into: &output, at: now) == true else {
            return nil
        }
        return relays.former?.allocation.path
    }
}
