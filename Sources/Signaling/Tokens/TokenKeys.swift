// The secrets that sign tokens, by name.
// SPDX-License-Identifier: Apache-2.0

/// A named secret. Printing it shows the name alone.
package struct TokenKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The name that tokens carry in `iss`.
    package let name: String
    let secret: [UInt8]

    /// The name alone.
    package var description: String { "TokenKey(\(name))" }
    /// The name alone.
    package var debugDescription: String { description }
    /// The name alone.
    package var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}

/// The keys a server accepts. Several at a time let keys be changed without a gap: add the new one,
/// have backends sign with it, take the old one away when its last token has expired.
package struct TokenKeys: Sendable {
    /// The shortest secret outside development, in bytes: as long as the digest (RFC 7518 §3.2).
    package static let secretBytesMin = 32
    /// The longest name of a key, in bytes.
    package static let nameBytesMax = 64
    /// The most keys.
    package static let keysMax = 64

    private var keys: [TokenKey] = []

    /// No keys: every token is refused.
    package init() {}

    /// Adds a key.
    /// - Parameter isDevelopment: Takes short secrets too, though not empty ones.
    /// - Throws: `.weakSecret`, `.invalidKeyName` or `.tooManyKeys`.
    package mutating func add(
        name: String, secret: [UInt8], isDevelopment: Bool = false
    ) throws(TokenError) {
        guard NameCharacters.accepts(name, maxBytes: Self.nameBytesMax), self[name] == nil else {
            throw .invalidKeyName
        }
        guard secret.count >= (isDevelopment ? 1 : Self.secretBytesMin) else { throw .weakSecret }
        guard keys.count < Self.keysMax else { throw .tooManyKeys }
        keys.append(TokenKey(name: name, secret: secret))
    }

    /// Takes a key away; its tokens are refused from now on.
    package mutating func remove(name: String) { keys.removeAll { $0.name == name } }

    /// The key of a name.
    package subscript(name: String) -> TokenKey? { keys.first { $0.name == name } }

    /// The names of all keys, in the order in which they were added.
    package var names: [String] { keys.map(\.name) }
}
