// That one transport finds the other, takes nothing before its turn, and says when it is over.
// SPDX-License-Identifier: Apache-2.0
import DTLS
import ICE
import MediaCrypto
import RTP
import SRTP
import Testing
import Wire

@testable import PeerTransport

/// A client and a server transport with a perfect network of 5 ms between them.
private final class TransportPair {
    // swift-format-ignore: NeverUseForceTry
    static let identity = try! CertificateIdentity.generateP256(commonName: "test")
    static let fingerprint = digest(of: identity.certificateDER)

    private static func digest(of certificate: [UInt8]) -> DTLSFingerprint {
        DTLSFingerprint(
            algorithm: "sha-256", bytes: Digest.digest(certificate.span, by: .sha256))
    }

    let clientAddress = NetworkAddress(ipv4: 0x0A00_0001, port: 1_000)
    let serverAddress = NetworkAddress(ipv4: 0x0A00_0002, port: 2_000)
    var client: PeerTransport
    var server: PeerTransport
    var now = MediaInstant.zero + .seconds(1)
    var clientEvents: [PeerTransportEvent] = []
    var serverEvents: [PeerTransportEvent] = []
    var dtlsRefused = 0
    private var flying: [(due: MediaInstant, toServer: Bool, bytes: [UInt8])] = []

    init(clientFingerprint: DTLSFingerprint? = nil) throws {
        var random = SeededRandom(seed: 1)
        let local = ICECredentials.random(using: &random)
        let remote = ICECredentials.random(using: &random)
        let context = try DTLSContext(identity: Self.identity, srtpProfiles: [7, 1])
        client = try PeerTransport(
            ice: .full(.controlling), local: local, remote: remote, tieBreaker: 1, dtls: context,
            role: .client, fingerprints: [Self.fingerprint], at: now)
        server = try PeerTransport(
            ice: .lite, local: remote, remote: local, tieBreaker: 2, dtls: context, role: .server,
            fingerprints: [clientFingerprint ?? Self.fingerprint], at: now)
        client.addLocalCandidate(.host(clientAddress), socket: 0)
        client.addRemoteCandidate(.host(serverAddress))
    }

    var clientPath: TransportPath { TransportPath(socket: 0, remote: serverAddress) }
    var serverPath: TransportPath { TransportPath(socket: 0, remote: clientAddress) }
    var isReady: Bool { client.isReady && server.isReady }

    private func poll() {
        while let bytes = Self.datagram(&client) {
            flying.append((now + .milliseconds(5), true, bytes))
        }
        while let bytes = Self.datagram(&server) {
            flying.append((now + .milliseconds(5), false, bytes))
        }
        while let event = client.pollEvent() { clientEvents.append(event) }
        while let event = server.pollEvent() { serverEvents.append(event) }
    }

    private static func datagram(_ transport: inout PeerTransport) -> [UInt8]? {
        var isSent = false
        let bytes = [UInt8](capacity: 2_048) { isSent = transport.pollTransmit(into: &$0) != nil }
        return isSent ? bytes : nil
    }

    func run(seconds: Int64, until isDone: () -> Bool = { false }) {
        let end = now + .seconds(seconds)
        poll()
        while now < end, !isDone() {
            var next = end
            for deadline in [flying.first?.due, client.nextDeadline, server.nextDeadline] {
                if let deadline { next = min(next, deadline) }
            }
            now = max(now, next)
            while let flight = flying.first, flight.due <= now {
                flying.removeFirst()
                deliver(flight.bytes, toServer: flight.toServer)
            }
            client.advance(to: now)
            server.advance(to: now)
            poll()
        }
    }

    func deliver(_ bytes: [UInt8], toServer: Bool) {
        let isSTUN = bytes[0] < 4
        switch (toServer, isSTUN) {
        case (true, true): _ = server.receiveSTUN(bytes.span, on: serverPath, at: now)
        case (false, true): _ = client.receiveSTUN(bytes.span, on: clientPath, at: now)
        case (true, false):
            let reception = server.receiveDTLS(bytes.span, on: serverPath, at: now)
            if reception == .unprovenPath { dtlsRefused += 1 }
        case (false, false):
            let reception = client.receiveDTLS(bytes.span, on: clientPath, at: now)
            if reception == .unprovenPath { dtlsRefused += 1 }
        }
    }

