// The client's end of a connection: what an answer says, made into a transport that dials.
// SPDX-License-Identifier: Apache-2.0
package import DTLS
package import ICE
package import Negotiation
package import PeerTransport
package import Wire

/// Why a client's transport cannot be made.
package enum ClientTransportError: Error, Equatable, Sendable {
    /// The ICE words of one side break RFC 8839 §5.4.
    case badICEParameters
    /// Who begins the DTLS handshake was not settled.
    case badSetup
    /// No handshake can be set up.
    case dtls(DTLSError)
}

extension PeerTransport {
    /// Makes the transport of a client: full ICE, and DTLS in the role that the server leaves.
    ///
    /// - Parameters:
    ///   - media: What was negotiated, seen from the client.
    ///   - addresses: The client's own addresses; their sockets are numbered from `firstSocket` on.
    ///   - streamSocket: The number that stands for TCP connections; `nil`: there are none. They are of the families of
    ///     `addresses`.
    ///   - role: The role in ICE to begin with: whoever offered controls (RFC 8445 §6.1.1).
    ///   - tieBreaker: A random number.
    package static func client(
        media: PeerMedia, dtls: DTLSContext, addresses: [NetworkAddress], firstSocket: UInt16 = 0,
        streamSocket: UInt16? = nil, role: ICERole = .controlling, tieBreaker: UInt64,
        at now: MediaInstant
    ) throws(ClientTransportError) -> PeerTransport {
        guard media.remoteSetup != .actpass else { throw .badSetup }
        guard let local = ICECredentials(media.localICE),
            let remote = ICECredentials(media.remoteICE)
        else { throw .badICEParameters }
        let fingerprints = media.remoteFingerprints.map {
            DTLSFingerprint(algorithm: $0.algorithm, bytes: $0.bytes)
        }
        var transport: PeerTransport
        do {
            transport = try PeerTransport(
                ice: .full(role), local: local, remote: remote, tieBreaker: tieBreaker,
                dtls: dtls, role: media.remoteSetup == .passive ? .client : .server,
                fingerprints: fingerprints, at: now)
        } catch {
            throw .dtls(error)
        }
        for (index, address) in addresses.enumerated() {
            guard let socket = UInt16(exactly: Int(firstSocket) + index) else { break }
            transport.addLocalCandidate(.host(address), socket: socket)
        }
        if let streamSocket {
            for isIPv6 in [false, true] {
                guard let address = addresses.first(where: { $0.isIPv6 == isIPv6 }) else {
                    continue
                }
                transport.addLocalCandidate(.activeStream(address), socket: streamSocket)
            }
        }
        transport.addRemoteCandidates(of: media)
        return transport
    }

    /// Begins an ICE restart that the server has answered.
    package mutating func restart(
        with media: PeerMedia, at now: MediaInstant
    ) throws(ClientTransportError) {
        guard let local = ICECredentials(media.localICE),
            let remote = ICECredentials(media.remoteICE)
        else { throw .badICEParameters }
        restartICE(local: local, remote: remote, at: now)
        addRemoteCandidates(of: media)
    }

    private mutating func addRemoteCandidates(of media: PeerMedia) {
        for candidate in media.remoteCandidates {
            guard let transport = ICECandidate.Transport(rawValue: candidate.transport) else {
                continue
            }
            addRemoteCandidate(
                ICECandidate(
                    foundation: "1", transport: transport, priority: candidate.priority,
                    address: candidate.address,
                    kind: ICECandidate.Kind(rawValue: candidate.type) ?? .host,
                    tcpType: candidate.tcpType.flatMap { ICECandidate.TCPType(rawValue: $0) }))
        }
    }
}

extension ICECredentials {
    /// Takes the words of a description; `nil` if they break RFC 8839 §5.4.
    init?(_ parameters: ICEParameters) {
        self.init(
            usernameFragment: parameters.usernameFragment, password: parameters.password)
    }
}
