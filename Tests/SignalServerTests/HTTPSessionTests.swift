// WHIP (RFC 9725) and WHEP: status codes, addresses, and that their sessions are members of rooms.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling
import Testing
import Wire

@testable import SignalServer

@Suite(.timeLimit(.minutes(1)))
struct HTTPSessionTests {
    private static let sdp = "Content-Type: application/sdp"
    private static let fragment = "Content-Type: application/trickle-ice-sdpfrag"

    @Test func aPercentSignInANameIsReadAsItWasMeant() async throws {
        try await withServer { server in
            let published = try await request(
                server, "POST", "/whip/demo?participant=50%25&name=100%25%20Ada",
                headers: [Self.sdp], body: TestOffer.whip)
            #expect(published.status == 201)
            let seen = try await server.admin("GET", "/v1/rooms/demo/participants/50%25")
                .decoded(ParticipantDescription.self)
            #expect(seen.participant.name?.text == "100% Ada")
        }
    }

    @Test func aWHIPSessionIsAParticipantUntilDeleted() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                try await client.join(as: "anna")
                let made = try await request(
                    server, "POST", "/whip/demo?participant=obs", headers: [Self.sdp],
                    body: TestOffer.whip)
                #expect(made.status == 201)
                #expect(made.header("content-type") == "application/sdp")
                #expect(made.header("accept-patch") == "application/trickle-ice-sdpfrag")
                #expect(made.header("access-control-allow-origin") == "*")
                let eTag = try #require(made.header("etag"))
                #expect(eTag.hasPrefix("\"") && eTag.hasSuffix("\""))
                #expect(made.body.contains("a=recvonly"))
                let location = try #require(made.header("location"))
                #expect(location.hasPrefix("/whip/demo/"))
                #expect(location.utf8.count > 30)

                guard case .participantJoined(let info) = try await client.next() else {
                    throw TestFailure("nobody joined")
                }
                #expect(info.id.text == "obs")
                var sources: [TrackSource] = []
                while sources.count < 2 {
                    if case .trackPublished(_, let track) = try await client.next() {
                        sources.append(track.source)
                    }
                }
                #expect(sources == [.microphone, .camera])
                try await server.plane.waitFor("slot 1/3 2/1")

