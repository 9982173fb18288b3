// That a client takes the addresses of STUN and TURN servers apart, and leaves alone what is none.
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Signaling

@Suite struct ICEServerURLTests {
    @Test(
        arguments: [
            ("stun:stun.example.com", "stun.example.com", 3_478, true),
            ("stun:192.0.2.1:19302", "192.0.2.1", 19_302, true),
            ("turn:[2001:db8::1]:3478", "2001:db8::1", 3_478, true),
            ("turn:turn.example.com?transport=udp", "turn.example.com", 3_478, true),
            ("turn:turn.example.com:443?transport=tcp", "turn.example.com", 443, false),
            ("turns:turn.example.com?transport=tcp", "turn.example.com", 5_349, false),
            ("stuns:stun.example.com", "stun.example.com", 5_349, false),
        ] as [(String, String, UInt16, Bool)])
    func itIsTakenApart(text: String, host: String, port: UInt16, answers: Bool) throws {
        let url = try #require(ICEServerURL(text))
        #expect(url.host == host && url.port == port && url.answersBinding == answers)
        #expect(url.relays == text.hasPrefix("turn"))
    }

    @Test(
        arguments: [
            "", ":", "stun", "stun:", "http://example.com", "stun://example.com",
            "stun:example.com?transport=udp", "turn:example.com?transport=sctp",
            "stun:example.com:0", "stun:example.com:65536", "stun:example.com:-1", "stun:[::1",
            "stun:[]", "stun:a b", "stun:[::1]x", "STUN:example.com",
            "stun:" + String(repeating: "a", count: 600),
        ])
    func whatIsNoneIsLeftAlone(text: String) { #expect(ICEServerURL(text) == nil) }
}
