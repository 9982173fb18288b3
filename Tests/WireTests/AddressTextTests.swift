// Numeric addresses as text.
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Wire

@Test(arguments: [
    ("127.0.0.1", "127.0.0.1"), ("255.255.255.255", "255.255.255.255"), ("0.0.0.0", "0.0.0.0"),
    ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("fd00::2", "fd00::2"),
    ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("::ffff:192.0.2.1", "192.0.2.1"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1::3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
])
func addressReadsAndHasOneSpelling(_ sample: (String, String)) throws {
    let address = try #require(NetworkAddress(host: sample.0, port: 7))
    #expect(address.hostText == sample.1)
    #expect(NetworkAddress(host: address.hostText, port: 7) == address)
}

@Test(arguments: [
    "", "1", "127.1", "0x7f.0.0.1", "010.0.0.1", "1.2.3.256", "1.2.3.4.5", "1.2.3.", ":", ":::",
    "1:::2",
    "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", ":1", "1:", "12345::", "fe80::1%eth0", "[::1]",
    "1:2:3:4:5:6:7:8::", "::1.2.3", "+1.2.3.4", "1.2.3.4 ", "g::",
])
func addressInAnotherFormIsRefused(_ text: String) {
    #expect(NetworkAddress(host: text, port: 7) == nil)
}
