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
        let clientIdentity = try CertificateIdentity.generateP256(commonName: "client")
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
        let sockets = try SocketSet(bindings: [NetworkAddress](repeating: Self.loopback, count: 6))
        let context = try DTLSContext(identity: clientIdentity, srtpProfiles: [7])
        var random = SeededRandom(seed: 8)
        var plans: [LoadClientPlan] = []
        for index in 0..<6 {
            let streams =
                index == 0 ? [ClientStream(kind: .audio), ClientStream(kind: .video)] : []
            let offer = ClientOffer(
                sending: streams, receivingPairs: index == 0 ? 0 : 1,
                ice: ICEParameters(
                    usernameFragment: "client\(index)", password: "abcdefghijklmnopqrstuvwx"),
                fingerprint: Self.fingerprint(of: clientIdentity), using: &random)
            let (media, answer) = try negotiator.answer(
                to: offer.text, previous: nil, profile: .sdk, using: &random)
            #expect(server.submit(.addPeer(PeerID(index), media)))
            for mid in index == 0 ? [] : ["0", "1"] {
                let source = SlotBinding(publisher: 0, mid: mid)
                #expect(server.submit(.setSlot(receiver: PeerID(index), mid: mid, source: source)))
            }
            plans.append(
                LoadClientPlan(
                    media: try offer.media(fromAnswer: answer), dtls: context,
                    address: sockets.addresses[index], shapes: index == 0 ? [.audio, .video] : [],
                    tieBreaker: random.next()))
        }

        let load = try MediaLoop(sockets: sockets, handler: LoadSwarm(plans: plans))
        defer { load.stop() }
        var events = load.events.makeAsyncIterator()
        #expect(load.submit(.dial(6)))
        while let event = await events.next() {
            if case .connected(let count) = event {
                #expect(count == 6)
                break
            }
            if case .failed(_, let reason) = event {
                Issue.record("a client failed: \(reason)")
                return
            }
        }
        #expect(load.submit(.publish))
        var report = LoadReport()
        while report.received < 1_000 {
            #expect(load.submit(.report))
            guard let event = await events.next() else { break }
            if case .report(let counted) = event { report = counted }
            if case .failed(_, let reason) = event {
                Issue.record("a client failed: \(reason)")
                return
            }
        }
        #expect(report.connected == 6)
        #expect(report.lost == 0)
        #expect(report.failed == 0)
        #expect(report.opened > 40)
        #expect(report.latency.count == report.opened)
        #expect(report.received <= 5 * report.sent)
    }

    @Test func quantilesComeFromTheRightBucket() {
        var histogram = LatencyHistogram()
        for step in 1...100 { histogram.add(.microseconds(Int64(step) * 100)) }
        #expect(histogram.quantile(0.5) == .microseconds(5_120))
        #expect(histogram.quantile(0.99) == .microseconds(10_020))
        histogram.add(.seconds(5))
        histogram.add(.milliseconds(-1))
        #expect(histogram.count == 102)
        #expect(histogram.quantile(1) == .milliseconds(40))
        var other = LatencyHistogram()
        other.add(histogram)
        #expect(other.count == 102)
        #expect(LatencyHistogram().quantile(0.5) == .milliseconds(40))
    }
}