                let deleted = try await request(server, "DELETE", location)
                #expect(deleted.status == 200)
                try await server.plane.waitFor("remove 2")
                #expect(try await request(server, "DELETE", location).status == 404)
            }
        }
    }

    @Test func patchesTrickleAndCheckTheTag() async throws {
        try await withServer { server in
            let made = try await request(
                server, "POST", "/whip/demo", headers: [Self.sdp], body: TestOffer.whip)
            let location = try #require(made.header("location"))
            let eTag = try #require(made.header("etag"))
            let body =
                "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdef0123456789\r\nm=audio 9 RTP/AVP 0\r\n"
                + "a=mid:0\r\na=candidate:1 1 udp 2130706431 192.0.2.9 5000 typ host\r\n"
                + "a=end-of-candidates\r\n"
            func patch(_ headers: [String], _ body: String) async throws -> Int {
                try await request(server, "PATCH", location, headers: headers, body: body).status
            }
            #expect(try await patch([Self.fragment, "If-Match: \(eTag)"], body) == 204)
            #expect(try await patch([Self.fragment], body) == 428)
            #expect(try await patch([Self.fragment, "If-Match: \"old\""], body) == 412)
            #expect(try await patch([Self.sdp, "If-Match: \(eTag)"], body) == 415)
            #expect(try await patch([Self.fragment, "If-Match: \(eTag)"], "nonsense") == 400)
            let restart = "a=ice-ufrag:wxyz\r\na=ice-pwd:0123456789abcdef0123456789\r\n"
            #expect(try await patch([Self.fragment, "If-Match: *"], restart) == 422)
        }
    }

    @Test func wrongRequestsGetTheirCodes() async throws {
        try await withServer { server in
            func post(
                _ path: String, _ headers: [String], _ body: String
            ) async throws -> Int {
                try await request(server, "POST", path, headers: headers, body: body).status
            }
            #expect(try await post("/whip/demo", [], TestOffer.whip) == 415)
            #expect(try await post("/whip/demo", ["Content-Type: text/plain"], "x") == 415)
            #expect(try await post("/whip/demo", [Self.sdp], "x") == 400)
            #expect(try await post("/whip/%00", [Self.sdp], TestOffer.whip) == 400)
            #expect(try await post("/whip/%zz", [Self.sdp], TestOffer.whip) == 404)
            #expect(try await post("/whip/demo", [Self.sdp], TestOffer.whep) == 400)
            let long = TestOffer.whip + String(repeating: "a=x\r\n", count: 60_000)
            #expect(try await post("/whip/demo", [Self.sdp], long) == 413)
            let big = String(repeating: "a", count: 1_000_000)
            #expect(try await post("/whip/demo", [Self.sdp], big) == 413)
            for method in ["GET", "PUT", "DELETE", "PATCH"] {
                let answer = try await request(server, method, "/whip/demo")
                #expect(answer.status == 405, "\(method)")
                #expect(answer.header("allow") == "POST, OPTIONS")
            }
            #expect(try await request(server, "GET", "/whip/demo/x").status == 405)
            #expect(try await request(server, "DELETE", "/whip/demo/x").status == 404)
        }
    }

    @Test func preflightsAreAnswered() async throws {
        try await withServer { server in
            let answer = try await request(
                server, "OPTIONS", "/whip/demo",
                headers: ["Origin: https://example.org", "Access-Control-Request-Method: POST"])
            #expect(answer.status == 204)
            #expect(answer.header("access-control-allow-origin") == "*")
            #expect(answer.header("access-control-allow-methods")?.contains("POST") == true)
            #expect(
                answer.header("access-control-allow-headers")?.contains("Authorization") == true)
            #expect(answer.header("accept-post") == "application/sdp")
            let session = try await request(server, "OPTIONS", "/whep/demo/abc")
            #expect(session.header("access-control-allow-methods")?.contains("PATCH") == true)
        }
    }

    @Test func tokensAreAskedForOutsideDevelopment() async throws {
        try await withServer {
            $0.isDevelopment = false
        } _: { server in
            func post(_ path: String, _ token: String?) async throws -> RawConnection.Answer {
                try await request(
                    server, "POST", path,
                    headers: [Self.sdp] + (token.map { ["Authorization: Bearer \($0)"] } ?? []),
                    body: path.hasPrefix("/whip") ? TestOffer.whip : TestOffer.whep)
            }
            let refused = try await post("/whip/demo", nil)
            #expect(refused.status == 401)
            #expect(refused.header("www-authenticate") == "Bearer")
            #expect(refused.body.contains("\"code\":2000"))
            #expect(try await post("/whip/demo", "nonsense").status == 401)
            let other = try TestServer.token(participant: "obs", room: "other")
            #expect(try await post("/whip/demo", other).status == 403)
            let deaf = try TestServer.token(
                participant: "obs", grants: TokenGrants(publish: [], subscribe: false))
            #expect(try await post("/whip/demo", deaf).status == 403)
            #expect(try await post("/whep/demo", deaf).status == 403)
            let token = try TestServer.token(participant: "obs")
            let made = try await post("/whip/demo", token)
            #expect(made.status == 201)
            let location = try #require(made.header("location"))
            #expect(try await request(server, "DELETE", location).status == 401)
            let stranger = try TestServer.token(participant: "eve")
            let bearer = { (token: String) in "Authorization: Bearer \(token)" }
            #expect(
                try await request(server, "DELETE", location, headers: [bearer(stranger)]).status
                    == 403)
            #expect(
                try await request(server, "DELETE", location, headers: [bearer(token)]).status
                    == 200)
        }
    }

    @Test func aWHEPPlayerSeesWhoPublishes() async throws {
        try await withServer { server in
            let early = try await request(
                server, "POST", "/whep/demo?wait=0", headers: [Self.sdp], body: TestOffer.whep)
            #expect(early.status == 404)
            let waiting = try await request(
                server, "POST", "/whep/demo", headers: [Self.sdp], body: TestOffer.whep)
            #expect(waiting.status == 201)
            #expect(waiting.body.contains("a=sendonly"))
            let location = try #require(waiting.header("location"))

            let publisher = try await request(
                server, "POST", "/whip/demo?participant=obs", headers: [Self.sdp],
                body: TestOffer.whip)
            #expect(publisher.status == 201)
            try await server.plane.waitFor("slot 1/1 2/1")
            try await server.plane.waitFor("slot 1/0 2/0")

            let named = try await request(
                server, "POST", "/whep/demo/obs?wait=0", headers: [Self.sdp], body: TestOffer.whep)
            #expect(named.status == 201)
            try await server.plane.waitFor("slot 3/1 2/1")
            let absent = try await request(
                server, "POST", "/whep/demo/nobody?wait=0", headers: [Self.sdp],
                body: TestOffer.whep)
            #expect(absent.status == 404)
            #expect(try await request(server, "DELETE", location).status == 200)
            try await server.plane.waitFor("remove 1")
        }
    }

    @Test func aSilentHTTPSessionEnds() async throws {
        try await withServer {
            $0.rooms.room.livenessTimeout = .milliseconds(200)
        } _: { server in
            let made = try await request(
                server, "POST", "/whip/demo", headers: [Self.sdp], body: TestOffer.whip)
            #expect(made.status == 201)
            try await server.plane.waitFor("remove 1")
        }
    }
}
