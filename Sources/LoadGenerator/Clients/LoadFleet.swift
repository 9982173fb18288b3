// The media of a large load: many clients on few loops, each dialled when its signalling has come so far.
// SPDX-License-Identifier: Apache-2.0
import DTLS
import MediaIO
package import Negotiation
import RTP
import SRTP
package import Wire

/// What the clients of a large load are like.
package struct LoadFleetConfiguration: Sendable {
    /// How many clients there will be, each with a socket of its own.
    package var clients: Int
    /// Threads that they are spread over, in turns.
    package var threads = 1
    /// What a publisher sends as sound; `nil`: nothing.
    package var audio: LoadShape? = .audio
    /// What a publisher sends as pictures; `nil`: nothing.
    package var video: LoadShape? = .video
    /// Of so many packets of a slot one is opened, 1 to 1,000.
    package var sampleInterval = 16
    /// Whether receivers tell the server when packets arrived.
    package var sendsFeedback = true
    /// The address that all sockets are bound to, each on a port of its own.
    package var address: NetworkAddress

    /// The usual load.
    package init(clients: Int, address: NetworkAddress) {
        self.clients = clients
        self.address = address
    }
}

/// The media of many clients; each is named by its number, from 0.
///
/// Offers, answers and beginnings may come from any thread, reports are asked for by one at a time.
package final class LoadFleet: Sendable {
    private let configuration: LoadFleetConfiguration
    private let identity: LoadIdentity
    private let loops: [MediaLoop<LoadSwarm>]

    /// Opens the sockets; nobody dials yet.
    /// - Throws: A `SocketError` if there are not enough ports or descriptors.
    package init(_ configuration: LoadFleetConfiguration) throws {
        self.configuration = configuration
        identity = try LoadIdentity(profile: .aeadAES128GCM)
        let threads = min(max(1, configuration.threads), max(1, configuration.clients))
        var settings = MediaLoopConfiguration()
        settings.name = "load"
        settings.datagramsPerTurnMax = 1_024
        var loops: [MediaLoop<LoadSwarm>] = []
        for thread in 0..<threads {
            let count = (configuration.clients - thread + threads - 1) / threads
            loops.append(
                try MediaLoop(
                    configuration: settings,
                    sockets: try SocketSet(
                        bindings: [NetworkAddress](
                            repeating: configuration.address, count: max(1, count))),
                    handler: LoadSwarm()))
        }
        self.loops = loops
    }

    /// What a client offers: a publisher what it sends, a receiver pairs of slots (slots of sound where there are
    /// no pictures).
    package func offer(publishes: Bool, pairs: Int) -> ClientOffer {
        var random = SystemRandomNumberGenerator()
        var streams: [ClientStream] = []
        if publishes, configuration.audio != nil { streams.append(ClientStream(kind: .audio)) }
        if publishes, configuration.video != nil { streams.append(ClientStream(kind: .video)) }
        let hasPictures = configuration.video != nil
        return ClientOffer(
            sending: streams, receivingPairs: publishes || !hasPictures ? 0 : pairs,
            receivingAudio: publishes || hasPictures ? 0 : pairs,
            ice: LoadIdentity.iceWords(using: &random), fingerprint: identity.fingerprint,
            codecs: [.opus, .vp8], using: &random)
    }

    /// Lets a client dial whose offer was answered; once each.
    /// - Throws: A `NegotiationError` if the answer does not fit; a ``LoadFailure`` if the loop takes no more.
    package func dial(_ client: Int, offer: ClientOffer, answer: String) throws {
        var random = SystemRandomNumberGenerator()
        let (loop, place) = seat(of: client)
        guard place < loop.addresses.count else { throw LoadFailure("more clients than sockets") }
        var shapes: [LoadShape?] = []
        if let audio = configuration.audio { shapes.append(audio) }
        if let video = configuration.video { shapes.append(video) }
        var plan = LoadClientPlan(
            media: try offer.media(fromAnswer: answer), dtls: identity.context,
            address: loop.addresses[place], shapes: shapes, tieBreaker: random.next())
        plan.sampleInterval = configuration.sampleInterval
        plan.sendsFeedback = configuration.sendsFeedback
        guard loop.submit(.add(plan, place: place)) else {
            throw LoadFailure("the load's loop is full")
        }
    }

    /// Lets a client that publishes begin to send.
    package func begin(_ client: Int) {
        let (loop, place) = seat(of: client)
        _ = loop.submit(.begin(place: place))
    }

    /// All counters start anew.
    package func resetCounters() {
        for loop in loops { _ = loop.submit(.resetCounters) }
    }

    /// The counters since then, of all clients.
    package func report() async throws -> LoadReport {
        for loop in loops where !loop.submit(.report) {
            throw LoadFailure("the load's loop is full")
        }
        var sum = LoadReport()
        for loop in loops {
            sum.add(
                try await event(of: loop) {
                    if case .report(let report) = $0 { report } else { nil }
                })
        }
        return sum
    }

    /// How far each client came that has dialled, by its number.
    package func times() async throws -> [Int: LoadClientTimes] {
        for loop in loops where !loop.submit(.times) {
            throw LoadFailure("the load's loop is full")
        }
        var all: [Int: LoadClientTimes] = [:]
        for (thread, loop) in loops.enumerated() {
            let times = try await event(of: loop) {
                if case .times(let times) = $0 { times } else { nil }
            }
            for one in times { all[one.place * loops.count + thread] = one }
        }
        return all
    }

    /// Datagrams that the kernel dropped at the clients' sockets, in and out, since they were opened.
    package var kernelDrops: UInt64 {
        loops.reduce(0) {
            let statistics = $1.statistics()
            return $0 + statistics.kernelDrops + statistics.sent.droppedBufferFull
        }
    }

    /// Ends the clients' media without a word to the server.
    package func stop() {
        for loop in loops { loop.stop() }
    }

    private func seat(of client: Int) -> (loop: MediaLoop<LoadSwarm>, place: Int) {
        (loops[client % loops.count], client / loops.count)
    }

    private func event<Value: Sendable>(
        of loop: MediaLoop<LoadSwarm>, _ wanted: (LoadEvent) -> Value?
    ) async throws -> Value {
        for await event in loop.events {
            if let value = wanted(event) { return value }
        }
        throw LoadFailure("the load's loop has ended")
    }
}
