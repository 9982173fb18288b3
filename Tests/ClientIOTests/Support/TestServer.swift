// A real signalling server on a free port, over a media plane that is none.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Logging
import MediaWorker
import Negotiation
import SignalServer
import Signaling
import Wire

/// Takes every command and says nothing.
final class SilentMediaPlane: MediaPlane {
    let loopCount = 1
    let events: [AsyncStream<WorkerEvent>]
    private let eventsIn: AsyncStream<WorkerEvent>.Continuation

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: WorkerEvent.self)
        events = [stream]
        eventsIn = continuation
    }

    func submit(_ command: WorkerCommand, to loop: Int) -> Bool { true }
    func hasSpace(in loop: Int) -> Bool { true }
}

/// A running server as a test sees it.
struct TestServer: Sendable {
    let port: Int
    /// Makes the server stop, as a signal would.
    let stop: @Sendable () -> Void

    static let keyName = "test"
    static let secret = Array("0123456789abcdef0123456789abcdef".utf8)

    /// A token of the server's key, or of another.
    static func token(
        participant: String, secret: [UInt8] = TestServer.secret, expiresIn seconds: Int64 = 600
    ) throws -> String {
        var keys = TokenKeys()
        try keys.add(name: keyName, secret: secret)
        guard let issuer = TokenIssuer(keyName: keyName, of: keys) else {
            throw TestFailure("no key")
        }
        return issuer.issue(
            AccessToken(
                participant: try ParticipantID(participant), room: try RoomName("demo"),
                expiresAt: Int64(Date().timeIntervalSince1970) + seconds, grants: TokenGrants()))
    }
}

/// A test that cannot go on.
struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Runs a server for as long as `body` runs; then it dies without a word.
func withServer<Value: Sendable>(
    port: Int = 0, configure: (inout SignalServerConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (TestServer) async throws -> Value
) async throws -> Value {
    var keys = TokenKeys()
    try keys.add(name: TestServer.keyName, secret: TestServer.secret)
    let negotiator = Negotiator(
        configuration: ServerMediaConfiguration(
            fingerprint: Fingerprint(algorithm: "sha-256", bytes: Array(0..<32)),
            candidates: [
                HostCandidate(
                    address: NetworkAddress(ipv4: 0xC000_0201, port: 7881), priority: 2_130_706_431)
            ]))
    var configuration = SignalServerConfiguration(keys: keys, negotiators: [negotiator])
    configuration.port = port
    configuration.isDevelopment = true
    configure(&configuration)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let service = SignalService(
        configuration: configuration, plane: SilentMediaPlane(), logger: logger)
    let (ports, portsIn) = AsyncStream.makeStream(of: Int.self)
    let (stops, stopsIn) = AsyncStream.makeStream(of: Void.self)
    return try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask {
            try await service.run(
                onRunning: { portsIn.yield($0) },
                until: { for await _ in stops { return } })
            return nil
        }
        group.addTask {
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { return nil }
            return try await body(TestServer(port: port, stop: { stopsIn.yield() }))
        }
        var value: Value?
        while value == nil, let next = try await group.next() { value = next }
        group.cancelAll()
        guard let value else { throw TestFailure("the server ended first") }
        return value
    }
}
