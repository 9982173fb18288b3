// The values of single attributes, good and bad.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import SDP

@Test func rtpmapIsReadWithoutRegardToCase() {
    let text = "111 OPUS/48000/2"
    let map = value(text, RTPMap.init)
    #expect(map?.payloadType == 111)
    #expect(part(text, map?.name) == "OPUS")
    #expect(
        map.map { found in value(text) { text, _ in text.matchesInAnyCase(found.name, "opus") } }
            == true)
    #expect(map?.clockRate == 48_000)
    #expect(map?.channels == 2)
    #expect(value("9 G722/8000/1", RTPMap.init)?.channels == 1)
    for bad in [
        "", "96", "128 VP8/90000", "x VP8/90000", "96 VP8", "96 VP8/0", "96 VP8/90000/0",
        "96 a/1/2/3", "96 a/1/", "96 /90000", "96 a/4294967296", "96 a/90000/256",
    ] {
        #expect(value(bad, RTPMap.init) == nil)
    }
}

@Test func formatParametersAreFoundByName() {
    let text = "108 level-asymmetry-allowed=1; Packetization-Mode=1 ;profile-level-id=42e01f;x"
    let line = value(text, FormatParameters.init)
    func found(_ key: StaticString) -> String? {
        let range = value(text) { text, _ in
            FormatParameters.value(of: key, text, line?.parameters ?? 0..<0)
        }
        return part(text, range)
    }
    #expect(line?.payloadType == 108)
    #expect(found("packetization-mode") == "1")
    #expect(found("profile-level-id") == "42e01f")
    #expect(found("mode") == nil)
    #expect(found("x") == nil)
    #expect(part("101 0-15", value("101 0-15", FormatParameters.init)?.parameters) == "0-15")
    #expect(value("0-15", FormatParameters.init) == nil)
}

@Test func feedbackMayBeMeantForEveryFormat() {
    let every = value("* nack pli", FeedbackLine.init)
    #expect(every != nil && every?.payloadType == nil)
    #expect(part("* nack pli", every?.mechanism) == "nack pli")
    #expect(part("96  CCM fir ", value("96  CCM fir ", FeedbackLine.init)?.mechanism) == "CCM fir")
    #expect(value("nack", FeedbackLine.init) == nil)
    #expect(value("** nack", FeedbackLine.init) == nil)
}

@Test func extensionDirectionIsRead() {
    let text = "8/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id x=y"
    let line = value(text, ExtensionMapping.init)
    #expect(line?.id == 8)
    #expect(line?.direction == .sendonly)
    #expect(line?.direction?.reversed == .recvonly)
    #expect(part(text, line?.uri) == "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id")
    for bad in ["0 u", "15 u", "256 u", "4096 u", "3", "3/both u", "3/ u"] {
        #expect(value(bad, ExtensionMapping.init) == nil)
    }
}

@Test func simulcastListsAreRead() {
    func layers(_ text: String) -> (sent: [String]?, received: [String]?) {
        let line = value(text, SimulcastLine.init)
        return (parts(text, line?.sent), parts(text, line?.received))
    }
    #expect(layers("send q;h;f").sent == ["q", "h", "f"])
    #expect(layers("send 1,4;~2 recv 3").sent == ["1", "2"])
    #expect(layers("recv 3 send 1;2").received == ["3"])
    for bad in [
        "", "send", "send a;;b", "send a send b", "send a recv", "send a recv b send c",
        "send a\u{301}", "both a", "send ~", "send " + String(repeating: "r", count: 17),
    ] {
        #expect(value(bad, SimulcastLine.init) == nil)
    }
    let restricted = "q send pt=96;max-width=320"
    let line = value(restricted, RIDLine.init)
    #expect(part(restricted, line?.id) == "q" && line?.isSent == true)
    #expect(part(restricted, line?.restrictions) == "pt=96;max-width=320")
    #expect(value("q both", RIDLine.init) == nil)
}

