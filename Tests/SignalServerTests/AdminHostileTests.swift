// What the admin interface does with input that means no good, be its sender's token ever so right.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling
import Testing

@testable import SignalServer

@Suite(.timeLimit(.minutes(1)))
struct AdminHostileTests {
    private let posts = ["/v1/rooms", "/v1/rooms/daily/messages", "/v1/tokens"]

    @Test func bodiesAreCappedBeforeTheyAreParsed() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                try await client.join("daily", as: "ada")
                let token = try TestServer.adminToken()
                let large = #"{"content":""# + String(repeating: "a", count: 70_000) + #""}"#
                for path in posts {
                    expectRefusal(
                        try await server.admin("POST", path, large), .messageTooLarge, "\(path)")
                    // A length that only claims to be small or large, and none at all.
                    for head in ["Content-Length: 1000000000", "Transfer-Encoding: chunked"] {
                        try await withConnection(server) { connection in
                            try await connection.write(
                                "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                                    + "Authorization: Bearer \(token)\r\n\(head)\r\n\r\n")
                            if head.hasPrefix("T") {
                                let chunk = "8000\r\n" + String(repeating: "a", count: 0x8000)
                                for _ in 0..<12 { try? await connection.write(chunk + "\r\n") }
                            }
                            let answer = try #require(await connection.readAnswer())
                            expectRefusal(answer, .messageTooLarge, "\(path) \(head)")
                        }
                    }
                }
                expectRefusal(
                    try await server.admin("PATCH", "/v1/rooms/daily/participants/ada", large),
                    .messageTooLarge)
                #expect(try await request(server, "GET", "/healthz").status == 200)
            }
        }
    }

    @Test func nestingIsCheckedBeforeAnythingIsParsed() async throws {
        try await withServer { server in
            _ = try await server.admin("POST", "/v1/rooms", #"{"name":"daily"}"#)
            for depth in [33, 30_000] {
                let nest = String(repeating: "[", count: depth)
                for path in posts {
                    expectRefusal(
                        try await server.admin("POST", path, #"{"x":\#(nest)"#), .nestingTooDeep)
                    expectRefusal(try await server.admin("POST", path, nest), .nestingTooDeep)
                }
            }
            #expect(try await request(server, "GET", "/healthz").status == 200)
        }
    }

    @Test func whatCannotBeReadIsRefusedByCodeAndNotQuoted() async throws {
        try await withServer { server in
            _ = try await server.admin("POST", "/v1/rooms", #"{"name":"daily"}"#)
            let anywhere: [(String, ErrorCode)] = [
                ("{", .malformedMessage), ("[]", .malformedMessage), ("1", .malformedMessage),
                ("null", .malformedMessage), (#""secret""#, .malformedMessage),
                ("{}", .malformedMessage), ("{} {}", .malformedMessage),
                ("{\"a\":\0}", .malformedMessage),
            ]
            for (body, code) in anywhere {
                for path in posts {
                    expectRefusal(
                        try await server.admin("POST", path, body), code, "\(path) \(body)")
                }
            }
            let particular: [(method: String, path: String, body: String, code: ErrorCode)] = [
                ("POST", "/v1/rooms", #"{"name":"secret/../x"}"#, .invalidRoomName),
                ("POST", "/v1/rooms", #"{"name":""}"#, .invalidRoomName),
                ("POST", "/v1/rooms", #"{"name":7}"#, .malformedMessage),
                ("POST", "/v1/rooms", #"{"name":"x","metadata":{}}"#, .malformedMessage),
                ("POST", "/v1/rooms", #"{"name":"x","emptySeconds":"9"}"#, .malformedMessage),
                ("POST", "/v1/rooms", #"{"name":"x","profile":"secret"}"#, .invalidArgument),
                ("POST", "/v1/rooms", #"{"name":"x","showsAudience":1}"#, .malformedMessage),
                ("POST", "/v1/tokens", #"{"room":"x"}"#, .malformedMessage),
                ("POST", "/v1/tokens", #"{"room":"x","participant":""}"#, .invalidParticipantID),
                (
                    "POST", "/v1/tokens", #"{"room":"x","participant":"a","name":""}"#,
                    .invalidDisplayName
                ),
                (
                    "POST", "/v1/tokens", #"{"room":"x","participant":"a","grants":[]}"#,
                    .malformedMessage
                ),
                (
                    "POST", "/v1/tokens", #"{"room":"x","participant":"a","ttlSeconds":true}"#,
                    .malformedMessage
                ),
                ("POST", "/v1/rooms/daily/messages", #"{"content":1}"#, .malformedMessage),
                (
                    "POST", "/v1/rooms/daily/messages", #"{"content":"x","to":"ada"}"#,
                    .malformedMessage
                ),
                (
                    "POST", "/v1/rooms/daily/messages", #"{"content":"x","message":"ä"}"#,
                    .invalidArgument
                ),
                (
                    "PATCH", "/v1/rooms/daily/participants/ada", #"{"role":"secret"}"#,
                    .invalidArgument
                ),
                (
                    "PATCH", "/v1/rooms/daily/participants/ada", #"{"attributes":{"a":1}}"#,
                    .malformedMessage
                ),
                (
                    "PATCH", "/v1/rooms/daily/participants/ada", #"{"grants":{"data":"no"}}"#,
                    .malformedMessage
                ),
            ]
            for asked in particular {
                let answer = try await server.admin(asked.method, asked.path, asked.body)
                expectRefusal(answer, asked.code, "\(asked)")
                #expect(!answer.body.contains("secret"))
            }
            let overflow = try await server.admin(
                "POST", "/v1/rooms", #"{"name":"x","emptySeconds":99999999999999999999}"#)
            #expect(overflow.status == 400)
            let fraction = try await server.admin(
                "POST", "/v1/rooms", #"{"name":"x","emptySeconds":1e400}"#)
            #expect(fraction.status == 400)
            #expect(try await server.admin("GET", "/v1/rooms?prefix=x").body == #"{"rooms":[]}"#)
        }
    }

    @Test func bodiesOfAnotherTypeAreNotTaken() async throws {
        try await withServer { server in
            let token = try TestServer.adminToken()
            // What a form on a page of another origin can send without being asked.
            for type in [
                "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "",
            ] {
                let answer = try await request(
                    server, "POST", "/v1/rooms",
                    headers: ["Authorization: Bearer \(token)"]
                        + (type.isEmpty ? [] : ["Content-Type: \(type)"]),
                    body: #"{"name":"daily"}"#)
                expectRefusal(answer, .unsupportedMediaType, "\(type)")
            }
            let fine = try await request(
                server, "POST", "/v1/rooms",
                headers: [
                    "Authorization: bearer \(token)",
                    "Content-Type: Application/JSON; charset=utf-8", "Origin: https://evil.example",
                ],
                body: #"{"name":"daily"}"#)
            #expect(fine.status == 201)
            #expect(fine.header("access-control-allow-origin") == nil)
        }
    }

    @Test func pathsThatPlayTricksLeadNowhere() async throws {
        try await withServer { server in
            _ = try await server.admin("POST", "/v1/rooms", #"{"name":"daily"}"#)
            for path in [
                "//v1/rooms", "/v1//rooms", "/v1/rooms//daily", "/%76%31/rooms", "/V1/rooms",
                "/v1/rooms/daily/..", "/v1/rooms/../rooms", "/v1/./rooms",
                "/v1/rooms/daily%2Fparticipants",
                "/v1/rooms/daily%00", "/v1/rooms/%", "/v1/rooms/%zz", "/v1/rooms/%ff",
                "/v1/rooms/\(String(repeating: "a", count: 65))", "/v1/rooms/%7Broom%7D",
                "/v1/rooms/daily/participants/ada/x", "/v1/rooms/daily/messages", "/v1", "/v1/",
                "/v1/rooms/daily;x=1", "/v1/openapi.json/x", "/v1/openapi.yaml",
            ] {
                let answer = try await server.admin("GET", path)
                #expect([400, 404, 405].contains(answer.status), "\(path): \(answer.status)")
                #expect(answer.code != nil, "\(path)")
            }
            #expect(try await request(server, "GET", "/healthz").status == 200)
        }
    }

    @Test func V07_aFloodOfRoomsIsHeldToTheirNumberAndDisturbsNobody() async throws {
        try await withServer {
            $0.rooms.roomsMax = 20
        } _: { server in
            try await withClient(server) { client in
                try await client.join("daily", as: "ada")
                var made = 0
                var refused = 0
                try await withConnection(server) { connection in
                    let token = try TestServer.adminToken()
                    for number in 0..<300 {
                        let answer = try await connection.request(
                            "POST", "/v1/rooms",
                            headers: [
                                "Authorization: Bearer \(token)", "Content-Type: application/json",
                            ], body: #"{"name":"flood \#(number)","emptySeconds":1}"#)
                        switch answer.code {
                        case nil: made += 1
                        case .tooManyRooms: refused += 1
                        default: Issue.record("\(answer)")
                        }
                    }
                }
                #expect(made >= 19 && refused > 0 && made + refused == 300)
                let list = try await server.admin("GET", "/v1/rooms").decoded(RoomList.self)
                #expect(list.rooms.count <= 20)
                try await client.send(.ping(client.nextID()))
                guard case .pong = try await client.next() else { throw TestFailure("no pong") }
                // Nobody entered them: they go by themselves and leave room for others.
                try await eventually("the rooms have gone") {
                    try await server.admin("GET", "/v1/rooms").decoded(RoomList.self).rooms.count
                        == 1
                }
                #expect(
                    try await server.admin("POST", "/v1/rooms", #"{"name":"after"}"#).status == 201)
            }
        }
    }

    @Test func roomsThatAreMadeAndClosedAtOnceFromManySidesStayConsistent() async throws {
        try await withServer {
            $0.rooms.roomsMax = 3
        } _: { server in
            try await withThrowingTaskGroup(of: [Int].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var statuses: [Int] = []
                        for _ in 0..<25 {
                            let body = #"{"name":"same"}"#
                            statuses.append(
                                try await server.admin("POST", "/v1/rooms", body).status)
                            statuses.append(
                                try await server.admin("DELETE", "/v1/rooms/same").status)
                        }
                        return statuses
                    }
                }
                var statuses: [Int] = []
                for try await some in group { statuses += some }
                #expect(Set(statuses).isSubset(of: [201, 204, 404, 409]))
                // Each room that was made was closed once.
                #expect(statuses.count { $0 == 201 } == statuses.count { $0 == 204 })
            }
            #expect(try await server.admin("GET", "/v1/rooms").body == #"{"rooms":[]}"#)
        }
    }

    @Test func aServerThatStopsMakesNoMoreRooms() async throws {
        try await withServer { server in
            try await withConnection(server) { connection in
                try await withClient(server) { client in
                    try await client.join("daily")
                    server.stop()
                    try await client.expectDisconnected(.serverShutdown)
                    let answer = try await connection.request(
                        "POST", "/v1/rooms",
                        headers: [
                            "Authorization: Bearer \(try TestServer.adminToken())",
                            "Content-Type: application/json",
                        ], body: #"{"name":"late"}"#)
                    expectRefusal(answer, .serverShuttingDown)
                }
            }
        }
    }
}
