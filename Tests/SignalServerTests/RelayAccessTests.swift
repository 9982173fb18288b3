// Who is let in is told of the relays, with credentials of its own, over the WebSocket and over HTTP.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling
import Testing

@testable import SignalServer

@Suite(.timeLimit(.minutes(1)))
struct RelayAccessTests {
    private static let urls = ["turn:192.0.2.3:3478?transport=udp", "turns:turn.example.com:443"]
    private static let sdp = "Content-Type: application/sdp"

    private func relays() throws -> RelayServers {
        try RelayServers(
            urls: Self.urls.map { try RelayURL($0) }, secret: TestServer.secret,
            lifetimeSeconds: 3_600)
    }

    @Test func joinedTellsTheRelays() async throws {
        let relays = try relays()
        try await withServer {
            $0.relays = relays
        } _: { server in
            try await withClient(server) { client in
                let before = ServerClock().unixSeconds
                let told = try #require(try await client.join(as: "anna").iceServers.first)
                let after = ServerClock().unixSeconds
                #expect(told.urls == Self.urls)
                let possible = try (before...after).map {
                    relays.access(for: try ParticipantID("anna"), unixNow: $0)
                }
                #expect(possible.contains(told))
            }
        }
    }

    @Test func whoComesBackIsToldOthersAtOnce() async throws {
        let relays = try relays()
        try await withServer {
            $0.relays = relays
        } _: { server in
            var session: SessionID?
            try await withClient(server) { client in
                session = try await client.join(
                    as: "anna", options: JoinOptions(resume: true)
                ).session
            }
            let known = try #require(session)
            try await withClient(server) { client in
                let before = ServerClock().unixSeconds
                guard case .resumed(_, 0) = try await client.resume(known),
                    case .iceServersChanged(let told) = try await client.next()
                else { throw TestFailure("not told") }
                let after = ServerClock().unixSeconds
                let possible = try (before...after).map {
                    relays.access(for: try ParticipantID("anna"), unixNow: $0)
                }
                #expect(told.count == 1)
                #expect(possible.contains(try #require(told.first)))
            }
        }
    }

    @Test func answersOverHTTPHaveALinkForEachRelay() async throws {
        let relays = try relays()
        try await withServer {
            $0.relays = relays
        } _: { server in
            for path in ["/whip/demo?participant=obs", "/whep/demo"] {
                let made = try await request(
                    server, "POST", path, headers: [Self.sdp],
                    body: path.hasPrefix("/whip") ? TestOffer.whip : TestOffer.whep)
                #expect(made.status == 201)
                #expect(made.header("access-control-expose-headers")?.contains("Link") == true)
                let links = made.headers.filter { $0.name == "link" }.map(\.value)
                #expect(links.count == 2)
                for (link, url) in zip(links, Self.urls) {
                    #expect(link.hasPrefix("<\(url)>; rel=\"ice-server\"; username=\""))
                    #expect(link.hasSuffix("\"; credential-type=\"password\""))
                }
            }
            // Who is not let in is told nothing.
            let refused = try await request(
                server, "POST", "/whip/demo", headers: [Self.sdp, "Authorization: Bearer x"],
                body: TestOffer.whip)
            #expect(refused.status == 401)
            #expect(refused.header("link") == nil)
        }
    }

    @Test func withoutRelaysNothingIsSaidOfThem() async throws {
        try await withServer { server in
            let made = try await request(
                server, "POST", "/whip/demo", headers: [Self.sdp], body: TestOffer.whip)
            #expect(made.status == 201 && made.header("link") == nil)
            try await withClient(server) { client in
                let reply = try await client.join(as: "anna")
                #expect(reply.iceServers.isEmpty)
            }
        }
    }
}
