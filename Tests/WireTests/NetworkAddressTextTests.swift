// Addresses as text: strict reading and canonical writing.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Wire

struct NetworkAddressTextTests {
    @Test(arguments: ["0.0.0.0", "127.0.0.1", "192.0.2.200", "255.255.255.255"])
    func dottedIPv4ComesBackAsItWas(text: String) throws {
        let address = try #require(NetworkAddress(host: text, port: 9))
        #expect(!address.isIPv6)
        #expect(address.hostText == text)
        #expect(NetworkAddress("\(text):65535")?.description == "\(text):65535")
    }

    @Test(arguments: [
        "", ".", "1", "2130706433", "0177.0.0.1", "01.2.3.4", "127.1", "1.2.3", "1.2.3.4.",
        ".1.2.3.4", "1.2.3.4.5", "1.2.3.256", "1.2.3.999", "1.2.3.1000", "0x7f.0.0.1", "1..2.3",
        "1.2.3.4 ", " 1.2.3.4", "1.2.3.+4", "1.2.3.-4", "1.2.3.a", "00.0.0.0", "١.2.3.4",
        "localhost", "a.local", String(repeating: "1", count: 100_000),
    ])
    func trickyIPv4IsRefused(text: String) {
        #expect(NetworkAddress(host: text, port: 1) == nil)
    }

    @Test(arguments: [
        // RFC 5952 §1, §4 and §5.
        ("2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"),
        ("2001:db8::1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("2001:db8:0:0:0::1", "2001:db8::1"),
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("fe80::ABCD", "fe80::abcd"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ])
    func ipv6IsWrittenAsRFC5952Wants(text: String, canonical: String) throws {
        let address = try #require(NetworkAddress(host: text, port: 80))
        #expect(address.isIPv6)
        #expect(address.hostText == canonical)
        #expect(NetworkAddress(host: canonical, port: 80) == address)
        #expect(NetworkAddress("[\(text)]:80") == address)
        #expect(address.description == "[\(canonical)]:80")
    }

    @Test(arguments: [
        ":", ":::", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::",
        "::g", "::1%eth0", "fe80::1%1", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "[::1]",
        "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "::01.2.3.4", "::1.2.3.4:5", "1:2:3:4:5:6:7:",
        "::ffff:0177.0.0.1", "::ffff:2130706433", ":1:2:3:4:5:6:7", "1:::2",
    ])
    func brokenIPv6IsRefused(text: String) {
        #expect(NetworkAddress(host: text, port: 1) == nil)
    }

    @Test(arguments: ["::ffff:127.0.0.1", "::FFFF:7f00:1", "0:0:0:0:0:ffff:7f00:0001"])
    func mappedIPv4IsIPv4(text: String) {
        let address = NetworkAddress(host: text, port: 7)
        #expect(address == NetworkAddress(ipv4: 0x7F00_0001, port: 7))
        #expect(address?.isLoopback == true)
        #expect(NetworkAddress("[\(text)]:7") == address)
    }

    @Test(arguments: [
        "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:080", "1.2.3.4:-1", "::1:80", "[::1]",
        "[::1]80", "[::1:80", "::1]:80", "[]:80", "[1.2.3.4]x:80", ":80", "[:80", "]:80", "",
        "1.2.3.4:999999", "1.2.3.4:+5",
    ])
    func brokenHostAndPortIsRefused(text: String) {
        #expect(NetworkAddress(text) == nil)
    }

    @Test func everyChangeOfOneByteIsReadOrRefused() {
        for sample in ["192.0.2.1", "2001:db8::1:0:0:1", "::ffff:192.0.2.1", "1:2:3:4:5:6:7:8"] {
            let bytes = Array(sample.utf8)
            for index in bytes.indices {
                for value in UInt8.min...UInt8.max {
                    var changed = bytes
                    changed[index] = value
                    if let read = NetworkAddress(hostBytes: changed.span, port: 1) {
                        #expect(NetworkAddress(host: read.hostText, port: 1) == read)
                    }
                }
                _ = NetworkAddress(hostBytes: bytes.span.extracting(0..<index), port: 1)
            }
        }
    }
}
