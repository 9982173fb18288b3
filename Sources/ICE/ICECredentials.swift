// The username fragment and password that authenticate the checks of one ICE session.
// SPDX-License-Identifier: Apache-2.0

/// One side's ICE credentials (RFC 8839 §5.4).
package struct ICECredentials: Sendable, Equatable {
    /// How many characters a username fragment may have.
    package static let usernameFragmentCounts = 4...256
    /// How many characters a password may have.
    package static let passwordCounts = 22...256

    /// The username fragment, which names the session.
    package let usernameFragment: String
    /// The password, which keys MESSAGE-INTEGRITY.
    package let password: String

    /// Takes credentials as they came from the other side's description.
    /// - Returns: `nil` if a length is out of bounds or a character is not an ice-char (RFC 8839
    ///   §5.1).
    package init?(usernameFragment: String, password: String) {
        guard ICECredentials.usernameFragmentCounts.contains(usernameFragment.utf8.count),
            ICECredentials.passwordCounts.contains(password.utf8.count),
            usernameFragment.utf8.allSatisfy(ICECredentials.isICECharacter),
            password.utf8.allSatisfy(ICECredentials.isICECharacter)
        else { return nil }
        self.init(checked: usernameFragment, password)
    }

    private init(checked usernameFragment: String, _ password: String) {
        self.usernameFragment = usernameFragment
        self.password = password
    }

    /// Draws fresh credentials: 48 bits of fragment, 144 bits of password (RFC 8445 §5.3 asks 24
    /// and 128).
    /// - Parameter generator: One for secrets, outside of tests.
    package static func random(
        using generator: inout some RandomNumberGenerator
    ) -> ICECredentials {
        ICECredentials(checked: text(8, using: &generator), text(24, using: &generator))
    }

    /// Whether a byte is an ice-char: a letter, a digit, `+` or `/`.
    static func isICECharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default:
            false
        }
    }

    private static func text(
        _ count: Int, using generator: inout some RandomNumberGenerator
    ) -> String {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let bytes = (0..<count).map { _ in alphabet[Int(generator.next() & 63)] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Credentials as the bytes that checks carry, made once per session.
struct ICEKeys: Sendable {
    let usernameFragment: [UInt8]
    let password: [UInt8]

    init(_ credentials: ICECredentials) {
        usernameFragment = Array(credentials.usernameFragment.utf8)
        password = Array(credentials.password.utf8)
    }
}
