// Tokens of a key that a test's server takes.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import SignalServer
import Signaling

/// The secret of the key `main`.
let tokenSecret = Array("0123456789abcdef0123456789abcdef".utf8)

/// A token that lets ada into the room that tests join.
/// - Parameters:
///   - grants: What it lets her do there.
///   - secret: What it is signed with.
///   - seconds: How long it is valid; less than 0: it has ended.
func token(
    _ grants: TokenGrants = TokenGrants(), of secret: [UInt8] = tokenSecret, seconds: Int64 = 60
) throws -> String {
    var keys = TokenKeys()
    try keys.add(name: "main", secret: secret)
    guard let issuer = TokenIssuer(keyName: "main", of: keys) else {
        throw TestFailure("there is no key")
    }
    return issuer.issue(
        AccessToken(
            participant: try ParticipantID("ada"), room: try RoomName("demo"),
            expiresAt: Int64(Date().timeIntervalSince1970) + seconds, grants: grants))
}

/// Runs a server that takes those tokens.
func withTokenServer<Value: Sendable>(
    isOpen: Bool = true, _ body: @escaping @Sendable (String) async throws -> Value
) async throws -> Value {
    try await withServer(configure: { configuration in
        try configuration.keys.add(name: "main", secret: tokenSecret)
        configuration.isDevelopment = isOpen
    }) { try await body($0) }
}
