// That names of sources reach FFmpeg as what they are, and nothing else does.
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import MediaFiles

@Suite struct SourceTests {
    @Test func pathsStayPaths() throws {
        for (given, url, name) in [
            ("a.mp4", "file:a.mp4", "a.mp4"), ("/x/a b?.mkv", "file:/x/a b?.mkv", "/x/a b?.mkv"),
            ("./a:b.mp4", "file:./a:b.mp4", "./a:b.mp4"),
            ("file:a:b.mp4", "file:a:b.mp4", "a:b.mp4"),
            ("file:///x/a.mp4", "file:/x/a.mp4", "/x/a.mp4"),
            ("%03d.jpg", "file:%03d.jpg", "%03d.jpg"),
        ] {
            let source = try MediaFileSource(given)
            #expect(source.url == url)
            #expect(source.isLocal)
            #expect(source.protocols == "file")
            #expect(source.name == name)
        }
    }

    @Test func addressesBringTheirOwnProtocolsAndKeepPasswordsOutOfMessages() throws {
        let camera = try MediaFileSource("RTSP://me:pass@word@cam.example:554/live?token=x")
        for (other, isPushed) in [
            ("rtmps://cam.example/live", true), ("rtsp.mp4", false),
            ("https://rtmp.example/film.m3u8", false),
        ] {
            #expect(try MediaFileSource(other).isPushed == isPushed)
        }
        #expect(camera.isPushed)
        #expect(camera.url == "rtsp://me:pass@word@cam.example:554/live?token=x")
        #expect(camera.name == "rtsp://cam.example:554/live")
        #expect(!camera.isLocal)
        for address in [
            "http://h/x.m3u8?k=1", "https://u:p@h/x", "rtmp://h/app/key", "rtmps://h", "rtsps://h",
        ] {
            let source = try MediaFileSource(address)
            let protocols = source.protocols.split(separator: ",")
            #expect(!protocols.contains("file"))
            #expect(!source.name.contains("k=1") && !source.name.contains("u:p"))
        }
    }

    @Test(arguments: [
        "concat:a.mp4|b.mp4", "subfile,,start,0,end,9,,:/etc/passwd", "data:text/plain,x", "pipe:0",
        "crypto:a", "async:file:a", "cache:http://x", "udp://239.0.0.1:1", "tcp://h:1", "ftp://h/x",
        "http:h", "rtmp:x", "srt://h", "unix:x", "hls+file:x", "ipfs://x", "lavfi:x", ":x",
    ])
    func otherSchemesAreNotOpened(source: String) {
        let scheme = String(source.prefix { $0 != ":" })
        #expect(throws: MediaFileError.schemeNotAllowed(scheme)) { try MediaFileSource(source) }
    }

    @Test func nonsenseIsRefused() {
        for source in ["", "a\0b", "file:", String(repeating: "x", count: 5_000)] {
            #expect(throws: MediaFileError.self) { try MediaFileSource(source) }
        }
    }
}
