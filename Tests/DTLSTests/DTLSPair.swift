// A client and a server in virtual time, with a network between them that a test can spoil.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import Wire

@testable import DTLS

/// What the tests share: making identities costs more than using them.
enum Fixture {
    static let serverIdentity = identity("server")
    static let clientIdentity = identity("client")

    // swift-format-ignore: NeverUseForceTry
    static func identity(_ name: String) -> CertificateIdentity {
        try! CertificateIdentity.generateP256(commonName: name)
    }

    // swift-format-ignore: NeverUseForceTry
    static func context(
        _ identity: CertificateIdentity, _ profiles: [UInt16] = [7, 8, 1]
    ) -> DTLSContext {
        try! DTLSContext(identity: identity, srtpProfiles: profiles)
    }

    static let serverContext = context(serverIdentity)
    static let clientContext = context(clientIdentity)

    static func fingerprint(
        _ identity: CertificateIdentity, _ algorithm: DigestAlgorithm = .sha256
    ) -> DTLSFingerprint {
        DTLSFingerprint(
            algorithm: algorithm.rawValue,
            bytes: Digest.digest(identity.certificateDER.span, by: algorithm))
    }
}

/// A datagram on its way.
struct Flying {
    /// The how manieth datagram sent in this pair's life, from 0.
    let index: Int
    let isFromClient: Bool
    let bytes: [UInt8]
}

final class DTLSPair {
    var client: DTLSEndpoint
    var server: DTLSEndpoint
    var now = MediaInstant.zero
    var clientEvents: [DTLSEvent] = []
    var serverEvents: [DTLSEvent] = []
    /// Every datagram sent so far.
    var sent: [Flying] = []
    private var flying: [Flying] = []

    // swift-format-ignore: NeverUseForceTry
    init(
        client clientContext: DTLSContext = Fixture.clientContext,
        server serverContext: DTLSContext = Fixture.serverContext,
        clientAccepts: [DTLSFingerprint] = [Fixture.fingerprint(Fixture.serverIdentity)],
        serverAccepts: [DTLSFingerprint] = [Fixture.fingerprint(Fixture.clientIdentity)],
        pathBytesMax: Int = DTLSLimits.pathBytesMax
    ) {
        client = try! DTLSEndpoint(
            role: .client, context: clientContext, acceptedFingerprints: clientAccepts, at: .zero,
            pathBytesMax: pathBytesMax)
        server = try! DTLSEndpoint(
            role: .server, context: serverContext, acceptedFingerprints: serverAccepts, at: .zero,
            pathBytesMax: pathBytesMax)
    }

    static func poll(_ endpoint: inout DTLSEndpoint) -> [UInt8]? {
        var isSent = false
        let bytes = [UInt8](capacity: 2048) { output in
            isSent = endpoint.pollTransmit(into: &output)
        }
        return isSent ? bytes : nil
    }

    /// Takes events and datagrams out of both endpoints.
    func collect() {
        while let bytes = Self.poll(&client) {
            sent.append(Flying(index: sent.count, isFromClient: true, bytes: bytes))
            flying.append(sent[sent.count - 1])
        }
        while let bytes = Self.poll(&server) {
            sent.append(Flying(index: sent.count, isFromClient: false, bytes: bytes))
            flying.append(sent[sent.count - 1])
        }
        while let event = client.pollEvent() { clientEvents.append(event) }
        while let event = server.pollEvent() { serverEvents.append(event) }
    }

    /// Gives a datagram to the side it is meant for.
    func deliver(_ bytes: [UInt8], fromClient: Bool) {
        if fromClient {
            server.receive(bytes.span, at: now)
        } else {
            client.receive(bytes.span, at: now)
        }
    }

    /// Lets datagrams fly, 1 ms each, and time pass until nothing is pending or `seconds` are over.
    /// - Parameter network: What arrives of a datagram that was sent.
    func run(seconds: Int64 = 40, network: (Flying) -> [[UInt8]] = { [$0.bytes] }) {
        let end = MediaInstant.zero + .seconds(seconds)
        collect()
        while now < end {
            if !flying.isEmpty {
                let next = flying.removeFirst()
                now = now + .milliseconds(1)
                for bytes in network(next) { deliver(bytes, fromClient: next.isFromClient) }
            } else {
                let deadlines = [client.nextDeadline, server.nextDeadline].compactMap { $0 }
                guard let next = deadlines.min() else { return }
                now = max(now, next)
                client.advance(to: now)
                server.advance(to: now)
            }
            collect()
        }
    }

    /// Whether a side is connected, whatever the other is.
    func isConnected(client isClient: Bool) -> Bool {
        isClient ? client.isConnected : server.isConnected
    }

    /// Sends application data from one side.
    func send(_ data: [UInt8], fromClient: Bool) -> Bool {
        fromClient ? client.send(data.span) : server.send(data.span)
    }

    var clientKeys: DTLSKeyingMaterial? { Self.keys(clientEvents) }
    var serverKeys: DTLSKeyingMaterial? { Self.keys(serverEvents) }

    private static func keys(_ events: [DTLSEvent]) -> DTLSKeyingMaterial? {
        for case .connected(let keys) in events { return keys }
        return nil
    }

    /// Whether both are connected and what one sends the other can open.
    var isConnected: Bool {
        guard let clientKeys, let serverKeys else { return false }
        return client.isConnected && server.isConnected
            && clientKeys.profile == serverKeys.profile
            && clientKeys.localKey == serverKeys.remoteKey
            && clientKeys.localSalt == serverKeys.remoteSalt
            && clientKeys.remoteKey == serverKeys.localKey
            && clientKeys.remoteSalt == serverKeys.localSalt
            && clientKeys.localKey != clientKeys.remoteKey
    }
}
