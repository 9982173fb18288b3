// That a fleet's clients, on several threads and on more sockets than a byte counts, connect and count.
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

@Suite(.timeLimit(.minutes(1))) struct LoadFleetTests {
    private static let loopback = NetworkAddress(ipv4: 0x7F00_0001, port: 0)

    /// A media loop, and what answers offers for it.
    private struct Server {
        let loop: MediaLoop<MediaWorker>
        let negotiator: Negotiator
        private var random = SeededRandom(seed: 8)

        init() throws {
            let identity = try CertificateIdentity.generateP256(commonName: "server")
            loop = try MediaLoop(
                sockets: try SocketSet(addresses: [loopback], port: 0),
                handler: MediaWorker(
                    configuration: WorkerConfiguration(
                        dtls: try DTLSContext(identity: identity, srtpProfiles: [7]),
                        ntpAtZero: NTPTime(rawValue: 1 << 40), seed: 1)))
            let digest = Digest.sha256(identity.certificateDER.span)
            negotiator = Negotiator(
                configuration: ServerMediaConfiguration(
                    fingerprint: Fingerprint(
                        algorithm: "sha-256", bytes: digest.indices.map { digest[$0] }),
                    candidates: [HostCandidate(address: loop.addresses[0], priority: 1 << 30)]))
        }

        /// Lets a client in, and shows it the one of number 0.
        mutating func admit(_ client: Int, to fleet: LoadFleet, publishes: Bool) throws {
            let offer = fleet.offer(publishes: publishes, pairs: 1)
            let (media, answer) = try negotiator.answer(
                to: offer.text, previous: nil, profile: .sdk, using: &random)
            #expect(loop.submit(.addPeer(PeerID(client), media)))
            for mid in publishes ? [] : ["0", "1"] {
                #expect(
                    loop.submit(
                        .setSlot(
                            receiver: PeerID(client), mid: mid,
                            source: SlotBinding(publisher: 0, mid: mid))))
            }
            try fleet.dial(client, offer: offer, answer: answer)
        }

        /// The sum of what the loop believes its receivers' paths to carry.
        func estimate() async -> Int {
            #expect(loop.submit(.requestStatistics(token: 1)))
            for await event in loop.events {
                if case .statistics(_, let statistics) = event {
                    return statistics.estimatedBitsPerSecond
                }
            }
            return 0
        }
    }

    private func report(of fleet: LoadFleet, until holds: (LoadReport) -> Bool) async throws
        -> LoadReport
    {
        while true {
            let report = try await fleet.report()
            if holds(report) { return report }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    @Test func clientsOnTwoThreadsConnectReceiveAndTellWhen() async throws {
        var server = try Server()
        defer { server.loop.stop() }
        var configuration = LoadFleetConfiguration(clients: 5, address: Self.loopback)
        configuration.threads = 2
        configuration.sampleInterval = 4
        let fleet = try LoadFleet(configuration)
        defer { fleet.stop() }
        for client in 0..<4 { try server.admit(client, to: fleet, publishes: client == 0) }
        fleet.begin(0)
        // Its socket is there, and nobody dials from it.
        fleet.begin(4)
        let report = try await report(of: fleet) { $0.received > 600 && $0.connected == 4 }
        #expect(report.lost == 0 && report.failed == 0 && report.broken == 0)
        #expect(report.opened > report.received / 5 && report.opened < report.received / 3)
        #expect(report.latency.count == report.opened)
        #expect(report.lateness.count == report.sent && report.sentBytes > 100 * report.sent)
        let times = try await fleet.times()
        #expect(times.keys.sorted() == [0, 1, 2, 3])
        for client in 1...3 {
            let one = try #require(times[client])
            let path = try #require(one.pathAt)
            let connected = try #require(one.connectedAt)
            #expect(one.dialledAt < path && path < connected && one.failure == nil)
            #expect(try #require(one.firstMediaAt) >= connected)
        }
        #expect(times[0]?.firstMediaAt == nil)
        fleet.resetCounters()
        #expect(try await fleet.report().received < report.received)
    }

    @Test(arguments: [true, false])
    func theServerLearnsWhatThePathCarriesWhereFeedbackIsSent(isSent: Bool) async throws {
        var server = try Server()
        defer { server.loop.stop() }
        var configuration = LoadFleetConfiguration(clients: 2, address: Self.loopback)
        configuration.sendsFeedback = isSent
        let fleet = try LoadFleet(configuration)
        defer { fleet.stop() }
        for client in 0..<2 { try server.admit(client, to: fleet, publishes: client == 0) }
        fleet.begin(0)
        if isSent {
            while await server.estimate() == 0 { try await Task.sleep(for: .milliseconds(5)) }
        } else {
            _ = try await report(of: fleet) { $0.received > 100 }
            #expect(await server.estimate() == 0)
        }
    }

    @Test func moreClientsThanAByteCountsHaveSocketsOfTheirOwn() async throws {
        var server = try Server()
        defer { server.loop.stop() }
        let fleet = try LoadFleet(LoadFleetConfiguration(clients: 300, address: Self.loopback))
        defer { fleet.stop() }
        for client in [0, 43, 299] {
            try server.admit(client, to: fleet, publishes: client == 0)
        }
        fleet.begin(0)
        let report = try await report(of: fleet) { $0.connected == 3 && $0.received > 50 }
        #expect(report.broken == 0)
        #expect(try await fleet.times().keys.sorted() == [0, 43, 299])
    }

    @Test func anAnswerThatDoesNotFitIsRefused() throws {
        let fleet = try LoadFleet(LoadFleetConfiguration(clients: 1, address: Self.loopback))
        defer { fleet.stop() }
        let offer = fleet.offer(publishes: false, pairs: 2)
        #expect(offer.sections.count == 4)
        #expect(throws: NegotiationError.self) {
            try fleet.dial(0, offer: offer, answer: "nonsense")
        }
        var silent = LoadFleetConfiguration(clients: 1, address: Self.loopback)
        silent.video = nil
        let deaf = try LoadFleet(silent)
        defer { deaf.stop() }
        #expect(deaf.offer(publishes: true, pairs: 2).sections.map(\.kind) == [.audio])
        #expect(deaf.offer(publishes: false, pairs: 2).sections.map(\.kind) == [.audio, .audio])
    }
}
