// Attacks on signalling, tokens and resumed sessions over a real socket, each beside a call that must not notice.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling
import Testing
import Wire

@testable import SignalServer

@Suite(.timeLimit(.minutes(1)))
struct ThreatTests {
    /// Runs an attack beside a call that must not notice.
    private func besideACall(
        configure: (inout SignalServerConfiguration) -> Void = { _ in },
        _ attack: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        try await withServer(configure: configure) { server in
            let token = try TestServer.token(participant: "bystander", room: "quiet")
            try await withClient(server) { bystander in
                try await bystander.join("quiet", token: token)
                try await attack(server)
                try await bystander.send(.ping(bystander.nextID()))
                guard case .pong = try await bystander.next() else {
                    throw TestFailure("the bystander was disturbed")
                }
                #expect(try await request(server, "GET", "/healthz").status == 200)
            }
        }
    }

    /// The code a request is refused with.
    private func refusal(_ message: ClientMessage, _ client: TestClient) async throws -> ErrorCode {
        try await client.send(message)
        guard case .error(let error) = try await client.next() else {
            throw TestFailure("not refused")
        }
        #expect(error.requestID == message.requestID)
        return error.code
    }

    // MARK: Signalling

    @Test("Every optional field absent: the least of each message over a socket is answered")
    func theLeastOfEachMessageIsAnswered() async throws {
        try await besideACall { server in
            try await withClient(server) { client in
                try await client.join()
                let requests = [
                    "offer", "publish", "unpublish", "mute", "subscribe", "unsubscribe", "setRole",
                    "updateSelf", "openStream", "closeStream", "sendData", "sendMessage", "resume",
                    "renewToken", "removeParticipant", "changeParticipant", "join",
                ]
                for (index, type) in requests.enumerated() {
                    try await client.send("{\"type\":\"\(type)\",\"id\":\(index + 100)}")
                    switch try await client.next() {
                    case .error(let error):
                        #expect(error.requestID?.number == Int64(index + 100))
                    case .ok: #expect(type == "updateSelf")
                    default: throw TestFailure("\(type) is not answered")
                    }
                }
                try await client.send("{\"type\":\"reportQuality\"}")
                guard case .error = try await client.next() else { throw TestFailure("taken") }
                try await client.send("{\"type\":\"leave\",\"id\":1}")
                #expect(await client.closeCode() == 1000)
            }
        }
    }

    @Test("Join storms: many join at once, each is let in or refused by a code")
    func joinStormsAreServedOrRefused() async throws {
        try await besideACall {
            $0.rooms.room.participantsMax = 20
        } _: { server in
            let outcomes = try await withThrowingTaskGroup(of: ErrorCode?.self) { group in
                for index in 0..<60 {
                    group.addTask {
                        try await withClient(server) { client in
                            try await client.send(
                                .join(
                                    client.nextID(),
                                    JoinRequest(
                                        room: RoomName("storm"),
                                        participant: ParticipantID("p\(index)"),
                                        offer: .plain(TestOffer.sdk()))))
                            while true {
                                switch try await client.next() {
                                case .joined:
                                    // Stay until the storm is over.
                                    try await Task.sleep(for: .seconds(2))
                                    return nil
                                case .error(let error): return error.code
                                default: continue
                                }
                            }
                        }
                    }
                }
                var outcomes: [ErrorCode?] = []
                for try await outcome in group { outcomes.append(outcome) }
                return outcomes
            }
            #expect(outcomes.count { $0 == nil } >= 20)
            #expect(outcomes.allSatisfy { $0 == nil || $0 == .roomFull })
        }
    }

    @Test(
        "Join storms: of many with one id the newest alone stays, and nothing is left of the others"
    )
    func stormsOfOneIdentityLeaveOne() async throws {
        try await besideACall { server in
            let names = (0..<30).map { _ in "anna" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in names {
                    group.addTask {
                        try await withClient(server) { client in
                            try await client.join("storm", as: name, options: JoinOptions())
                            _ = await client.closeCode()
                        }
                    }
                }
                // All but the last are told to go.
                for _ in 0..<29 { try await group.next() }
                let page = try await request(server, "GET", "/metrics").body
                #expect(page.contains("\nmartlet_participants 2\n"))
                #expect(page.contains("\nmartlet_sessions 2\n"))
                group.cancelAll()
            }
        }
    }

    // MARK: Replays

    @Test(
        "Replay memory bounded: who acknowledges nothing while away is out, and nothing is kept of it"
    )
    func replayMemoryIsBounded() async throws {
        try await besideACall {
            $0.rooms.room.replayMessagesMax = 32
        } _: { server in
            try await withClient(server) { bert in
                try await bert.join(as: "bert")
                let session = try await withClient(server) { anna in
                    try await anna.join(as: "anna", options: JoinOptions(resume: true)).session
                }
                guard case .participantJoined = try await bert.next(),
                    case .participantInterrupted = try await bert.next()
                else { throw TestFailure("no break") }
                var isOut = false
                for index in 0..<40 where !isOut {
                    let update = ParticipantUpdate(name: try DisplayName("b\(index)"))
                    try await bert.send(.updateSelf(bert.nextID(), update))
                    for _ in 0..<2 {
                        if case .participantLeft(_, .fellBehind) = try await bert.next() {
                            isOut = true
                        }
                    }
                }
                if !isOut {
                    guard case .participantLeft(_, .fellBehind) = try await bert.next() else {
                        throw TestFailure("kept without end")
                    }
                }
                try await withClient(server) {
                    try await $0.expectResumeRefused(.sessionNotFound, session)
                }
                try await server.plane.waitFor("remove 3")
            }
        }
    }

