// What the server says of itself in every answer.
// SPDX-License-Identifier: Apache-2.0
package import RTP
package import Wire

/// An address of ours that peers may send to (RFC 8445 §5.1.1).
package struct HostCandidate: Sendable, Equatable {
    /// Where to send.
    package var address: NetworkAddress
    /// Higher is tried first.
    package var priority: UInt32
    /// Whether it takes TCP connections rather than datagrams (RFC 6544).
    package var isPassiveTCP: Bool

    /// Holds one address.
    package init(address: NetworkAddress, priority: UInt32, isPassiveTCP: Bool = false) {
        self.address = address
        self.priority = priority
        self.isPassiveTCP = isPassiveTCP
    }

    /// The candidates of addresses that are all alike, best first: each for UDP (RFC 8445 §5.1.2.1, type preference
    /// 126), then, if asked for, each for TCP, after every one for UDP (RFC 6544 §4.2, direction preference 4).
    package static func list(_ addresses: [NetworkAddress], withTCP: Bool) -> [HostCandidate] {
        var candidates: [HostCandidate] = []
        for (index, address) in addresses.enumerated() {
            let local = UInt32(65_535 - min(index, 65_535))
            candidates.append(
                HostCandidate(address: address, priority: 126 << 24 | local << 8 | 255))
        }
        guard withTCP else { return candidates }
        for (index, address) in addresses.enumerated() {
            let local = UInt32(4 << 13 | (8_191 - min(index, 8_191)))
            candidates.append(
                HostCandidate(
                    address: address, priority: 90 << 24 | local << 8 | 255, isPassiveTCP: true))
        }
        return candidates
    }
}

/// A candidate of the other side (RFC 8839 §5.1) with a numeric address.
package struct RemoteCandidate: Sendable, Equatable {
    /// Where to send.
    package var address: NetworkAddress
    /// Higher is tried first.
    package var priority: UInt32
    /// `host`, `srflx`, `prflx` or `relay`.
    package var type: String
    /// `udp` or `tcp`.
    package var transport: String
    /// For TCP: `active`, `passive` or `so` (RFC 6544 §4.5).
    package var tcpType: String?

    /// Holds one candidate.
    package init(
        address: NetworkAddress, priority: UInt32, type: String, transport: String,
        tcpType: String? = nil
    ) {
        self.address = address
        self.priority = priority
        self.type = type
        self.transport = transport
        self.tcpType = tcpType
    }
}

/// What the server says of itself in every answer.
package struct ServerMediaConfiguration: Sendable {
    /// Of the certificate of every DTLS association.
    package var fingerprint: Fingerprint
    /// Every address media may be sent to, each with the shared UDP port.
    package var candidates: [HostCandidate]
    /// Whether the server only answers checks (RFC 8445 §2.5). A server does.
    package var isICELite: Bool
    /// The codecs taken, audio and video; what is missing here is answered as if unknown.
    package var codecs: [MediaCodec]
    /// The bit rate at which a browser that publishes video should begin, in kbit/s; `nil`: it decides itself.
    package var startKilobits: Int?

    /// Describes the server.
    package init(
        fingerprint: Fingerprint, candidates: [HostCandidate], isICELite: Bool = true,
        codecs: [MediaCodec] = [.red, .opus, .vp8, .vp9, .h264, .av1], startKilobits: Int? = 1_000
    ) {
        self.fingerprint = fingerprint
        self.candidates = candidates
        self.isICELite = isICELite
        self.codecs = codecs
        self.startKilobits = startKilobits
    }
}
