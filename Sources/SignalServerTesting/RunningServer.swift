// A real signalling server for as long as something runs, for tests and measurements.
// SPDX-License-Identifier: Apache-2.0
import Logging
import Negotiation
package import SignalServer
package import Signaling
import Wire

/// The server ended before what it ran for.
package struct ServerEndedFirst: Error {}

extension SignalServerConfiguration {
    /// A server on a free port that lets everybody in, and whose media are at an address where nobody is.
    package static func withoutMedia(keys: TokenKeys = TokenKeys()) -> SignalServerConfiguration {
        let negotiator = Negotiator(
            configuration: ServerMediaConfiguration(
                fingerprint: Fingerprint(algorithm: "sha-256", bytes: Array(0..<32)),
                candidates: [
                    HostCandidate(
                        address: NetworkAddress(ipv4: 0xC000_0201, port: 7881),
                        priority: 2_130_706_431)
                ]))
        var configuration = SignalServerConfiguration(keys: keys, negotiators: [negotiator])
        configuration.port = 0
        configuration.isDevelopment = true
        return configuration
    }
}

/// Runs a server for as long as `body` runs; then it dies without a word.
/// - Parameter body: Is given the server's port, and what makes it stop as a signal would.
/// - Returns: What `body` gives.
/// - Throws: What `body` throws; what the server ends with; ``ServerEndedFirst``.
package func withSignalServer<Value: Sendable>(
    _ configuration: SignalServerConfiguration, plane: some MediaPlane,
    _ body: @escaping @Sendable (Int, @escaping @Sendable () -> Void) async throws -> Value
) async throws -> Value {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let service = SignalService(configuration: configuration, plane: plane, logger: logger)
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
            return try await body(port) { stopsIn.yield() }
        }
        var value: Value?
        while value == nil, let next = try await group.next() { value = next }
        group.cancelAll()
        guard let value else { throw ServerEndedFirst() }
        return value
    }
}
