// Starts a server on a free port with a media plane that is none.
// SPDX-License-Identifier: Apache-2.0
import Logging
import Negotiation
import Signaling
import Wire

@testable import SignalServer

/// A running server as a test sees it.
struct TestServer: Sendable {
    let port: Int
    let plane: FakeMediaPlane
    /// Makes the server stop, as a signal would.
    let stop: @Sendable () -> Void

    static let keyName = "test"
    static let secret = Array("0123456789abcdef0123456789abcdef".utf8)

    /// A token of the server's key.
    static func token(
        participant: String, room: String = "demo", grants: TokenGrants = TokenGrants(),
        expiresIn seconds: Int64 = 600
    ) throws -> String {
        var keys = TokenKeys()
        try keys.add(name: keyName, secret: secret)
        guard let issuer = TokenIssuer(keyName: keyName, of: keys) else {
            throw TestFailure("no key")
        }
        return issuer.issue(
            AccessToken(
                participant: try ParticipantID(participant), room: try RoomName(room),
                expiresAt: ServerClock().unixSeconds + seconds, grants: grants))
    }
}

/// Runs a server for as long as `body` runs.
func withServer(
    configure: (inout SignalServerConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (TestServer) async throws -> Void
) async throws {
    let plane = FakeMediaPlane()
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
    configuration.port = 0
    configuration.isDevelopment = true
    configure(&configuration)
    let service = SignalService(
        configuration: configuration, plane: plane, logger: Logger(label: "test"))
    let (ports, portsIn) = AsyncStream.makeStream(of: Int.self)
    let (stops, stopsIn) = AsyncStream.makeStream(of: Void.self)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            try await service.run(
                onRunning: { portsIn.yield($0) },
                until: { for await _ in stops { return } })
        }
        group.addTask {
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { return }
            try await body(TestServer(port: port, plane: plane, stop: { stopsIn.yield() }))
        }
        // The first to end is the body, unless something failed.
        try await group.next()
        group.cancelAll()
    }
}
