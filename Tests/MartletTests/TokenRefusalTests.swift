// That whoever is not let into a room is told why, by a code, a reason and an event.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import SignalServer
import Signaling
import Testing

@testable import Martlet

@Suite(.timeLimit(.minutes(1))) struct TokenRefusalTests {
    @Test func C28_C29_whoIsNotLetInIsToldWhy() async throws {
        let secret = Array("0123456789abcdef0123456789abcdef".utf8)
        @Sendable func token(of secret: [UInt8], seconds: Int64) throws -> String {
            var keys = TokenKeys()
            try keys.add(name: "main", secret: secret)
            let issuer = try #require(TokenIssuer(keyName: "main", of: keys))
            return issuer.issue(
                AccessToken(
                    participant: try ParticipantID("ada"), room: try RoomName("demo"),
                    expiresAt: Int64(Date().timeIntervalSince1970) + seconds,
                    grants: TokenGrants()))
        }
        try await withServer(configure: { configuration in
            try configuration.keys.add(name: "main", secret: secret)
            configuration.isDevelopment = false
        }) { server in
            let other = [UInt8](repeating: 7, count: 32)
            let refused: [(String?, Int, Martlet.ChangeReason)] = [
                (nil, 2_000, .tokenRequired), ("nonsense", 2_001, .tokenInvalid),
                (try token(of: other, seconds: 60), 2_004, .tokenInvalid),
                (try token(of: secret, seconds: -60), 2_005, .tokenExpired),
            ]
            for (token, code, reason) in refused {
                let room = anyRoom()
                let events = room.events
                do throws(MartletError) {
                    try await room.join(
                        Martlet.JoinOptions(server: server, room: "demo", token: token))
                    Issue.record("joined")
                } catch {
                    #expect(error.code == code)
                }
                let end = try #require(try await moves(events, to: reason).last)
                #expect(end.from == .connecting && end.to == .disconnected(reason))
                #expect(end.error?.code == code)
            }
            let room = anyRoom()
            try await room.join(
                Martlet.JoinOptions(
                    server: server, room: "demo", token: try token(of: secret, seconds: 60)))
            #expect(room.localParticipant.id == "ada")
            await room.leave()
        }
    }
}
