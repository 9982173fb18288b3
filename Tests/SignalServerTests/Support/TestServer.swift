// Starts a server on a free port with a media plane that is none.
// SPDX-License-Identifier: Apache-2.0
import SignalServerTesting
import Signaling

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
    var configuration = SignalServerConfiguration.withoutMedia(keys: keys)
    configure(&configuration)
    try await withSignalServer(configuration, plane: plane) { port, stop in
        try await body(TestServer(port: port, plane: plane, stop: stop))
    }
}
