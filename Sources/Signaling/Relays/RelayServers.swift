// The relays of a server, and credentials for them that end by themselves.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import MediaCrypto
package import Wire

/// What is wrong with a server's relays.
package enum RelayServersError: Error, Equatable, Sendable {
    /// There is none, or more than `RelayServers.urlsMax`.
    case invalidCount
    /// The secret is shorter than a key of tokens may be, or empty in development.
    case weakSecret
    /// The lifetime is not within `RelayServers.lifetimeSecondsRange`.
    case invalidLifetime
    /// The cryptography library does not work.
    case cryptoUnavailable
}

/// TURN servers that share a secret with this server and admit whomever it names (draft-uberti-behave-turn-rest-00,
/// "A REST API For Access To TURN Services"; coturn: `use-auth-secret`).
///
/// A user name is the end of its validity in Unix time, a colon, and the participant's id; its password is the HMAC-SHA-1
/// of that under the secret, in base64. So the relay needs to ask nobody, and a credential that got around is worthless
/// when it has ended.
package final class RelayServers: Sendable, CustomStringConvertible, CustomReflectable {
    /// The most URLs: browsers look at no more than a few.
    package static let urlsMax = 8
    /// The shortest secret outside development, in bytes. Whoever has been given one credential can try secrets on it
    /// at leisure.
    package static let secretBytesMin = TokenKeys.secretBytesMin
    /// How short and how long credentials may last, in seconds: a minute to 30 days.
    package static let lifetimeSecondsRange: ClosedRange<Int64> = 60...2_592_000
    /// How short they may be in development, in seconds.
    package static let shortestLifetimeSeconds: Int64 = 2

    private let urls: [String]
    private let lifetimeSeconds: Int64
    private let key: HMACSHA1Key

    /// Prepares the secret.
    /// - Parameters:
    ///   - urls: Where the relays are, the most wished first: 1 to `urlsMax`.
    ///   - secret: What the relays know too (coturn: `static-auth-secret`).
    ///   - lifetimeSeconds: How long credentials are valid, within `lifetimeSecondsRange`.
    ///   - isDevelopment: Takes short secrets too, though not empty ones, and lifetimes from `shortestLifetimeSeconds` on.
    package init(
        urls: [RelayURL], secret: [UInt8], lifetimeSeconds: Int64, isDevelopment: Bool = false
    ) throws(RelayServersError) {
        guard (1...Self.urlsMax).contains(urls.count) else { throw .invalidCount }
        guard secret.count >= (isDevelopment ? 1 : Self.secretBytesMin) else { throw .weakSecret }
        let range = Self.lifetimeSecondsRange
        let shortest = isDevelopment ? Self.shortestLifetimeSeconds : range.lowerBound
        guard (shortest...range.upperBound).contains(lifetimeSeconds) else {
            throw .invalidLifetime
        }
        self.urls = urls.map(\.text)
        self.lifetimeSeconds = lifetimeSeconds
        do {
            key = try HMACSHA1Key(key: secret.span)
        } catch {
            throw .cryptoUnavailable
        }
    }

    /// How long after credentials were told others are to be told: half their life. What is left is for a client to move to
    /// them, and to come back first if its connection is broken just then.
    package var renewalInterval: MediaDuration { .milliseconds(lifetimeSeconds * 500) }

    /// What opens the relays for one participant from now on.
    /// - Parameter unixNow: The time, in seconds of Unix time.
    package func access(for participant: ParticipantID, unixNow: Int64) -> ICEServer {
        let username = "\(unixNow &+ lifetimeSeconds):\(participant.text)"
        let message = Array(username.utf8)
        let code = key.code(of: message.span)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(code.count)
        for index in code.indices { bytes.append(code[index]) }
        return ICEServer(
            urls: urls, username: username, credential: Data(bytes).base64EncodedString())
    }

    /// The addresses alone.
    package var description: String { "RelayServers(\(urls.joined(separator: ", ")))" }
    /// The addresses alone.
    package var customMirror: Mirror { Mirror(self, children: ["urls": urls]) }
}
