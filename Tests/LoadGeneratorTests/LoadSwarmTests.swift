// That a load's clients connect to a real media loop over loopback and miss nothing it forwards.
// SPDX-License-Identifier: Apache-2.0
import DTLS
import MediaCrypto
import MediaIO
import MediaWorker
import Negotiation
import RTP
import Testing
import Wire

@testable import LoadGenerator

@Suite(.timeLimit(.minutes(1))) struct LoadSwarmTests {
    private static let loopback = NetworkAddress(ipv4: 0x7F00_0001, port: 0)

    private static func fingerprint(of identity: CertificateIdentity) -> Fingerprint {
        let digest = Digest.sha256(identity.certificateDER.span)
        return Fingerprint(algorithm: "sha-256", bytes: digest.indices.map { digest[$0] })
    }

    @Test func onePublisherReachesFiveReceiversWithoutLoss() async throws {
        let serverIdentity = try CertificateIdentity.generateP256(commonName: "server")
        let server = try MediaLoop(
            sockets: try SocketSet(addresses: [Self.loopback], port: 0),
            handler: MediaWorker(
                configuration: WorkerConfiguration(
                    dtls: try DTLSContext(identity: serverIdentity, srtpProfiles: [7]),
                    ntpAtZero: NTPTime(rawValue: 1 << 40), seed: 1)))
        defer { server.stop() }
        let negotiator = Negotiator(
            configuration: ServerMediaConfiguration(
                fingerprint: Self.fingerprint(of: serverIdentity),
                candidates: [HostCandidate(address: server.addresses[0], priority: 1 << 30)]))
        let clients = try LoadClients(LoadClientsConfiguration(count: 6))
        var random = SeededRandom(seed: 8)
        for index in 0..<6 {
            let (media, answer) = try negotiator.answer(
                to: try await clients.offer(sends: index == 0), previous: nil, profile: .sdk,
                using: &random)
            try await clients.take(answer: answer)
            #expect(server.submit(.addPeer(PeerID(index), media)))
            for mid in index == 0 ? [] : ["0", "1"] {
                let source = SlotBinding(publisher: 0, mid: mid)
                #expect(server.submit(.setSlot(receiver: PeerID(index), mid: mid, source: source)))
            }
        }
        try await clients.dial()
        await clients.publish()
        var report = LoadReport()
        while report.received < 1_000 { report = try await clients.report() }
        await clients.resetCounters()
        let anew = try await clients.report()
        await clients.stop()
        #expect(anew.sent < report.sent && anew.received < report.received)
        #expect(anew.wallTime < report.wallTime)
        #expect(report.connected == 6)
        #expect(report.lost == 0)
        #expect(report.failed == 0)
        #expect(report.opened > 40)
        #expect(report.latency.count == report.opened)
        #expect(report.received <= 5 * report.sent)
        #expect(report.cpuTime > .zero && report.cpuTime < report.wallTime)
    }

    /// The offering side controls ICE and begins the DTLS handshake, as Janus does towards its subscribers.
    @Test func aReceiverThatIsOfferedToAnswersAndHearsTheOther() async throws {
        let publisher = try LoadClients(LoadClientsConfiguration(count: 1))
        let receiver = try LoadClients(LoadClientsConfiguration(count: 1))
        let offer = try await publisher.offer(sends: true)
        try await publisher.take(answer: try await receiver.answer(to: offer))
        async let isDialled: Void = publisher.dial()
        try await receiver.dial()
        try await isDialled
        await publisher.publish()
        var report = LoadReport()
        while report.received < 50 { report = try await receiver.report() }
        await publisher.stop()
        await receiver.stop()
        #expect(report.lost == 0)
        #expect(report.failed == 0)
        #expect(report.opened > 2)
    }

    @Test func whatIsOutOfOrderIsRefusedAndNotDialled() async throws {
        let clients = try LoadClients(LoadClientsConfiguration(count: 1))
        await #expect(throws: LoadFailure.self) { try await clients.take(answer: "") }
        _ = try await clients.offer(sends: true)
        await #expect(throws: NegotiationError.self) { try await clients.take(answer: "nonsense") }
        try await clients.dial()
        await clients.stop()
    }
}
