// Access tokens: what is taken and everything that is not.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Signaling

@Suite struct TokenTests {
    private let now: Int64 = 1_800_000_000
    private let secret = Array("0123456789abcdef0123456789abcdef".utf8)

    private func keys() throws -> TokenKeys {
        var keys = TokenKeys()
        try keys.add(name: "backend", secret: secret)
        return keys
    }

    private func verifier() throws -> TokenVerifier { TokenVerifier(keys: try keys()) }
    private func issuer() throws -> TokenIssuer {
        try #require(TokenIssuer(keyName: "backend", of: try keys()))
    }

    private func claims() throws -> AccessToken {
        AccessToken(
            participant: try ParticipantID("ada"), room: try RoomName("daily"),
            expiresAt: now + 3600, notBefore: now, name: try DisplayName("Ada"),
            metadata: try Metadata("{\"team\":4}"),
            grants: TokenGrants(publish: [.init(.camera)], data: false, hidden: true))
    }

    private func signed(_ payload: String, header: String = #"{"alg":"HS256"}"#) throws -> String {
        try issuer().sign(header: Array(header.utf8), payload: Array(payload.utf8))
    }

    private func refusal(_ text: String, at now: Int64? = nil) throws -> TokenError? {
        let verifier = try verifier()
        do throws(TokenError) {
            _ = try verifier.verify(text, now: now ?? self.now)
            return nil
        } catch {
            return error
        }
    }

    @Test func T01_T03_anIssuedTokenSaysWhatWasPutIn() throws {
        let token = try issuer().issue(claims())
        #expect(try verifier().verify(token, now: now) == claims())
    }

