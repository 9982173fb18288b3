// Addresses as text.
// SPDX-License-Identifier: Apache-2.0
import MediaIO
import Testing
import Wire

@Suite struct NetworkAddressTextTests {
    @Test func textReadsBackAsTheSameAddress() {
        for text in [
            "127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:5", "[2001:db8::7]:443",
        ] {
            #expect(NetworkAddress(hostAndPort: text)?.text == text)
        }
        #expect(NetworkAddress(host: "2001:db8::1", port: 1)?.text == "[2001:db8::1]:1")
        #expect(NetworkAddress(hostAndPort: "[::ffff:127.0.0.1]:9")?.text == "127.0.0.1:9")
    }

    @Test func whatIsNotANumericAddressIsRefused() {
        for text in [
            "", ":", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.1:80",
            "2130706433:80", "0177.0.0.1:80", "::1:80", "[::1]", "[::1:80", "127.0.0.1:-1",
            "127.0.0.1 :80", "[127.0.0.1:80",
        ] {
            #expect(NetworkAddress(hostAndPort: text) == nil, "\(text)")
        }
    }
}
