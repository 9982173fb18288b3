// That a server which is told to stop does, whatever its connections do at that moment.
// SPDX-License-Identifier: Apache-2.0
import Logging
import NIOCore
import SignalServerTesting
import Signaling
import Synchronization
import Testing
import Wire

@testable import SignalServer

/// No connection is given up for its silence within an hour here: what waits for one fails by the suite's own limit.
@Suite(.serialized, .timeLimit(.minutes(1))) struct StoppingTests {
    /// How a server is told.
    enum Way: CaseIterable, Sendable { case signal, cancellation }

    private static let patient: ServerLimits = {
        var limits = ServerLimits()
        limits.headerTimeout = .hours(1)
        limits.bodyTimeout = .hours(1)
        limits.idleTimeout = .hours(1)
        limits.writeStallTimeout = .hours(1)
        limits.joinTimeout = .seconds(3600)
        limits.shutdownTimeout = .milliseconds(20)
        limits.closingTimeout = .milliseconds(20)
        return limits
    }()

    /// Runs a server until it is told to stop, which `body` does, and waits until it has.
    private static func run(
        _ way: Way, _ body: (Int, @Sendable () -> Void) async throws -> Void
    ) async throws {
        var configuration = SignalServerConfiguration.withoutMedia()
        configuration.limits = patient
        let service = SignalService(
            configuration: configuration, plane: FakeMediaPlane(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let (ports, portsIn) = AsyncStream.makeStream(of: Int.self)
        let (stops, stopsIn) = AsyncStream.makeStream(of: Void.self)
        let server = Task {
            try await service.run(
                onRunning: { portsIn.yield($0) },
                until: { for await _ in stops { return } })
        }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        try await body(port) {
            switch way {
            case .signal: stopsIn.yield()
            case .cancellation: server.cancel()
            }
        }
        try await server.value
        // Nobody is left behind: what was accepted last closes by itself.
        while service.connectionsOpen > 0 { try await Task.sleep(for: .milliseconds(1)) }
    }

    @Test(arguments: Way.allCases, Bystander.Stage.allCases)
    func nobodyWhoDoesNothingIsWaitedFor(_ way: Way, _ stage: Bystander.Stage) async throws {
        let channels = Mutex<[any Channel]>([])
        try await Self.run(way) { port, stop in
            let channel = await Bystander(stage).live(on: port)
            if let channel { channels.withLock { $0.append(channel) } }
            stop()
        }
        for channel in channels.withLock({ $0 }) { channel.close(promise: nil) }
    }

    @Test(arguments: 1...24 as ClosedRange<UInt64>)
    func connectionsThatGoAtTheSameMomentHoldNothingUp(_ seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let people = (0..<8).map { Bystander(number: $0, using: &random) }
        let pauses = people.map { _ in Int.random(in: 0..<200, using: &random) }
        let pausesOfServer = Int.random(in: 0..<400, using: &random)
        let way = Way.allCases.randomElement(using: &random) ?? .signal
        let channels = Mutex<[any Channel]>([])
        try await Self.run(way) { port, stop in
            try await withThrowingTaskGroup(of: (any Channel)?.self) { group in
                for (person, pauses) in zip(people, pauses) {
                    group.addTask { await person.live(on: port, pauses: pauses) }
                }
                for _ in 0..<pausesOfServer { await Task.yield() }
                stop()
                for try await channel in group {
                    if let channel { channels.withLock { $0.append(channel) } }
                }
            }
        }
        for channel in channels.withLock({ $0 }) { channel.close(promise: nil) }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func whoComesWhileItStopsIsSentAway(_ seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let stages: [Bystander.Stage] = [.halfHead, .upgrading, .joining, .halfBody]
        let people = (0..<60).map { Bystander(stages[$0 % 4], number: $0) }
        let first = Int.random(in: 0..<people.count, using: &random)
        let channels = Mutex<[any Channel]>([])
        try await Self.run(.cancellation) { port, stop in
            await withTaskGroup(of: (any Channel)?.self) { group in
                for (index, person) in people.enumerated() {
                    if index == first { stop() }
                    group.addTask { await person.live(on: port) }
                }
                for await channel in group {
                    if let channel { channels.withLock { $0.append(channel) } }
                }
            }
        }
        for channel in channels.withLock({ $0 }) { channel.close(promise: nil) }
    }

    @Test func aDeadlineComesUnlessItIsMet() async {
        let (missed, missedIn) = AsyncStream.makeStream(of: String.self)
        let met = StopDeadline()
        met.begin(seconds: 0.001) { missedIn.yield("met") }
        met.met()
        StopDeadline().begin(seconds: 0.1) { missedIn.yield("missed") }
        var iterator = missed.makeAsyncIterator()
        #expect(await iterator.next() == "missed")
    }
}
