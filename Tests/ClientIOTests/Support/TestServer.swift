// A real signalling server on a free port, over a media plane that is none.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import SignalServer
import SignalServerTesting
import Signaling

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
    var configuration = SignalServerConfiguration.withoutMedia(keys: keys)
    configuration.port = port
    configure(&configuration)
    return try await withSignalServer(configuration, plane: QuietMediaPlane()) { port, stop in
        try await body(TestServer(port: port, stop: stop))
    }
}
