// Asks STUN servers where a client's sockets are seen from (RFC 8445 §5.1.1.2).
// SPDX-License-Identifier: Apache-2.0

import STUN
package import Wire

/// A socket of a client and where it is bound.
package struct ICEBase: Sendable, Equatable {
    /// Its number in a `TransportPath`.
    package var socket: UInt16
    /// Its own address; that of a socket bound to all of them is of the right family, and no candidate.
    package var address: NetworkAddress

    /// Names a socket.
    package init(socket: UInt16, address: NetworkAddress) {
        self.socket = socket
        self.address = address
    }
}

/// The Binding requests of one gathering: each server is asked from each socket of its family.
///
/// Driven as every protocol object here. Nobody waits for it: what it finds is told when it comes, and servers that do
/// not answer are given up after 39.5 s (RFC 8489 §6.2.1).
package struct ReflexiveGathering: Sendable {
    /// The most requests under way together; what is beyond is not asked.
    package static let requestsMax = 16
    /// The wait before the first repetition; doubled each time (RFC 8489 §6.2.1: RTO).
    package static let repeatAfter = MediaDuration.milliseconds(500)
    /// How often a request is sent (RFC 8489 §6.2.1: Rc).
    package static let sendsMax = 7
    /// After the last sending so many times the first wait (RFC 8489 §6.2.1: Rm).
    package static let lastWait: Int64 = 16
    /// The least time between two new requests (RFC 8445 §14.2: Ta).
    package static let pacing = MediaDuration.milliseconds(50)

    private struct Request {
        let id: STUNTransactionID
        let path: TransportPath
        let base: NetworkAddress
        var sends = 0
        /// When it is sent next, or given up.
        var due: MediaInstant
    }

    private var requests: [Request] = []
    private var found: [(candidate: ICECandidate, socket: UInt16)] = []
    private var known: [NetworkAddress] = []

    /// Begins.
    /// - Parameters:
    ///   - servers: Where STUN servers are, the most wished first.
    ///   - random: Draws the ids of the requests: one for secrets, since who knows them can forge answers.
    package init(
        servers: [NetworkAddress], from bases: [ICEBase],
        using random: inout some RandomNumberGenerator, at now: MediaInstant
    ) {
        var due = now
        for server in servers where server.port != 0 {
            for base in bases where base.address.isIPv6 == server.isIPv6 {
                guard requests.count < Self.requestsMax else { return }
                let path = TransportPath(socket: base.socket, remote: server)
                guard !requests.contains(where: { $0.path == path }) else { continue }
                requests.append(
                    Request(
                        id: STUNTransactionID(using: &random), path: path, base: base.address,
                        due: due))
                due = due + Self.pacing
            }
        }
    }

    /// Whether nothing is waited for.
    package var isDone: Bool { requests.isEmpty }

    /// When ``advance(to:)`` or ``pollTransmit(into:at:)`` has something to do; `nil`: never.
    package var nextDeadline: MediaInstant? { requests.lazy.map(\.due).min() }

    /// Takes a datagram that looks like STUN.
    /// - Returns: `false` if it is no answer to one of the requests: it is somebody else's.
    package mutating func receive(_ datagram: Span<UInt8>, on path: TransportPath) -> Bool {
        guard !requests.isEmpty, let message = try? STUNMessage.parse(datagram),
            message.isBindingSuccess || message.isBindingError,
            // From where it was sent to, and nobody else.
            let index = requests.firstIndex(where: {
                $0.id == message.transactionID && $0.path == path && $0.sends > 0
            })
        else { return false }
        let request = requests.remove(at: index)
        guard message.isBindingSuccess, message.unknownAttributeCount == 0,
            let mapped = message.xorMappedAddress, mapped.port != 0,
            mapped.isIPv6 == request.base.isIPv6
        else { return true }
        // Where no NAT is, the address is that of the socket itself (RFC 8445 §5.1.3).
        guard mapped != request.base, !known.contains(mapped) else { return true }
        known.append(mapped)
        let candidate = ICECandidate(
            foundation: "srflx\(path.socket)",
            priority: ICECandidate.priority(
                kind: .serverReflexive, localPreference: .max - UInt16(known.count)),
            address: mapped, kind: .serverReflexive, relatedAddress: request.base)
        found.append((candidate, path.socket))
        return true
    }

    /// Gives up what was never answered.
    package mutating func advance(to now: MediaInstant) {
        requests.removeAll { $0.sends >= Self.sendsMax && $0.due <= now }
    }

    /// Writes the next request that is due.
    /// - Parameter output: Needs `STUNWriter.byteCountMax` free bytes, else nothing is written.
    /// - Returns: The path to send it on; `nil`: there is nothing to send now.
    package mutating func pollTransmit(
        into output: inout OutputSpan<UInt8>, at now: MediaInstant
    ) -> TransportPath? {
        guard
            let index = requests.firstIndex(where: { $0.due <= now && $0.sends < Self.sendsMax }),
            STUNWriter.writeBindingRequest(requests[index].id, into: &output)
        else { return nil }
        requests[index].sends += 1
        let sends = requests[index].sends
        let wait =
            sends == Self.sendsMax
            ? Self.repeatAfter * Self.lastWait : Self.repeatAfter * (1 << Int64(sends - 1))
        requests[index].due = now + wait
        return requests[index].path
    }

    /// The next address found, and which socket is seen there; `nil`: none.
    package mutating func pollCandidate() -> (candidate: ICECandidate, socket: UInt16)? {
        found.isEmpty ? nil : found.removeFirst()
    }
}
