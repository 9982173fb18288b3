// Who may use the admin interface, and what it says to everybody else.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import HTTPTypes
import Signaling
import Testing

@testable import SignalServer

@Suite(.timeLimit(.minutes(1)))
struct AdminAccessTests {
    /// Every operation that needs a token, on the room `daily`.
    private static let requests: [(method: String, path: String, body: String)] = [
        ("GET", "/v1/rooms", ""),
        ("POST", "/v1/rooms", #"{"name":"daily"}"#),
        ("GET", "/v1/rooms/daily", ""),
        ("DELETE", "/v1/rooms/daily", ""),
        ("GET", "/v1/rooms/daily/participants", ""),
        ("GET", "/v1/rooms/daily/participants/ada", ""),
        ("PATCH", "/v1/rooms/daily/participants/ada", "{}"),
        ("DELETE", "/v1/rooms/daily/participants/ada", ""),
        ("POST", "/v1/rooms/daily/messages", #"{"content":"x"}"#),
        ("POST", "/v1/tokens", #"{"room":"daily","participant":"ada"}"#),
    ]

    private func token(_ name: String, _ secret: String, _ claims: String) throws -> String {
        var keys = TokenKeys()
        try keys.add(name: name, secret: Array(secret.utf8), isDevelopment: true)
        guard let issuer = TokenIssuer(keyName: name, of: keys) else { throw TestFailure("no key") }
        return issuer.sign(
            header: Array(#"{"alg":"HS256"}"#.utf8), payload: Array(claims.utf8))
    }

    @Test(arguments: [false, true])
    func withoutAGoodTokenNothingIsToldOrDone(isDevelopment: Bool) async throws {
        try await withServer {
            $0.isDevelopment = isDevelopment
        } _: { server in
            let secret = String(decoding: TestServer.secret, as: UTF8.self)
            let good = try TestServer.adminToken()
            let future = ServerClock().unixSeconds + 600
            let admin = #""sub":"x","exp":\#(future),"grants":{"admin":true}"#
            let tokens: [(String, ErrorCode)] = [
                ("nonsense", .tokenMalformed),
                // 41 characters are no base64, whatever they are; 42 are sometimes.
                (String(good.dropLast(2)), .tokenMalformed),
                (try TestServer.adminToken(expiresIn: -60), .tokenExpired),
                (try token("other", secret, #"{"iss":"other",\#(admin)}"#), .tokenUnknownKey),
                (
                    try token(
                        "test", "ffffffffffffffffffffffffffffffff", #"{"iss":"test",\#(admin)}"#),
                    .tokenSignatureInvalid
                ),
                (
                    try token("test", secret, #"{"iss":"test","nbf":\#(future),\#(admin)}"#),
                    .tokenNotYetValid
                ),
                (try TestServer.adminToken(admin: false), .permissionDenied),
                (try TestServer.token(participant: "ada", room: "daily"), .permissionDenied),
                (
                    try token(
                        "test", secret,
                        #"{"iss":"test","sub":"x","exp":\#(future),"grants":{"admin":1}}"#),
                    .tokenMalformed
                ),
            ]
            for asked in Self.requests {
                let bare = try await request(
                    server, asked.method, asked.path,
                    headers: ["Content-Type: application/json"], body: asked.body)
                expectRefusal(bare, .tokenRequired, "\(asked)")
                #expect(bare.header("www-authenticate") == "Bearer")
                for (token, code) in tokens {
                    expectRefusal(
                        try await server.admin(asked.method, asked.path, asked.body, token: token),
                        code, "\(asked)")
                }
            }
            // A header that is none, and the two forms of a token that are not taken here.
            for header in ["Authorization: Basic \(good)", "Authorization: Bearer", "X: \(good)"] {
                let answer = try await request(server, "GET", "/v1/rooms", headers: [header])
                expectRefusal(answer, .tokenRequired)
            }
            expectRefusal(
                try await request(server, "GET", "/v1/rooms?token=\(good)"), .tokenRequired)
            #expect(try await server.admin("GET", "/v1/rooms").body == #"{"rooms":[]}"#)
        }
    }

    @Test func aTokenOfOneRoomSeesAndTouchesThatRoomAlone() async throws {
        try await withServer { server in
            for name in ["daily", "weekly"] {
                _ = try await server.admin("POST", "/v1/rooms", #"{"name":"\#(name)"}"#)
            }
            let weekly = try TestServer.adminToken(room: "weekly")
            for asked in Self.requests.dropFirst() {
                let answer = try await server.admin(
                    asked.method, asked.path, asked.body, token: weekly)
                expectRefusal(answer, .permissionDenied, "\(asked)")
                #expect(answer.body.contains("another room"))
            }
            // Whether there is such a room is not told either.
            expectRefusal(
                try await server.admin("GET", "/v1/rooms/none", token: weekly), .permissionDenied)
            let list = try await server.admin("GET", "/v1/rooms", token: weekly)
            #expect(try list.decoded(RoomList.self).rooms.map(\.name.text) == ["weekly"])
            for query in ["prefix=d", "after=weekly"] {
                let none = try await server.admin("GET", "/v1/rooms?\(query)", token: weekly)
                #expect(none.body == #"{"rooms":[]}"#)
            }
            #expect(
                try await server.admin("DELETE", "/v1/rooms/weekly", token: weekly).status == 204)
            #expect(
                try await server.admin("POST", "/v1/rooms", #"{"name":"weekly"}"#, token: weekly)
                    .status == 201)
        }
    }

    @Test func aTokenWithoutARoomOpensNoneToAParticipant() async throws {
        try await withServer { server in
            try await withClient(server) {
                try await $0.expectRefused(.tokenWrongRoom, token: TestServer.adminToken())
            }
        }
    }

    // MARK: Tokens

    @Test func T08_aTokenOfTheServerLetsItsBearerIn() async throws {
        try await withServer {
            $0.isDevelopment = false
        } _: { server in
            let answer = try await server.admin(
                "POST", "/v1/tokens",
                """
                {"room":"daily","participant":"ada","name":"Ada","metadata":"m","ttlSeconds":60,
                "grants":{"publish":["camera"],"subscribe":false}}
                """)
            #expect(answer.status == 200 && answer.header("cache-control") == "no-store")
            let issued = try answer.decoded(IssuedToken.self)
            #expect(abs(issued.expiresAt - ServerClock().unixSeconds - 60) <= 5)
            try await withClient(server) { client in
                let joined = try await client.join("daily", token: issued.token)
                #expect(joined.participant.id.text == "ada")
                #expect(joined.participant.name?.text == "Ada")
                #expect(joined.participant.metadata?.text == "m")
                #expect(
                    joined.grants.publish == TrackSourceSet(.camera) && !joined.grants.subscribe)
                #expect(!joined.grants.admin)
                let seen = try await server.admin("GET", "/v1/rooms/daily/participants/ada")
                    .decoded(ParticipantDescription.self)
                #expect(seen.tokenExpiresAt == issued.expiresAt)
            }
            try await withClient(server) {
                try await $0.expectRefused(.tokenWrongRoom, "weekly", token: issued.token)
            }
            expectRefusal(
                try await server.admin("GET", "/v1/rooms", token: issued.token), .permissionDenied)
        }
    }

    @Test func T08_whatIsLeftOutIsAnHourAndAnOrdinaryMember() async throws {
        try await withServer { server in
            let issued = try await server.admin(
                "POST", "/v1/tokens", #"{"room":"daily","participant":"ada"}"#
            ).decoded(IssuedToken.self)
            #expect(abs(issued.expiresAt - ServerClock().unixSeconds - 3600) <= 5)
            try await withClient(server) { client in
                let joined = try await client.join("daily", token: issued.token)
                #expect(joined.grants == TokenGrants())
            }
            for seconds in ["0", "-1", "86401", "9223372036854775807"] {
                let answer = try await server.admin(
                    "POST", "/v1/tokens",
                    #"{"room":"daily","participant":"ada","ttlSeconds":\#(seconds)}"#)
                expectRefusal(answer, .invalidArgument, "\(seconds)")
                #expect(answer.body.contains("`ttlSeconds`"))
            }
        }
    }

    @Test func T08_adminIsHandedOutOnlyByThoseBoundToNoRoomAndNotForLonger() async throws {
        try await withServer { server in
            let body = #"{"room":"daily","participant":"ada","grants":{"admin":true}}"#
            expectRefusal(
                try await server.admin(
                    "POST", "/v1/tokens", body, token: TestServer.adminToken(room: "daily")),
                .permissionDenied)
            let plain = try await server.admin(
                "POST", "/v1/tokens", #"{"room":"daily","participant":"ada"}"#,
                token: TestServer.adminToken(room: "daily"))
            #expect(plain.status == 200)
            let caller = try TestServer.adminToken(expiresIn: 100)
            let issued = try await server.admin("POST", "/v1/tokens", body, token: caller)
                .decoded(IssuedToken.self)
            #expect(issued.expiresAt <= ServerClock().unixSeconds + 100)
            // It is bound to its room, so it hands out no more of its kind.
            _ = try await server.admin(
                "POST", "/v1/rooms", #"{"name":"daily"}"#, token: issued.token)
            #expect(
                try await server.admin("GET", "/v1/rooms/daily", token: issued.token).status == 200)
            expectRefusal(
                try await server.admin("GET", "/v1/rooms/weekly", token: issued.token),
                .permissionDenied)
            expectRefusal(
                try await server.admin("POST", "/v1/tokens", body, token: issued.token),
                .permissionDenied)
        }
    }

    @Test func T08_tokensAreSignedWithTheCallersOwnKey() async throws {
        // Keys are changed by adding the new one first: it must not sign for those of the old one, nor the reverse.
        var ring = TokenKeys()
        try ring.add(name: "newer", secret: Array(repeating: 7, count: 32))
        try ring.add(name: TestServer.keyName, secret: TestServer.secret)
        let keys = ring
        try await withServer {
            $0.keys = keys
        } _: { server in
            let issued = try await server.admin(
                "POST", "/v1/tokens", #"{"room":"daily","participant":"ada"}"#
            ).decoded(IssuedToken.self)
            let (_, keyName) = try TokenVerifier(keys: keys).verifyNamingKey(
                issued.token, now: ServerClock().unixSeconds)
            #expect(keyName == TestServer.keyName)
        }
    }

    // MARK: The description

    @Test func theDescriptionNamesEveryRouteAndNoOther() async throws {
        try await withServer { server in
            let answer = try await request(server, "GET", "/v1/openapi.json")
            #expect(answer.status == 200)
            #expect(answer.header("content-type") == "application/json")
            struct Description: Decodable {
                struct Operation: Decodable { let operationId: String }
                struct Path: Decodable { let get, put, post, patch, delete: Operation? }
                let openapi: String
                let paths: [String: Path]
            }
            let description = try answer.decoded(Description.self)
            #expect(description.openapi == "3.1.0")
            var described: [String] = []
            for (path, operations) in description.paths {
                for (method, operation) in [
                    ("GET", operations.get), ("PUT", operations.put), ("POST", operations.post),
                    ("PATCH", operations.patch), ("DELETE", operations.delete),
                ] {
                    if let operation {
                        described.append("\(method) \(path) \(operation.operationId)")
                    }
                }
            }
            let routes = AdminOperation.allCases.map {
                "\($0.method.rawValue) \($0.path) \($0.rawValue)"
            }
            #expect(described.sorted() == routes.sorted())
        }
    }

    @Test func otherMethodsAreRefusedWithThoseThatAreTaken() async throws {
        try await withServer { server in
            for (path, operations) in AdminOperation.byPath {
                let address = path.replacing("{room}", with: "daily")
                    .replacing("{participant}", with: "ada")
                let allowed = operations.map(\.method.rawValue)
                for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                    let answer = try await request(server, method, address)
                    if allowed.contains(method) {
                        #expect(answer.status == (path.hasSuffix("json") ? 200 : 401))
                    } else {
                        expectRefusal(answer, .methodNotAllowed, "\(method) \(address)")
                        #expect(answer.header("allow") == allowed.joined(separator: ", "))
                    }
                }
            }
        }
    }
}
