// That whoever is not let into a room is told why, by a code, a reason and an event.
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Martlet

@Suite(.timeLimit(.minutes(1))) struct TokenRefusalTests {
    @Test func C28_C29_whoIsNotLetInIsToldWhy() async throws {
        try await withTokenServer(isOpen: false) { server in
            let other = [UInt8](repeating: 7, count: 32)
            let refused: [(String?, Int, ChangeReason)] = [
                (nil, 2_000, .tokenRequired), ("nonsense", 2_001, .tokenInvalid),
                (try token(of: other), 2_004, .tokenInvalid),
                (try token(seconds: -60), 2_005, .tokenExpired),
            ]
            for (token, code, reason) in refused {
                let room = anyRoom()
                let events = room.events
                do throws(MartletError) {
                    try await room.join(
                        JoinOptions(server: server, room: "demo", token: token))
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
                JoinOptions(server: server, room: "demo", token: try token()))
            #expect(room.localParticipant.id == "ada")
            await room.leave()
        }
    }
}
