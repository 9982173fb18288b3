// What a network address promises.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@Suite struct NetworkAddressTests {
    @Test func mappedIPv4IsTheSameHostAsIPv4() {
        let mapped = NetworkAddress(ipv6High: 0, low: 0xFFFF_7F00_0001, port: 7)
        #expect(mapped == NetworkAddress(ipv4: 0x7F00_0001, port: 7))
        #expect(mapped.isLoopback)
    }

    @Test func sequenceNumbersUnwrapAcrossTheEdge() {
        let before = ExtendedSequenceNumber(0x1_FFFE)
        #expect(before.nearest(to: SequenceNumber(3)).rawValue == 0x2_0003)
        #expect(before.nearest(to: SequenceNumber(0xFFF0)).rawValue == 0x1_FFF0)
        #expect(ExtendedSequenceNumber(2).nearest(to: SequenceNumber(0xFFFF)).rawValue == 0xFFFF)
    }
}
