// Reading and writing whole descriptions.
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import SDP

private let small = """
    v=0\r
    o=- 20518 2 IN IP4 203.0.113.1\r
    s= \r
    t=0 0\r
    a=group:BUNDLE a v\r
    a=ice-lite\r
    m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r
    c=IN IP4 0.0.0.0\r
    b=AS:64\r
    a=mid:a\r
    a=rtpmap:111 opus/48000/2\r
    m=video 0/2 UDP/TLS/RTP/SAVPF 96\r
    a=bundle-only\r
    a=mid:v\r

    """

@Test func descriptionIsReadAndWrittenBack() throws {
    let read = try SessionDescription.parse(small)
    #expect(read.sessionID == 20518)
    #expect(read.version == 2)
    let group = try #require(read.attributes.first { $0.name == .group }?.value)
    #expect(part(small, group) == "BUNDLE a v")
    #expect(read.attributes.map { part(small, $0.nameRange) } == ["group", "ice-lite"])
    #expect(parts(small, read.media.map(\.media)) == ["audio", "video"])
    #expect(read.media.map(\.port) == [9, 0])
    #expect(part(small, read.media[0].formats) == "111 0")
    #expect(part(small, read.media[0].connection) == "IN IP4 0.0.0.0")
    #expect(read.media[1].connection == nil)
    #expect(read.attributes(of: read.media[0]).map(\.name) == [.mid, .rtpmap])
    #expect(read.attributes(of: read.media[1]).map(\.name) == [.bundleOnly, .mid])
    #expect(try SessionDescription.parse(read.serialized()) == read)
}

@Test func bareLineFeedsAndBytesReadAlike() throws {
    let unix = small.replacing("\r\n", with: "\n")
    let bytes = Array(unix.utf8)
    #expect(try SessionDescription.parse(unix) == SessionDescription.parse(small))
    #expect(try SessionDescription.parse(bytes) == SessionDescription.parse(small))
}

@Test func largeNumbersInTheOriginAreFolded() throws {
    for number in ["-8723478234", "18446744073709551615", "99999999999999999999999999"] {
        _ = try SessionDescription.parse("v=0\r\no=- \(number) 1 IN IP4 0.0.0.0\r\n")
    }
}

@Test func capsAreCheckedBeforeAnythingIsKept() {
    let large = "v=0\n" + String(repeating: "a", count: 1 << 20)
    #expect(throws: SDPError.tooLarge(bytes: (1 << 20) + 4, limit: 262_144)) {
        try SessionDescription.parse(large)
    }
    let long = "v=0\no=- 1 1 IN IP4 0.0.0.0\na=" + String(repeating: "x", count: 20_000)
    #expect(throws: SDPError.lineTooLong(line: 3)) { try SessionDescription.parse(long) }
    let sections =
        "v=0\no=- 1 1 IN IP4 0.0.0.0\n" + String(repeating: "m=audio 9 X 0\n", count: 10_000)
    #expect(throws: SDPError.tooManySections(limit: 160)) { try SessionDescription.parse(sections) }
    #expect(throws: SDPError.tooManySections(limit: 160)) {
        try SessionDescription.parse(
            "v=0\no=- 1 1 IN IP4 0.0.0.0\n" + String(repeating: "m=audio 9 X 0\n", count: 161))
    }
}

@Test(arguments: [
    ("", SDPError.missing(type: "v")),
    ("v=1\n", .malformed(line: 1)),
    ("v=0\n", .missing(type: "o")),
    ("v=0\ns=-\n", .malformed(line: 2)),
    ("v=0\no=- x 1 IN\n", .malformed(line: 2)),
    ("v=0\no=- 1 1 IN\nhello\n", .malformed(line: 3)),
    ("v=0\no=- 1 1 IN\na=\n", .malformed(line: 3)),
    ("v=0\no=- 1 1 IN\na=:x\n", .malformed(line: 3)),
    ("v=0\no=- 1 1 IN\nm=audio\n", .malformed(line: 3)),
    ("v=0\no=- 1 1 IN\nm=audio 70000 X 0\n", .malformed(line: 3)),
    ("v=0\no=- 1 1 IN\nm=audio -1 X 0\n", .malformed(line: 3)),
    ("v=0\no=- 1 1 IN\na=mid:0\ra=x\n", .malformed(line: 3)),
    ("v=0\no=- 1 1 IN\na=mid:\0\n", .malformed(line: 3)),
    ("v=0\no=- 1 1 IN\nA=mid\n", .malformed(line: 3)),
    ("v=0\no=- 1 1 IN\nv=0\n", .malformed(line: 3)),
])
func malformedLinesAreNamed(_ sample: (String, SDPError)) {
    #expect(throws: sample.1) { try SessionDescription.parse(sample.0) }
}

@Test func whatIsNotUTF8IsRefused() {
    let bytes = Array("v=0\no=- 1 1 IN\na=x:".utf8) + [0xFF, 0x0A]
    #expect(throws: SDPError.malformed(line: 3)) {
        _ = try SessionDescription.parse(bytes)
    }
}

@Test func everyTruncationAndEveryChangedByteIsReadOrRefused() {
    let bytes = Array(small.utf8)
    for count in 0...bytes.count {
        _ = try? SessionDescription.parse(Array(bytes[..<count]))
    }
    for index in bytes.indices {
        for change: UInt8 in [0x01, 0x20, 0x80, 0xFF, bytes[index]] {
            var changed = bytes
            changed[index] ^= change
            _ = try? SessionDescription.parse(changed)
        }
    }
}

/// Found by fuzzing: a blank at the end stood for a format, and what was written could not be read.
@Test func aSectionWithoutFormatsIsRefused() {
    #expect(throws: SDPError.malformed(line: 3)) {
        _ = try SessionDescription.parse("v=0\no=- 7 7 IN IP4 0.0.0.0\nm=` 7 `77770 \n")
    }
}
