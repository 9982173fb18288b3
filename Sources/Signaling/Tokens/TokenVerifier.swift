// Checks access tokens.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import MediaCrypto
import Wire

/// Verifies JWTs signed with HS256 (RFC 7515, RFC 7518 §3.2) and nothing else.
package struct TokenVerifier: Sendable {
    /// The largest token taken, in bytes.
    package static let bytesMax = 16 * 1024

    /// The keys accepted.
    package var keys: TokenKeys
    /// How far clocks may differ, in seconds.
    package var leewaySeconds: Int64

    /// Makes a verifier.
    package init(keys: TokenKeys, leewaySeconds: Int64 = 10) {
        self.keys = keys
        self.leewaySeconds = leewaySeconds
    }

    /// Reads a token after its signature has been found right.
    /// - Parameter now: Unix time, in seconds.
    /// - Throws: The first reason against it, in the order of `TokenError`'s first seven cases.
    package func verify(_ text: String, now: Int64) throws(TokenError) -> AccessToken {
        try verifyNamingKey(text, now: now).token
    }

    /// Reads a token as `verify` does, and says which key signed it.
    package func verifyNamingKey(
        _ text: String, now: Int64
    ) throws(TokenError) -> (token: AccessToken, keyName: String) {
        guard text.utf8.count <= Self.bytesMax else { throw .tooLarge }
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let headerBytes = Base64URL.decode(parts[0]),
            let payloadBytes = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2])
        else { throw .malformed }

        let header: Header = try read(headerBytes)
        // `crit` names extensions that must be understood, and none is (RFC 7515 §4.1.11).
        guard header.alg == "HS256", !header.isCritical else { throw .algorithmRefused }
        let issuer: Issuer = try read(payloadBytes)
        guard let key = keys[issuer.iss] else { throw .unknownKey }
        let signed = Array(parts[0]) + [UInt8(ascii: ".")] + Array(parts[1])
        let expected = MessageAuthentication.hmacSHA256(
            key: key.secret.span, message: signed.span)
        guard MessageAuthentication.isEqual(expected.span, signature.span) else {
            throw .signatureInvalid
        }

        let payload: TokenPayload = try read(payloadBytes)
        let token = payload.token
        guard now <= saturating(token.expiresAt, plus: leewaySeconds) else { throw .expired }
        if let notBefore = token.notBefore {
            guard saturating(now, plus: leewaySeconds) >= notBefore else { throw .notYetValid }
        }
        return (token, issuer.iss)
    }

    private struct Header: Decodable {
        let alg: String
        let isCritical: Bool

        private enum Key: String, CodingKey { case alg, crit }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            alg = try fields.decode(String.self, forKey: .alg)
            isCritical = fields.contains(.crit)
        }
    }

    private struct Issuer: Decodable {
        let iss: String
    }

    private func read<Value: Decodable>(_ bytes: [UInt8]) throws(TokenError) -> Value {
        do {
            try JSONScan.check(bytes.span, nestingMax: SignalingLimits().nestingMax)
            return try JSONDecoder().decode(Value.self, from: Data(bytes))
        } catch {
            throw .malformed
        }
    }

    private func saturating(_ value: Int64, plus other: Int64) -> Int64 {
        let (sum, overflow) = value.addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }
}