@Test func groupsAndStreamsAreRead() {
    #expect(value("FID 1 2", SSRCGroupLine.init)?.ssrcs == [1, 2])
    #expect(value("FID 1 4294967296", SSRCGroupLine.init) == nil)
    let named = value("7 cname:a:b", SSRCLine.init)
    #expect(named?.ssrc == 7 && part("7 cname:a:b", named?.attribute) == "cname")
    #expect(part("7 cname:a:b", named?.value) == "a:b")
    let alone = value("7", SSRCLine.init)
    #expect(alone?.attribute.isEmpty == true && alone?.value == nil)
    #expect(value("-7 cname:a", SSRCLine.init) == nil)
    #expect(parts("BUNDLE 0 1", value("BUNDLE 0 1", GroupLine.init)?.mids) == ["0", "1"])
    #expect(value("BUNDLE", GroupLine.init)?.mids == [])
}

/// Numbers are taken as `UInt32(_: String)` takes them, with a sign, and so are their bounds.
@Test(
    arguments: [
        "", "0", "7", "007", "+7", "-7", "-0", "-00", "+", "-", "+-7", "7 ", "4294967295",
        "4294967296", "+4294967295", "99999999999999999999", "0x7", "7_0", "\u{664}",
    ])
func numbersAreReadAsSwiftReadsThem(text: String) {
    #expect(value(text) { $0.number($1) } == UInt32(text))
    #expect(value(text) { $0.number($1, most: 255) } == UInt8(text).map(UInt32.init))
    let isPlain = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    #expect(value(text) { $0.digits($1) } == (isPlain ? UInt32(text) : nil))
}

@Test func fingerprintsAreReadAndWritten() {
    let line = FingerprintLine("SHA-256 AB:cd:0F")
    #expect(line?.algorithm == "sha-256")
    #expect(line?.bytes == [0xAB, 0xCD, 0x0F])
    #expect(FingerprintLine.text([0xAB, 0xCD, 0x0F]) == "AB:CD:0F")
    for bad in ["sha-256", "sha-256 A", "sha-256 AB:", "sha-256 +A:00", "sha-256 GG"] {
        #expect(FingerprintLine(bad) == nil)
    }
}

@Test func candidatesAreReadAndWritten() {
    let text =
        "3493960473 1 udp 2122265343 fd00::2 60439 typ host generation 0 ufrag oF/g network-id 2"
    let line = CandidateLine(text)
    #expect(line?.address == NetworkAddress(ipv6High: 0xFD00 << 48, low: 2, port: 60439))
    #expect(line?.priority == 2_122_265_343)
    #expect(line?.usernameFragment == "oF/g")
    #expect(CandidateLine(line?.text ?? "")?.text == line?.text)
    let name = CandidateLine("1 1 UDP 5 a4b2.local 9 typ host")
    #expect(name?.address == nil && name?.host == "a4b2.local" && name?.transport == "udp")
    #expect(CandidateLine("1 1 tcp 5 192.0.2.2 9 typ host tcptype active")?.tcpType == "active")
}

/// Values as Chromium 156, Firefox and the examples of RFC 8839 §5.1 and RFC 6544 §4.5 write them.
private let candidateValues = [
    "1 1 UDP 2130706431 203.0.113.141 8998 typ host",
    "2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998",
    "842163049 1 udp 1677729535 2001:db8::1 55555 typ srflx raddr 0.0.0.0 rport 0"
        + " generation 0 ufrag EsAw network-id 1 network-cost 10",
    "1467250027 1 tcp 1518283007 192.168.0.196 9 typ host tcptype active generation 0",
    "1 1 TCP 2128609279 198.51.100.1 54321 typ host tcptype passive",
    "0 1 UDP 2122252543 ::ffff:192.0.2.1 52000 typ prflx",
]