    // MARK: Tokens

    @Test("Forged and re-scoped tokens open nothing and renew nothing, and the session goes on")
    func forgedAndRescopedTokensRenewNothing() async throws {
        try await besideACall {
            $0.isDevelopment = false
        } _: { server in
            let good = try TestServer.token(participant: "anna")
            let parts = good.split(separator: ".", omittingEmptySubsequences: false).map(
                String.init)
            let other = try TestServer.token(participant: "anna", room: "other")
                .split(separator: ".").map(String.init)
            let admin = try TestServer.token(
                participant: "anna", grants: TokenGrants(admin: true)
            ).split(separator: ".").map(String.init)
            let attempts: [(String, ErrorCode)] = [
                // Claims of another token under this one's signature: another room, more rights.
                ([parts[0], other[1], parts[2]].joined(separator: "."), .tokenSignatureInvalid),
                ([parts[0], admin[1], parts[2]].joined(separator: "."), .tokenSignatureInvalid),
                ([parts[0], parts[1], ""].joined(separator: "."), .tokenSignatureInvalid),
                ("", .tokenMalformed), ("..", .tokenMalformed), (parts[1], .tokenMalformed),
                (try TestServer.token(participant: "anna", room: "other"), .tokenWrongRoom),
                (try TestServer.token(participant: "anna", expiresIn: -60), .tokenExpired),
            ]
            try await withClient(server) { client in
                for (token, code) in attempts {
                    let join = ClientMessage.join(
                        client.nextID(),
                        JoinRequest(
                            room: try RoomName("demo"), token: token,
                            offer: .plain(TestOffer.sdk())))
                    let refused = try await refusal(join, client)
                    #expect(refused == code || refused == .tokenMalformed, "\(code)")
                }
                try await client.join(token: good)
                for (token, code) in attempts {
                    let refused = try await refusal(.renewToken(client.nextID(), token), client)
                    #expect(refused == code || refused == .tokenMalformed, "\(code)")
                }
                let bobs = try TestServer.token(participant: "bob")
                #expect(
                    try await refusal(.renewToken(client.nextID(), bobs), client)
                        == .tokenWrongIdentity)
                // Nothing of all that gave rights, or took the session away.
                #expect(
                    try await refusal(
                        .removeParticipant(client.nextID(), ParticipantID("anna"), banSeconds: nil),
                        client) == .permissionDenied)
                let id = client.nextID()
                try await client.send(.renewToken(id, good))
                guard case .ok(id, nil) = try await client.next() else {
                    throw TestFailure("the good one is refused")
                }
            }
        }
    }

    // MARK: Origins

    private func upgrade(_ server: TestServer, origins: [String]) async throws -> Int {
        try await request(
            server, "GET", "/v1/signal",
            headers: [
                "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ] + origins.map { "Origin: \($0)" }
        ).status
    }

    @Test("Origin of the WebSocket: pages of other origins than those listed get no WebSocket")
    func onlyPagesOfListedOriginsJoin() async throws {
        try await besideACall {
            $0.allowedOrigins =
                AllowedOrigins(["https://example.org", "http://127.0.0.1:8080"]) ?? .any
        } _: { server in
            for allowed in [[], ["https://example.org"], ["HTTPS://Example.org"]] {
                #expect(try await upgrade(server, origins: allowed) == 101)
            }
            for refused in [
                ["https://evil.example"], ["http://example.org"], ["https://example.org:8443"],
                ["https://example.org.evil.example"], ["null"], [""],
                ["https://example.org", "https://evil.example"],
            ] {
                #expect(try await upgrade(server, origins: refused) == 403, "\(refused)")
            }
            let page = try await request(server, "GET", "/metrics").body
            #expect(page.contains("martlet_refusals_total{code=\"2009\"} 7\n"))
        }
    }

    @Test func byDefaultEveryOriginMayAskSinceATokenIsNothingABrowserAdds() async throws {
        try await withServer { server in
            let status = try await upgrade(server, origins: ["https://evil.example"])
            #expect(status == 101)
        }
    }

    @Test func listsOfOriginsAreChecked() {
        #expect(AllowedOrigins(["*"]) == .any)
        #expect(AllowedOrigins(["https://A.example"]) == .only(["https://a.example"]))
        for wrong in [
            [], [""], ["example.org"], ["https://"], ["https://a/"], ["https://u@a"],
            ["https://a", "*"], ["ftp://a"], ["https://a b"],
        ] {
            #expect(AllowedOrigins(wrong) == nil, "\(wrong)")
        }
    }
}
