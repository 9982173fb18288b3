// Candidate lines: what browsers write is read, what is broken is refused with its reason.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import ICE

struct ICECandidateLineTests {
    /// Lines as Chromium 156, Firefox and the examples of RFC 8839 §5.1 and RFC 6544 §4.5 write them.
    static let samples = [
        "candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host",
        "candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998",
        "a=candidate:842163049 1 udp 1677729535 2001:db8::1 55555 typ srflx raddr 0.0.0.0 rport 0"
            + " generation 0 ufrag EsAw network-id 1 network-cost 10",
        "candidate:1467250027 1 tcp 1518283007 192.168.0.196 9 typ host tcptype active generation 0",
        "candidate:1 1 TCP 2128609279 198.51.100.1 54321 typ host tcptype passive",
        "4 1 udp 100 10.0.0.1 1 typ relay raddr 192.0.2.1 rport 4000",
        "candidate:0 1 UDP 2122252543 ::ffff:192.0.2.1 52000 typ prflx",
    ]

    @Test(arguments: samples)
    func samplesReadBackAsTheyAreWritten(line: String) throws {
        let candidate = try ICECandidate(parsing: line)
        #expect(try ICECandidate(parsing: candidate.line) == candidate)
        #expect(try ICECandidate(parsing: "a=\(candidate.line)") == candidate)
    }

    @Test func everyFieldIsRead() throws {
        let candidate = try ICECandidate(
            parsing: "candidate:842163049 1 udp 1677729535 198.51.100.7 55555 typ srflx "
                + "raddr 10.0.0.1 rport 9 generation 0 ufrag EsAw network-cost 999")
        #expect(candidate.foundation == "842163049")
        #expect(candidate.component == 1)
        #expect(candidate.transport == .udp)
        #expect(candidate.priority == 1_677_729_535)
        #expect(candidate.address == NetworkAddress("198.51.100.7:55555"))
        #expect(candidate.kind == .serverReflexive)
        #expect(candidate.relatedAddress == NetworkAddress("10.0.0.1:9"))
        #expect(candidate.usernameFragment == "EsAw")
        let tcp = try ICECandidate(parsing: ICECandidateLineTests.samples[3])
        #expect(tcp.transport == .tcp)
        #expect(tcp.tcpType == .active)
    }

    @Test func mappedIPv4IsIPv4() throws {
        let candidate = try ICECandidate(parsing: ICECandidateLineTests.samples[6])
        #expect(candidate.address == NetworkAddress("192.0.2.1:52000"))
        #expect(candidate.line.contains(" 192.0.2.1 52000 "))
    }

    @Test(
        arguments: [
            ("", .missing(.foundation)), ("candidate:", .missing(.foundation)),
            ("candidate:é 1 udp 1 1.2.3.4 1 typ host", .missing(.foundation)),
            ("a-b 1 udp 1 1.2.3.4 1 typ host", .bad(.foundation)),
            ("123456789012345678901234567890123 1 udp 1 1.2.3.4 1 typ host", .bad(.foundation)),
            ("1", .missing(.component)), ("1 0 udp 1 1.2.3.4 1 typ host", .bad(.component)),
            ("1 257 udp 1 1.2.3.4 1 typ host", .bad(.component)),
            ("1 0001 udp 1 1.2.3.4 1 typ host", .bad(.component)),
            ("1 -1 udp 1 1.2.3.4 1 typ host", .bad(.component)), ("1 1", .missing(.transport)),
            ("1 1 sctp 1 1.2.3.4 1 typ host", .unsupportedTransport),
            ("1 1 udp", .missing(.priority)),
            ("1 1 udp 0 1.2.3.4 1 typ host", .bad(.priority)),
            ("1 1 udp 2147483648 1.2.3.4 1 typ host", .bad(.priority)),
            ("1 1 udp 99999999999999999999 1.2.3.4 1 typ host", .bad(.priority)),
            ("1 1 udp 1", .missing(.address)), ("1 1 udp 1 1.2.3.4", .missing(.port)),
            ("1 1 udp 1 1.2.3.4 65536 typ host", .bad(.port)),
            ("1 1 udp 1 1.2.3.4 0 typ host", .bad(.port)), ("1 1 udp 1 1.2.3.4 1", .missing(.kind)),
            ("1 1 udp 1 1.2.3.4 1 type host", .bad(.kind)),
            ("1 1 udp 1 1.2.3.4 1 typ", .missing(.kind)),
            ("1 1 udp 1 1.2.3.4 1 typ moon", .bad(.kind)),
            ("1 1 udp 1 0177.0.0.1 1 typ host", .bad(.address)),
            ("1 1 udp 1 2130706433 1 typ host", .bad(.address)),
            ("1 1 udp 1 0x7f000001 1 typ host", .bad(.address)),
            ("1 1 udp 1 a.1 1 typ host", .bad(.address)),
            ("1 1 udp 1 a. 1 typ host", .bad(.address)),
            ("1 1 udp 1 fe80::1%eth0 1 typ host", .bad(.address)),
            ("1 1 tcp 1 1.2.3.4 9 typ host", .missing(.tcpType)),
            ("1 1 tcp 1 1.2.3.4 9 typ host tcptype maybe", .bad(.tcpType)),
            ("1 1 udp 1 example.org 9 typ host", .unresolvable(isMulticastDNS: false)),
            (
                "1 1 udp 1 3d5c0a5e-3b1f-4c9e-8b7a-0f1e2d3c4b5a.local 9 typ host",
                .unresolvable(isMulticastDNS: true)
            ),
        ] as [(String, ICECandidateError)])
    func brokenLinesAreRefusedWithTheirReason(line: String, reason: ICECandidateError) {
        #expect(throws: reason) { try ICECandidate(parsing: line) }
    }

    @Test func longLinesAreRefusedAtOnce() {
        let long = String(repeating: "1 ", count: 10_000_000)
        #expect(throws: ICECandidateError.tooLong(1_025)) { try ICECandidate(parsing: long) }
    }

    @Test(arguments: samples)
    func everyTruncationAndByteIsReadOrRefused(line: String) {
        let bytes = Array(line.utf8)
        for index in bytes.indices {
            _ = try? ICECandidate(bytes: bytes.span.extracting(0..<index))
            for value in UInt8.min...UInt8.max {
                var changed = bytes
                changed[index] = value
                guard let candidate = try? ICECandidate(bytes: changed.span) else { continue }
                #expect((try? ICECandidate(parsing: candidate.line)) == candidate)
            }
        }
    }

    @Test func prioritiesAreThoseOfTheFormula() {
        // RFC 8445 §5.1.2.1: 2^24 * type + 2^8 * local + (256 - component).
        #expect(ICECandidate.priority(kind: .host, localPreference: 65_535) == 2_130_706_431)
        #expect(ICECandidate.priority(kind: .relay, localPreference: 0, component: 256) == 0)
        #expect(ICECandidate.priority(kind: .relay, localPreference: 0, component: 999) == 0)
        #expect(ICEPath.pairPriority(controlling: 2, controlled: 1) == 1 << 32 | 5)
        #expect(ICEPath.pairPriority(controlling: 1, controlled: 2) == 1 << 32 | 4)
        #expect(ICEPath.pairPriority(controlling: .max, controlled: .max) > 0)
    }
}
