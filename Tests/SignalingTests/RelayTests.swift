// Relays: credentials that coturn computes as well, addresses as browsers take them, and secrets that stay secret.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Testing
import Wire

@testable import Signaling

@Suite struct RelayTests {
    private static let secret = Array("0123456789abcdef0123456789abcdef".utf8)

    private func relays(
        _ urls: [String] = ["turn:turn.example.com:3478?transport=udp"], secret: [UInt8] = secret,
        lifetimeSeconds: Int64 = 3_600, isDevelopment: Bool = false
    ) throws -> RelayServers {
        try RelayServers(
            urls: urls.map { try RelayURL($0) }, secret: secret, lifetimeSeconds: lifetimeSeconds,
            isDevelopment: isDevelopment)
    }

    /// What `openssl dgst -sha1 -hmac SECRET -binary | base64` says of the user name.
    @Test func thePasswordIsTheCodeOfTheNameUnderTheSharedSecret() throws {
        let server = try relays().access(for: ParticipantID("ada"), unixNow: 1_700_000_000)
        #expect(server.urls == ["turn:turn.example.com:3478?transport=udp"])
        #expect(server.username == "1700003600:ada")
        #expect(server.credential == "eipHV7VFo7pnEE5XGd6JktBg2ok=")
    }

    @Test func credentialsAreRenewedAtHalfOfTheirLifeAndLastAMinuteAtLeast() throws {
        #expect(try relays(lifetimeSeconds: 61).renewalInterval == .milliseconds(30_500))
        #expect(try relays(lifetimeSeconds: 86_400).renewalInterval == .seconds(43_200))
        #expect(throws: RelayServersError.invalidLifetime) { try relays(lifetimeSeconds: 59) }
        #expect(throws: RelayServersError.invalidLifetime) {
            try relays(lifetimeSeconds: 1, isDevelopment: true)
        }
        #expect(
            try relays(lifetimeSeconds: 2, isDevelopment: true).renewalInterval == .seconds(1))
    }

    @Test func everybodyAndEverySecondHasAPasswordOfItsOwn() throws {
        let relays = try relays()
        let (ada, bob) = (try ParticipantID("ada"), try ParticipantID("bob"))
        let all = [
            relays.access(for: ada, unixNow: 1), relays.access(for: bob, unixNow: 1),
            relays.access(for: ada, unixNow: 2),
        ]
        #expect(Set(all.map(\.credential)).count == 3)
        #expect(relays.access(for: ada, unixNow: 1) == all[0])
    }

    @Test(arguments: [
        "turn:turn.example.com", "turn:turn.example.com:3478",
        "turns:turn.example.com:443?transport=tcp",
        "turn:192.0.2.1:3478?transport=udp", "turn:[2001:db8::1]:3478?transport=tcp", "turns:[::1]",
        "turn:a_b-c.d:65535",
    ])
    func addressesAsBrowsersTakeThem(text: String) throws {
        #expect(try RelayURL(text).text == text)
    }

    @Test(
        arguments: [
            ("", .unknownScheme), ("turn", .unknownScheme), ("stun:h:1", .unknownScheme),
            ("TURN:h", .unknownScheme), ("https://h", .unknownScheme), ("turn:", .invalidHost),
            ("turn://h", .invalidHost), ("turn:user@h", .invalidHost), ("turn:h h", .invalidHost),
            ("turn:h\r\nX: y", .invalidHost), ("turn:h>;x", .invalidHost),
            ("turn:[]", .invalidHost),
            ("turn:[::1", .invalidHost), ("turn:[::1]3478", .invalidHost),
            ("turn:[g]", .invalidHost),
            ("turn:" + String(repeating: "a", count: 256), .invalidHost), ("turn:h:", .invalidPort),
            ("turn:h:0", .invalidPort), ("turn:h:65536", .invalidPort), ("turn:h:+1", .invalidPort),
            ("turn:h:1:2", .invalidPort), ("turn:h?", .invalidTransport),
            ("turn:h?transport=tls", .invalidTransport),
            ("turn:h?transport=udp&a", .invalidTransport),
            ("turns:h?transport=udp", .secureOverUDP),
        ] as [(String, RelayURLError)])
    func whatIsNoAddressIsSaid(text: String, error: RelayURLError) {
        #expect(throws: error) { try RelayURL(text) }
    }

    @Test func settingsThatCannotBeMeantAreRefused() throws {
        #expect(throws: RelayServersError.invalidCount) { try relays([]) }
        #expect(throws: RelayServersError.invalidCount) {
            try relays(Array(repeating: "turn:h", count: 9))
        }
        #expect(throws: RelayServersError.weakSecret) { try relays(secret: Array("short".utf8)) }
        #expect(throws: RelayServersError.weakSecret) {
            try relays(secret: [], isDevelopment: true)
        }
        #expect(throws: Never.self) { try relays(secret: Array("short".utf8), isDevelopment: true) }
        for seconds in [59, 2_592_001, .min, .max] as [Int64] {
            #expect(throws: RelayServersError.invalidLifetime) {
                try relays(lifetimeSeconds: seconds)
            }
        }
    }

    @Test func printingRelaysShowsNoSecret() throws {
        var text = ""
        dump(try relays(), to: &text)
        text += "\(try relays())" + String(reflecting: try relays())
        #expect(text.contains("turn.example.com") && !text.contains("0123456789abcdef"))
    }

    /// RFC 9725 §4.6.
    @Test func aRelayIsALinkForWHIP() {
        let server = ICEServer(
            urls: ["turn:turn.example.net?transport=udp", "turns:turn.example.net"],
            username: "us\"er\\", credential: "myPassword")
        let parameters =
            #"rel="ice-server"; username="us\"er\\"; credential="myPassword"; credential-type="password""#
        #expect(
            server.links == [
                "<turn:turn.example.net?transport=udp>; \(parameters)",
                "<turns:turn.example.net>; \(parameters)",
            ])
        #expect(ICEServer(urls: ["stun:h"]).links == [#"<stun:h>; rel="ice-server""#])
    }
}
