// What the HTTP port answers to whom.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import NIOCore
import Testing

@testable import SignalServer

@Suite(.timeLimit(.minutes(1)))
struct HTTPFaceTests {
    @Test func healthIsTold() async throws {
        try await withServer { server in
            let answer = try await request(server, "GET", "/healthz")
            #expect(answer.status == 200)
            #expect(answer.body == "ok\n")
        }
    }

    @Test func metricsShowLoopsRoomsAndDrops() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                try await client.join()
                let answer = try await request(server, "GET", "/metrics")
                #expect(answer.status == 200)
                #expect(
                    answer.header("content-type")?.hasPrefix("text/plain; version=0.0.4") == true)
                #expect(answer.body.contains("\nmartlet_rooms 1\n"))
                #expect(answer.body.contains("\nmartlet_participants 1\n"))
                #expect(answer.body.contains("martlet_packets_total{direction=\"in\"} 1234\n"))
                #expect(answer.body.contains("martlet_drops_total{reason=\"unknown_peer\"} 7\n"))
            }
        }
    }

    @Test func filesAreServedWithTheirTypesAndChecked() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "martlet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("<p>page</p>".utf8).write(to: folder.appendingPathComponent("index.html"))
        try Data("let a = 1".utf8).write(to: folder.appendingPathComponent("martlet.js"))
        let root = folder.path
        try await withServer {
            $0.webRoot = root
        } _: { server in
            let page = try await request(server, "GET", "/?room=demo")
            #expect(page.status == 200)
            #expect(page.body == "<p>page</p>")
            #expect(page.header("content-type")?.hasPrefix("text/html") == true)
            #expect(page.header("cache-control") == "no-cache")
            #expect(page.header("x-content-type-options") == "nosniff")
            #expect(page.header("referrer-policy") == "no-referrer")
            let script = try await request(server, "GET", "/martlet.js")
            #expect(script.header("content-type")?.hasPrefix("text/javascript") == true)
            let eTag = try #require(script.header("etag"))
            let again = try await request(
                server, "GET", "/martlet.js", headers: ["If-None-Match: \(eTag)"])
            #expect(again.status == 304)
            for path in ["/../secret", "/%2e%2e/secret", "/..%2fsecret", "//etc/passwd"] {
                let answer = try await request(server, "GET", path)
                #expect(answer.status == 400 || answer.status == 404, "\(path)")
            }
        }
    }

    @Test func unknownAddressesAreRefusedInJSON() async throws {
        try await withServer { server in
            let answer = try await request(server, "GET", "/nothing")
            #expect(answer.status == 404)
            #expect(answer.header("content-type") == "application/json")
            #expect(answer.body.contains("\"code\":1011"))
            let plain = try await request(server, "GET", "/v1/signal")
            #expect(plain.status == 426)
        }
    }

    @Test func upgradesElsewhereAreNotUpgraded() async throws {
        try await withServer { server in
            let answer = try await request(
                server, "GET", "/healthz",
                headers: [
                    "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                ])
            #expect(answer.status == 200)
        }
    }

    @Test func requestsThatOfferHTTP2AreAnsweredAsTheyAre() async throws {
        try await withServer { server in
            let answer = try await request(
                server, "POST", "/whip/demo",
                headers: [
                    "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                    "HTTP2-Settings: AAMAAABk",
                    "Content-Type: application/sdp",
                ], body: TestOffer.whip)
            #expect(answer.status == 201)
        }
    }

    @Test func aConnectionServesSeveralRequests() async throws {
        try await withServer { server in
            try await withConnection(server) { connection in
                for _ in 0..<3 {
                    let answer = try await connection.request("GET", "/healthz")
                    #expect(answer.status == 200)
                }
            }
        }
    }

    @Test func declaredBodiesTooLargeAreRefusedUnread() async throws {
        try await withServer { server in
            try await withConnection(server) { connection in
                try await connection.write(
                    "POST /whip/demo HTTP/1.1\r\nHost: a\r\nContent-Type: application/sdp\r\n"
                        + "Content-Length: 1000000000\r\n\r\n")
                let answer = try #require(await connection.readAnswer())
                #expect(answer.status == 413)
                #expect(answer.body.contains("\"code\":1001"))
            }
            #expect(try await request(server, "GET", "/healthz").status == 200)
        }
    }

    @Test func undeclaredBodiesAreCutOff() async throws {
        try await withServer { server in
            try await withConnection(server) { connection in
                try await connection.write(
                    "POST /whip/demo HTTP/1.1\r\nHost: a\r\nContent-Type: application/sdp\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n")
                let chunk = "8000\r\n" + String(repeating: "a", count: 0x8000) + "\r\n"
                for _ in 0..<12 { try? await connection.write(chunk) }
                let answer = try #require(await connection.readAnswer())
                #expect(answer.status == 413)
            }
            #expect(try await request(server, "GET", "/healthz").status == 200)
        }
    }

    @Test func oversizeHeadersAreRefused() async throws {
        try await withServer { server in
            try await withConnection(server) { connection in
                try? await connection.write(
                    "GET / HTTP/1.1\r\nHost: a\r\nX-Big: "
                        + String(repeating: "a", count: 100_000) + "\r\n\r\n")
                let answer = await connection.readAnswer()
                #expect(answer == nil || answer?.status == 400 || answer?.status == 431)
                await connection.readToEnd()
            }
            #expect(try await request(server, "GET", "/healthz").status == 200)
        }
    }

    @Test func aHeadThatTricklesIsCutOff() async throws {
        try await withServer {
            $0.limits.headerTimeout = .milliseconds(150)
        } _: { server in
            try await withConnection(server) { connection in
                let head = Array("GET / HTTP/1.1\r\nHost: slow\r\n".utf8)
                var wasCut = false
                for byte in head + head {
                    do {
                        try await connection.write([byte])
                    } catch {
                        wasCut = true
                        break
                    }
                    try await Task.sleep(for: .milliseconds(10))
                }
                if !wasCut { await connection.readToEnd() }
            }
        }
    }

    @Test func aBodyThatTricklesIsCutOff() async throws {
        try await withServer {
            $0.limits.bodyTimeout = .milliseconds(150)
        } _: { server in
            try await withConnection(server) { connection in
                try await connection.write(
                    "POST /whip/demo HTTP/1.1\r\nHost: a\r\nContent-Type: application/sdp\r\n"
                        + "Content-Length: 1000\r\n\r\nv=0")
                await connection.readToEnd()
            }
        }
    }

    @Test func anIdleConnectionIsClosed() async throws {
        try await withServer {
            $0.limits.idleTimeout = .milliseconds(150)
        } _: { server in
            try await withConnection(server) { connection in
                let answer = try await connection.request("GET", "/healthz")
                #expect(answer.status == 200)
                await connection.readToEnd()
            }
        }
    }

    @Test func garbageGetsAnEnd() async throws {
        try await withServer { server in
            let samples = [
                "\0\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\r\n\r\nx",
            ]
            for garbage in samples {
                try await withConnection(server) { connection in
                    try await connection.write(garbage)
                    try? await connection.channel.close(mode: .output)
                    await connection.readToEnd()
                }
            }
            #expect(try await request(server, "GET", "/healthz").status == 200)
        }
    }
}
