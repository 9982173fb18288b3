// The values of single attributes, good and bad.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import SDP

@Test func rtpmapIsReadWithoutRegardToCase() {
    let map = RTPMap("111 OPUS/48000/2")
    #expect(map?.payloadType == 111)
    #expect(map?.name == "opus")
    #expect(map?.clockRate == 48_000)
    #expect(map?.channels == 2)
    #expect(RTPMap("9 G722/8000/1")?.channels == 1)
    for bad in [
        "", "96", "128 VP8/90000", "x VP8/90000", "96 VP8", "96 VP8/0", "96 VP8/90000/0",
        "96 a/1/2/3",
    ] {
        #expect(RTPMap(bad) == nil)
    }
}

@Test func formatParametersAreFoundByName() {
    let line = FormatParameters(
        "108 level-asymmetry-allowed=1; Packetization-Mode=1 ;profile-level-id=42e01f")
    #expect(line?.value(of: "packetization-mode") == "1")
    #expect(line?.value(of: "profile-level-id") == "42e01f")
    #expect(line?.value(of: "mode") == nil)
    #expect(FormatParameters("101 0-15")?.text == "0-15")
}

@Test func feedbackMayBeMeantForEveryFormat() {
    #expect(FeedbackLine("* nack pli")?.payloadType == nil)
    #expect(FeedbackLine("96 CCM fir")?.mechanism == "ccm fir")
    #expect(FeedbackLine("nack") == nil)
}

@Test func extensionDirectionIsRead() {
    let line = ExtensionMapping("8/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id x=y")
    #expect(line?.id == 8)
    #expect(line?.direction == .sendonly)
    #expect(line?.direction?.reversed == .recvonly)
    for bad in ["0 u", "15 u", "256 u", "4096 u", "3", "3/both u"] {
        #expect(ExtensionMapping(bad) == nil)
    }
}

@Test func simulcastListsAreRead() {
    #expect(SimulcastLine("send q;h;f")?.sent == ["q", "h", "f"])
    #expect(SimulcastLine("send 1,4;~2 recv 3")?.sent == ["1", "2"])
    #expect(SimulcastLine("recv 3 send 1;2")?.received == ["3"])
    for bad in [
        "send", "send a;;b", "send a send b", "send a\u{301}", "both a",
        "send " + String(repeating: "r", count: 17),
    ] {
        #expect(SimulcastLine(bad) == nil)
    }
    #expect(RIDLine("q send pt=96;max-width=320")?.restrictions == "pt=96;max-width=320")
    #expect(RIDLine("q both") == nil)
}

@Test func groupsAndStreamsAreRead() {
    #expect(SSRCGroupLine("FID 1 2")?.ssrcs == [1, 2])
    #expect(SSRCGroupLine("FID 1 4294967296") == nil)
    #expect(SSRCLine("7 cname:a:b")?.value == "a:b")
    #expect(SSRCLine("-7 cname:a") == nil)
    #expect(GroupLine("BUNDLE 0 1")?.mids == ["0", "1"])
    #expect(GroupLine("BUNDLE")?.mids == [])
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