    /// Seals a packet at one end and opens it at the other.
    func carry(toServer: Bool, _ number: UInt64) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 300)
        let payload: [UInt8] = [1, 2, 3, UInt8(truncatingIfNeeded: number)]
        var span = bytes.mutableSpan
        let index = ExtendedSequenceNumber(number)
        let headerCount = RTPHeaderWriter.write(
            marker: false, payloadType: 96, sequenceNumber: index.sequenceNumber,
            timestamp: RTPTimestamp(1), ssrc: SSRC(9), into: &span)
        let count =
            toServer
            ? try? client.sealRTP(
                &span, headerCount: headerCount, payload: payload.span, ssrc: SSRC(9), index: index)
            : try? server.sealRTP(
                &span, headerCount: headerCount, payload: payload.span, ssrc: SSRC(9), index: index)
        guard let count else { return nil }
        bytes.removeLast(bytes.count - count)
        guard let header = try? RTPHeader.parse(bytes.span) else { return nil }
        var sealed = bytes.mutableSpan
        let opened =
            toServer
            ? try? server.openRTP(&sealed, header: header, on: serverPath, at: now)
            : try? client.openRTP(&sealed, header: header, on: clientPath, at: now)
        return opened.map { Array(bytes[headerCount..<$0.count]) }
    }
}

@Suite struct PeerTransportTests {
    @Test func twoTransportsConnectAndCarryMediaBothWays() throws {
        let pair = try TransportPair()
        #expect(pair.carry(toServer: true, 1) == nil)
        pair.run(seconds: 5) { pair.isReady }
        #expect(pair.isReady)
        #expect(pair.now < .zero + .seconds(1) + .milliseconds(200))
        #expect(pair.serverEvents.contains(.pathValidated(pair.serverPath)))
        #expect(pair.serverEvents.contains(.pathSelected(pair.serverPath)))
        #expect(pair.serverEvents.filter { $0 == .connected }.count == 1)
        #expect(pair.carry(toServer: true, 1) == [1, 2, 3, 1])
        #expect(pair.carry(toServer: false, 1) == [1, 2, 3, 1])
        // A packet opened once does not open twice.
        #expect(pair.carry(toServer: true, 1) == nil)
        #expect(pair.dtlsRefused == 0)
    }

    @Test func dtlsIsRefusedBeforeACheck() throws {
        let pair = try TransportPair()
        pair.deliver([22, 254, 253, 0, 0], toServer: true)
        #expect(pair.dtlsRefused == 1)
        let stranger = TransportPath(socket: 0, remote: NetworkAddress(ipv4: 7, port: 7))
        pair.run(seconds: 5) { pair.isReady }
        let hello: [UInt8] = [22, 254, 253]
        let fromStranger = pair.server.receiveDTLS(hello.span, on: stranger, at: pair.now)
        #expect(fromStranger == .unprovenPath)
        let broken = pair.server.receiveDTLS(hello.span, on: pair.serverPath, at: pair.now)
        #expect(broken == .refused)
    }

    @Test func anUnexpectedCertificateEndsIt() throws {
        let wrong = DTLSFingerprint(algorithm: "sha-256", bytes: [UInt8](repeating: 1, count: 32))
        let pair = try TransportPair(clientFingerprint: wrong)
        pair.run(seconds: 5)
        #expect(!pair.isReady)
        let failures = pair.serverEvents.filter { if case .failed = $0 { true } else { false } }
        #expect(failures.count == 1)
        let deadline = pair.server.nextDeadline
        #expect(deadline == nil)
    }

    @Test func closingTellsTheOtherSideOnTheWayOfTheMedia() throws {
        let pair = try TransportPair()
        pair.run(seconds: 5) { pair.isReady }
        pair.server.close()
        #expect(!pair.isReady)
        pair.run(seconds: 1)
        #expect(pair.clientEvents.contains(.failed("the peer closed the connection")))
    }

    @Test func aRestartKeepsKeysAndStreams() throws {
        let pair = try TransportPair()
        pair.run(seconds: 5) { pair.isReady }
        #expect(pair.carry(toServer: true, 1) != nil)
        var random = SeededRandom(seed: 77)
        let local = ICECredentials.random(using: &random)
        let remote = ICECredentials.random(using: &random)
        pair.server.restartICE(local: remote, remote: local, at: pair.now)
        pair.client.restartICE(local: local, remote: remote, at: pair.now)
        #expect(pair.isReady)
        pair.client.addRemoteCandidate(.host(pair.serverAddress))
        pair.run(seconds: 2)
        #expect(pair.isReady)
        #expect(pair.carry(toServer: true, 2) == [1, 2, 3, 2])
        #expect(pair.serverEvents.filter { $0 == .connected }.count == 1)
        #expect(pair.serverEvents.filter { $0 == .pathSelected(pair.serverPath) }.count == 2)
    }

    @Test func silenceInterruptsAndThenEnds() throws {
        let pair = try TransportPair()
        pair.run(seconds: 5) { pair.isReady }
        let start = pair.now
        while let deadline = pair.server.nextDeadline, deadline < start + .seconds(60) {
            pair.server.advance(to: deadline)
            while let event = pair.server.pollEvent() { pair.serverEvents.append(event) }
        }
        #expect(pair.serverEvents.contains(.interrupted))
        #expect(pair.serverEvents.contains { if case .failed = $0 { true } else { false } })
        #expect(!pair.isReady)
    }
}
