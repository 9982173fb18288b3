// The clients of a load, on a loop and sockets of their own: what they say to a server, whoever carries it there.
// SPDX-License-Identifier: Apache-2.0
import DTLS
import MediaIO
import Negotiation
import RTP
package import SRTP
package import Wire

/// Why a load cannot go on, for people.
package struct LoadFailure: Error, CustomStringConvertible, Sendable {
    /// What happened.
    package let description: String
    /// Says why.
    package init(_ description: String) { self.description = description }
}

/// What the clients of a load are like.
package struct LoadClientsConfiguration: Sendable {
    /// The most clients there will be, 1 to 16,384.
    package var count: Int
    /// What a publisher sends as sound; `nil`: nothing.
    package var audio: LoadShape? = .audio
    /// What a publisher sends as pictures.
    package var video = LoadShape.video
    /// How many pairs of sound and picture a receiver offers to receive.
    package var pairs = 1
    /// The only way of protection that is offered.
    package var profile = SRTPProfile.aeadAES128GCM
    /// The address that all sockets are bound to, each on a port of its own.
    package var address = NetworkAddress(ipv4: 0x7F00_0001, port: 0)
    /// The only CPU that the clients may run on; `nil`: any.
    package var cpu: Int?

    /// The usual load, over loopback.
    package init(count: Int) { self.count = count }
}

/// The clients of a load, in the order in which they come.
package actor LoadClients {
    /// Half of an offer's way: made, and not yet answered.
    private struct Offered {
        var offer: ClientOffer
        var sends: Bool
    }

    private let configuration: LoadClientsConfiguration
    private let context: DTLSContext
    private let fingerprint: Fingerprint
    private let loop: MediaLoop<LoadSwarm>
    private var random = SystemRandomNumberGenerator()
    private var offered: Offered?
    private var waiting: [LoadClientPlan] = []
    private var planned = 0
    private var dialled = 0

    /// Opens the sockets; nobody dials yet.
    package init(_ configuration: LoadClientsConfiguration) throws {
        self.configuration = configuration
        let identity = try LoadIdentity(profile: configuration.profile)
        fingerprint = identity.fingerprint
        context = identity.context
        var settings = MediaLoopConfiguration()
        settings.name = "load"
        settings.cpu = configuration.cpu
        settings.datagramsPerTurnMax = 1_024
        loop = try MediaLoop(
            configuration: settings,
            sockets: try SocketSet(
                bindings: [NetworkAddress](
                    repeating: configuration.address, count: configuration.count)),
            handler: LoadSwarm())
    }

    /// What the next client offers.
    package func offer(sends: Bool) throws -> String {
        var offer = ClientOffer(
            sending: sends ? [ClientStream(kind: .audio), ClientStream(kind: .video)] : [],
            receivingPairs: sends ? 0 : configuration.pairs, ice: words(),
            fingerprint: fingerprint, codecs: Self.codecs, using: &random)
        offer.candidates = HostCandidate.list([try address()], withTCP: false)
        offered = Offered(offer: offer, sends: sends)
        return offer.text
    }

    /// Takes the answer to the last offer.
    package func take(answer: String) throws {
        guard let offered else { throw LoadFailure("an answer to no offer") }
        self.offered = nil
        try plan(
            try offered.offer.media(fromAnswer: answer), shapes: offered.sends ? shapes : [],
            isControlled: false)
    }

    /// Answers the offer of a server that makes it itself, for a client that receives.
    package func answer(to offer: String) throws -> String {
        let negotiator = Negotiator(
            configuration: ServerMediaConfiguration(
                fingerprint: fingerprint,
                candidates: HostCandidate.list([try address()], withTCP: false),
                isICELite: false, codecs: Self.codecs))
        var (media, answer) = try negotiator.answer(
            to: offer, previous: nil, profile: .whip, using: &random)
        // Our answers are passive: the handshake is begun by whoever offered.
        media.remoteSetup = .active
        try plan(media, shapes: [], isControlled: true)
        return answer
    }

    /// Lets everybody dial who has not, and waits until all are connected.
    package func dial() async throws {
        guard !waiting.isEmpty else { return }
        for plan in waiting {
            guard loop.submit(.add(plan, place: dialled)) else {
                throw LoadFailure("the load's loop is full")
            }
            dialled += 1
        }
        waiting = []
        let count = dialled
        _ = try await event { if case .connected(count) = $0 { true } else { nil } }
    }

    /// Those who have something to send begin.
    package func publish() { _ = loop.submit(.publish) }

    /// All counters start anew.
    package func resetCounters() { _ = loop.submit(.resetCounters) }

    /// The counters since then.
    /// - Throws: A ``LoadFailure`` if a client has been lost.
    package func report() async throws -> LoadReport {
        guard loop.submit(.report) else { throw LoadFailure("the load's loop is full") }
        return try await event { if case .report(let report) = $0 { report } else { nil } }
    }

    /// Datagrams that the kernel dropped at the clients' sockets, in and out, since they were opened.
    package var kernelDrops: UInt64 {
        let statistics = loop.statistics()
        return statistics.kernelDrops + statistics.sent.droppedBufferFull
    }

    /// Ends the clients without a word to the server.
    package func stop() { loop.stop() }

    private func event<Value: Sendable>(_ wanted: (LoadEvent) -> Value?) async throws -> Value {
        for await event in loop.events {
            if let value = wanted(event) { return value }
            if case .failed(let client, let reason) = event {
                throw LoadFailure("client \(client) failed: \(reason)")
            }
        }
        throw LoadFailure("the load's loop has ended")
    }

    private func plan(_ media: PeerMedia, shapes: [LoadShape?], isControlled: Bool) throws {
        waiting.append(
            LoadClientPlan(
                media: media, dtls: context, address: try address(), shapes: shapes,
                isControlled: isControlled, tieBreaker: random.next()))
        planned += 1
    }

    /// The address of the next client.
    private func address() throws -> NetworkAddress {
        guard planned < loop.addresses.count else { throw LoadFailure("more clients than sockets") }
        return loop.addresses[planned]
    }

    private var shapes: [LoadShape?] { [configuration.audio, configuration.video] }

    private static let codecs: [MediaCodec] = [.opus, .vp8]

    private func words() -> ICEParameters { LoadIdentity.iceWords(using: &random) }
}
