// Signs access tokens: for backends, the command line and tests.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto

/// Issues JWTs signed with HS256.
package struct TokenIssuer: Sendable {
    private let key: TokenKey

    /// Makes an issuer of one key of a ring; `nil` if the ring has none of that name.
    package init?(keyName: String, of keys: TokenKeys) {
        guard let key = keys[keyName] else { return nil }
        self.key = key
    }

    /// Signs a token.
    package func issue(_ token: AccessToken) -> String {
        let header = Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8)
        return sign(
            header: header,
            payload: MessageCoding.encode(TokenPayload(issuer: key.name, token: token)))
    }

    /// Signs whatever it is given; apart, so that tests and fuzzing can sign what no issuer would.
    package func sign(header: [UInt8], payload: [UInt8]) -> String {
        var text = Base64URL.encode(header) + [UInt8(ascii: ".")] + Base64URL.encode(payload)
        let code = MessageAuthentication.hmacSHA256(key: key.secret.span, message: text.span)
        var signature: [UInt8] = []
        for index in code.indices { signature.append(code[index]) }
        text += [UInt8(ascii: ".")] + Base64URL.encode(signature)
        return String(decoding: text, as: UTF8.self)
    }
}