@Test func everyTruncationAndByteOfACandidateIsReadOrRefused() {
    for value in candidateValues {
        let bytes = Array(value.utf8)
        #expect(CandidateLine(value)?.address != nil)
        for index in bytes.indices {
            _ = CandidateLine(String(decoding: bytes[..<index], as: UTF8.self))
            for byte in UInt8.min...UInt8.max {
                var changed = bytes
                changed[index] = byte
                guard let line = CandidateLine(String(decoding: changed, as: UTF8.self)) else {
                    continue
                }
                #expect(CandidateLine(line.text) == line)
            }
        }
    }
}

@Test(
    arguments: [
        "", "1", "1 1", "1 1 udp", "1 1 udp 5", "1 1 udp 5 192.0.2.2", "1 1 udp 5 192.0.2.2 9 typ",
        "1 1 udp 5 192.0.2.2 9 host", "1 0 udp 5 192.0.2.2 9 typ host",
        "1 257 udp 5 192.0.2.2 9 typ host", "1 -1 udp 5 192.0.2.2 9 typ host",
        "1 +1 udp 5 192.0.2.2 9 typ host", "1 1 udp -5 192.0.2.2 9 typ host",
        "1 1 udp +5 192.0.2.2 9 typ host", "1 1 udp 4294967296 192.0.2.2 9 typ host",
        "1 1 udp 5 192.0.2.2 99999 typ host", "1 1 udp 5 192.0.2.2 65536 typ host",
        "1 1 udp 5 192.0.2.2 +9 typ host", "1 1 udp 5 192.0.2.2 9 type host",
        "a-b 1 udp 5 192.0.2.2 9 typ host", "é 1 udp 5 192.0.2.2 9 typ host",
        "123456789012345678901234567890123 1 udp 5 192.0.2.2 9 typ host",
        "1 1 udp 5 192.0.2.2 9 typ host" + String(repeating: " a b", count: 300),
    ])
func aBrokenCandidateIsRefused(value: String) {
    #expect(CandidateLine(value) == nil)
}

@Test(
    arguments: [
        "0177.0.0.1", "2130706433", "0x7f000001", "127.1", "fe80::1%eth0", "example.org", "a.local",
    ])
func aHostThatIsNoPlainAddressHasNone(host: String) {
    let line = CandidateLine("1 1 udp 5 \(host) 9 typ host")
    #expect(line?.host == host)
    #expect(line?.address == nil)
}

/// RFC 9725 figure 3, with its ICE restart.
private let fragmentText = """
    a=ice-ufrag:EsAw\r
    a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r
    m=audio 9 UDP/TLS/RTP/SAVPF 0\r
    a=mid:0\r
    a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r
    a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host generation 0 ufrag EsAw network-id 2\r
    a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0 ufrag EsAw network-id 1\r
    a=end-of-candidates\r

    """

@Test func trickleFragmentIsReadAndWritten() throws {
    let fragment = try TrickleFragment.parse(fragmentText)
    #expect(fragment.usernameFragment == "EsAw")
    #expect(fragment.password == "P2uYro0UCOQ4zxjKXaWCBui1")
    #expect(fragment.mid == "0")
    #expect(fragment.candidates.count == 3)
    #expect(fragment.isComplete)
    #expect(try TrickleFragment.parse(fragment.serialized()) == fragment)
    #expect(try TrickleFragment.parse("") == TrickleFragment(usernameFragment: nil, password: nil))
}

@Test func trickleFragmentIsCapped() throws {
    #expect(throws: SDPError.self) {
        try TrickleFragment.parse(String(repeating: "a=x\n", count: 10_000))
    }
    let many = String(repeating: "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\n", count: 300)
    #expect(try TrickleFragment.parse(many).candidates.count == TrickleFragment.candidatesMax)
    #expect(throws: SDPError.malformed(line: 1)) { try TrickleFragment.parse("nonsense") }
    let bytes = Array(fragmentText.utf8)
    for index in bytes.indices {
        _ = try? TrickleFragment.parse(String(decoding: bytes[..<index], as: UTF8.self))
        var changed = bytes
        changed[index] ^= 0x15
        _ = try? TrickleFragment.parse(String(decoding: changed, as: UTF8.self))
    }
}