    @Test func theExampleOfRFC7515VerifiesUnderItsKey() throws {
        // RFC 7515 appendix A.1: key, header and payload as printed there.
        let key = try #require(
            Base64URL.decode(
                "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
                    .utf8))
        var keys = TokenKeys()
        try keys.add(name: "joe", secret: key)
        let token =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        // The signature is right, so what is missed is `sub`.
        #expect(throws: TokenError.malformed) {
            try TokenVerifier(keys: keys).verify(token, now: 0)
        }
        let forged = token.dropLast(2) + "XQ"
        #expect(throws: TokenError.signatureInvalid) {
            try TokenVerifier(keys: keys).verify(String(forged), now: 0)
        }
    }

    @Test func absentClaimsTakeTheirDefaults() throws {
        let token = try verifier().verify(
            signed(#"{"iss":"backend","sub":"ada","exp":1800000001.5,"other":[1]}"#), now: now)
        #expect(token.room == nil && token.notBefore == nil && token.name == nil)
        #expect(token.grants == TokenGrants())
        #expect(!token.grants.admin && !token.grants.hidden)
    }

    @Test func publishGrantsAreATruthValueOrAListWithUnknownsLeftOut() throws {
        for (text, expected) in [
            ("true", TrackSourceSet.all), ("false", []), ("[]", []),
            (#"["camera","hologram"]"#, TrackSourceSet(.camera)),
        ] {
            let token = try verifier().verify(
                signed(
                    #"{"iss":"backend","sub":"a","exp":1900000000,"grants":{"publish":\#(text)}}"#),
                now: now)
            #expect(token.grants.publish == expected)
        }
        #expect(
            try refusal(
                signed(#"{"iss":"backend","sub":"a","exp":1900000000,"grants":{"publish":7}}"#))
                == .malformed)
    }

    @Test func onlyHS256IsTaken() throws {
        let payload = #"{"iss":"backend","sub":"ada","exp":1900000000}"#
        for header in [
            #"{"alg":"none"}"#, #"{"alg":"None"}"#, #"{"alg":"HS512"}"#, #"{"alg":"RS256"}"#,
            #"{"alg":"hs256"}"#, #"{"alg":""}"#, #"{"alg":"HS256","crit":["x"]}"#,
        ] {
            #expect(try refusal(signed(payload, header: header)) == .algorithmRefused, "\(header)")
        }
        let parts = try signed(payload, header: #"{"alg":"none"}"#).split(separator: ".")
        #expect(try refusal("\(parts[0]).\(parts[1]).") == .algorithmRefused)
        #expect(try refusal(signed(payload, header: #"{"typ":"JWT"}"#)) == .malformed)
        #expect(try refusal(signed(payload, header: #"{"alg":["HS256"]}"#)) == .malformed)
    }

    @Test func timesAreCheckedWithTenSecondsOfLeeway() throws {
        let token = try issuer().issue(claims())
        #expect(try refusal(token, at: now + 3610) == nil)
        #expect(try refusal(token, at: now + 3611) == .expired)
        #expect(try refusal(token, at: now - 10) == nil)
        #expect(try refusal(token, at: now - 11) == .notYetValid)
        for exp in ["9223372036854775807", "1e15", "1e18"] {
            #expect(
                try refusal(signed(#"{"iss":"backend","sub":"a","exp":\#(exp)}"#)) == nil, "\(exp)")
        }
        for exp in ["-9223372036854775808", "0"] {
            #expect(
                try refusal(signed(#"{"iss":"backend","sub":"a","exp":\#(exp)}"#)) == .expired)
        }
        for exp in ["1e19", "1e400", "\"1900000000\"", "null", "{}"] {
            #expect(
                try refusal(signed(#"{"iss":"backend","sub":"a","exp":\#(exp)}"#)) == .malformed,
                "\(exp)")
        }
        #expect(try refusal(signed(#"{"iss":"backend","sub":"a"}"#)) == .malformed)
    }

    @Test func aTokenOpensOneRoomForOneParticipant() throws {
        let token = try claims()
        try token.checkAdmission(to: RoomName("daily"))
        try token.checkAdmission(to: RoomName("daily"), as: ParticipantID("ada"))
        #expect(throws: TokenError.wrongRoom) { try token.checkAdmission(to: RoomName("Daily")) }
        #expect(throws: TokenError.wrongIdentity) {
            try token.checkAdmission(to: RoomName("daily"), as: ParticipantID("bob"))
        }
        var roomless = token
        roomless.room = nil
        #expect(throws: TokenError.wrongRoom) { try roomless.checkAdmission(to: RoomName("daily")) }
    }

    @Test func keysCanBeChangedWithoutAGap() throws {
        var keys = try keys()
        let old = try #require(TokenIssuer(keyName: "backend", of: keys)).issue(claims())
        try keys.add(name: "backend-2", secret: Array(secret.reversed()))
        let new = try #require(TokenIssuer(keyName: "backend-2", of: keys)).issue(claims())
        #expect(try TokenVerifier(keys: keys).verify(old, now: now) == claims())
        #expect(try TokenVerifier(keys: keys).verify(new, now: now) == claims())
        keys.remove(name: "backend")
        #expect(try TokenVerifier(keys: keys).verify(new, now: now) == claims())
        #expect(throws: TokenError.unknownKey) {
            try TokenVerifier(keys: keys).verify(old, now: now)
        }
        // A key's token does not pass under another key's name.
        let renamed = try signed(#"{"iss":"backend-2","sub":"a","exp":1900000000}"#)
        #expect(throws: TokenError.signatureInvalid) {
            try TokenVerifier(keys: keys).verify(renamed, now: now)
        }
    }

    @Test func weakSecretsAreRefusedOutsideDevelopment() throws {
        var keys = TokenKeys()
        #expect(throws: TokenError.weakSecret) {
            try keys.add(name: "k", secret: Array(repeating: 1, count: 31))
        }
        #expect(throws: TokenError.weakSecret) {
            try keys.add(name: "k", secret: [], isDevelopment: true)
        }
        try keys.add(name: "k", secret: [1], isDevelopment: true)
        #expect(throws: TokenError.invalidKeyName) { try keys.add(name: "k", secret: secret) }
        #expect(throws: TokenError.invalidKeyName) { try keys.add(name: "", secret: secret) }
        for index in 1..<TokenKeys.keysMax { try keys.add(name: "k\(index)", secret: secret) }
        #expect(throws: TokenError.tooManyKeys) { try keys.add(name: "last", secret: secret) }
    }

    @Test func aSecretIsNeverPrinted() throws {
        let keys = try keys()
        var dumped = ""
        dump(keys, to: &dumped)
        for text in ["\(keys)", "\(try #require(keys["backend"]))", dumped] {
            #expect(text.contains("backend"))
            #expect(!text.contains("48, 49") && !text.contains("secret"))
        }
    }

    @Test func everyTruncationAndEveryFlipIsRefused() throws {
        let token = Array(try issuer().issue(claims()).utf8)
        for count in 0..<token.count {
            let text = String(decoding: token[..<count], as: UTF8.self)
            #expect(try refusal(text) != nil, "\(count)")
        }
        for index in token.indices {
            for bit in 0..<8 {
                var flipped = token
                flipped[index] ^= 1 << UInt8(bit)
                let text = String(decoding: flipped, as: UTF8.self)
                #expect(try refusal(text) != nil, "\(index) \(bit)")
            }
        }
    }

    @Test func garbageOfManySeedsIsRefused() throws {
        let alphabet = Array("abcXYZ019-_..{}[]\":,eyJ".utf8)
        for seed in 0..<500 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let count = Int(random.next() % 120)
            let bytes = (0..<count).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))]
            }
            #expect(try refusal(String(decoding: bytes, as: UTF8.self)) != nil)
            // Behind a right signature the parser is reached.
            let payload = String(decoding: bytes, as: UTF8.self)
            #expect(try refusal(signed(payload)) != nil)
        }
    }

    @Test func misshapenTokensAreRefused() throws {
        let token = try issuer().issue(claims())
        for text in [
            "", ".", "..", "...", "a.b", token + ".", token + "=", token + ".x", " " + token,
            token.replacing(".", with: ".."), "é.é.é",
        ] {
            #expect(try refusal(text) == .malformed, "\(text.count)")
        }
        #expect(try refusal(String(repeating: "a", count: TokenVerifier.bytesMax + 1)) == .tooLarge)
        let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
        #expect(try refusal(signed(deep)) == .malformed)
        for payload in [
            #"{"iss":"backend","sub":"","exp":1900000000}"#,
            #"{"iss":"backend","sub":"a/b","exp":1900000000}"#,
            #"{"iss":"backend","sub":"a","exp":1900000000,"room":"a/b"}"#,
            #"{"iss":"backend","sub":"a","exp":1900000000,"grants":true}"#,
            #"{"iss":7,"sub":"a","exp":1900000000}"#, "{}", "[]", "",
        ] {
            #expect(try refusal(signed(payload)) == .malformed, "\(payload)")
        }
    }

    @Test func base64URLIsStrictAndRoundTrips() {
        for count in 0..<70 {
            var random = SeededRandom(seed: UInt64(count))
            let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
        // RFC 4648 §10, without padding.
        for (plain, text) in [("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")] {
            #expect(String(decoding: Base64URL.encode(Array(plain.utf8)), as: UTF8.self) == text)
        }
        for text in ["Z", "Zg==", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm9vY", "Z g", "Zg\n"] {
            #expect(Base64URL.decode(text.utf8) == nil, "\(text)")
        }
    }
}

@Suite struct TokenLifeOfClaimsTests {
    private func life(_ end: Int64, now: Int64) throws -> TokenLife {
        let token = AccessToken(
            participant: try ParticipantID("ada"), room: nil, expiresAt: end)
        return TokenVerifier(keys: TokenKeys()).life(
            of: token, unixNow: now, at: .zero + .seconds(5))
    }

    @Test func T06_aSessionEndsWithItsToken() throws {
        #expect(
            try life(1_060, now: 1_000)
                == TokenLife(deadline: .zero + .seconds(65), expiresAt: 1_060))
    }

    @Test func aTokenTakenWithinTheLeewayLastsAsLongAsThat() throws {
        #expect(
            try life(1_000, now: 1_004)
                == TokenLife(deadline: .zero + .seconds(11), expiresAt: 1_010))
        #expect(
            try life(1_000, now: 1_010)
                == TokenLife(deadline: .zero + .seconds(5), expiresAt: 1_010))
    }

    @Test func noNumberOfATokenOverflows() throws {
        #expect(try life(.max, now: -1).deadline.nanoseconds == .max)
        #expect(try life(.min, now: .max).deadline == .zero + .seconds(5))
        #expect(try life(.max, now: .max).expiresAt == .max)
    }
}
