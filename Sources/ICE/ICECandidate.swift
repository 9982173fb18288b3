// An ICE candidate: where an agent may be reached, and how much it is liked.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// An ICE candidate (RFC 8445 §2.1, written as RFC 8839 §5.1 says).
package struct ICECandidate: Sendable, Equatable {
    /// How an address was found (RFC 8839 §5.1).
    package enum Kind: String, Sendable, CaseIterable {
        /// An address of the host itself.
        case host = "host"
        /// What a STUN server saw.
        case serverReflexive = "srflx"
        /// What the peer saw.
        case peerReflexive = "prflx"
        /// An address on a TURN server.
        case relay = "relay"

        /// The type preference that RFC 8445 §5.1.2.2 recommends.
        package var typePreference: UInt32 {
            switch self {
            case .host: 126
            case .peerReflexive: 110
            case .serverReflexive: 100
            case .relay: 0
            }
        }
    }

    /// What carries the datagrams.
    package enum Transport: String, Sendable {
        /// UDP.
        case udp
        /// TCP with a length before each datagram (RFC 6544).
        case tcp
    }

    /// Who opens a TCP connection (RFC 6544 §4.5).
    package enum TCPType: String, Sendable, CaseIterable {
        /// This side connects; its port means nothing.
        case active
        /// This side listens.
        case passive
        /// Both connect at once.
        case simultaneousOpen = "so"
    }

    /// Groups candidates found in the same way; 1 to 32 ice-chars.
    package var foundation: String
    /// 1 for RTP (and everything multiplexed with it), up to 256.
    package var component: Int
    /// UDP or TCP.
    package var transport: Transport
    /// The priority among its agent's candidates; 1 to 2^31 - 1.
    package var priority: UInt32
    /// The address and port.
    package var address: NetworkAddress
    /// How the address was found.
    package var kind: Kind
    /// What the address stands for, where it is not a host's own.
    package var relatedAddress: NetworkAddress?
    /// For TCP: who connects.
    package var tcpType: TCPType?
    /// The session it belongs to, if its line says so.
    package var usernameFragment: String?

    /// Makes a candidate.
    package init(
        foundation: String, component: Int = 1, transport: Transport = .udp, priority: UInt32,
        address: NetworkAddress, kind: Kind, relatedAddress: NetworkAddress? = nil,
        tcpType: TCPType? = nil, usernameFragment: String? = nil
    ) {
        self.foundation = foundation
        self.component = component
        self.transport = transport
        self.priority = priority
        self.address = address
        self.kind = kind
        self.relatedAddress = relatedAddress
        self.tcpType = tcpType
        self.usernameFragment = usernameFragment
    }

    /// A host candidate of ours for component 1 over UDP.
    /// - Parameter localPreference: 0 to 65,535; different for each address of a host.
    package static func host(
        _ address: NetworkAddress, localPreference: UInt16 = .max
    ) -> ICECandidate {
        ICECandidate(
            foundation: "\(localPreference)",
            priority: priority(kind: .host, localPreference: localPreference), address: address,
            kind: .host)
    }

    /// The type preference of a host's own address over TCP: below all of UDP but relays (RFC 6544 §4.2), the number of
    /// browsers.
    package static let hostStreamPreference: UInt32 = 90
    /// The type preference of an address over TCP that the peer saw, as browsers have it.
    static let learnedStreamPreference: UInt32 = 80

    /// A candidate of ours that connects by TCP (RFC 6544 §4.1): an address of the host, and in place of a port, which
    /// is another one for each connection, 9.
    /// - Parameter localPreference: 0 to 8,191; different for each address of a host.
    package static func activeStream(
        _ address: NetworkAddress, localPreference: UInt16 = 8_191
    ) -> ICECandidate {
        // RFC 6544 §4.2: three bits for the direction, 6 for active ones of hosts, and the rest for the address.
        let preference = 6 << 13 | UInt32(min(localPreference, 8_191))
        return ICECandidate(
            foundation: "tcp\(localPreference)", transport: .tcp,
            priority: hostStreamPreference << 24 | preference << 8 | 255,
            address: address.with(port: 9), kind: .host, tcpType: .active)
    }

    /// The recommended priority (RFC 8445 §5.1.2.1).
    /// - Parameter component: 1 to 256; others count as the nearest of these.
    package static func priority(
        kind: Kind, localPreference: UInt16, component: Int = 1
    ) -> UInt32 {
        let last = UInt32(256 - min(max(component, 1), 256))
        return kind.typePreference << 24 | UInt32(localPreference) << 8 | last
    }
}
