// The signing keys of a command, from its options and from the environment.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import Signaling

/// `--key NAME=SECRET`, and `MARTLET_KEYS` where secrets should not show in a process list.
struct KeyOptions: ParsableArguments {
    /// The environment variable with more keys.
    static let environmentName = "MARTLET_KEYS"

    @Option(
        name: .customLong("key"),
        help: ArgumentHelp(
            "A key that signs tokens; may be repeated.",
            discussion: """
                Outside --dev a secret has at least 32 bytes; `openssl rand -hex 32` makes one. \
                Rather put keys into the environment variable MARTLET_KEYS, separated by blanks or \
                line ends: options are seen by everybody on this machine.
                """, valueName: "name=secret"))
    var keys: [String] = []

    /// The keys as typed: those of the options first.
    func pairs() throws -> [(name: String, secret: String)] {
        let environment = ProcessInfo.processInfo.environment[Self.environmentName] ?? ""
        let typed = keys + environment.split(whereSeparator: \.isWhitespace).map { String($0) }
        return try typed.map { text in
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex,
                text.index(after: equals) != text.endIndex
            else {
                throw CommandFailure("a key is written NAME=SECRET; one of yours is not")
            }
            return (String(text[..<equals]), String(text[text.index(after: equals)...]))
        }
    }

    /// The checked keys.
    func ring(isDevelopment: Bool) throws -> TokenKeys {
        var ring = TokenKeys()
        for (name, secret) in try pairs() {
            do {
                try ring.add(
                    name: name, secret: Array(secret.utf8), isDevelopment: isDevelopment)
            } catch .weakSecret {
                throw CommandFailure(
                    "the secret of key \(name) is shorter than \(TokenKeys.secretBytesMin) bytes; "
                        + "make one with: openssl rand -hex 32")
            } catch .tooManyKeys {
                throw CommandFailure("more than \(TokenKeys.keysMax) keys")
            } catch {
                throw CommandFailure(
                    "the key name \(name) is taken, or not 1 to \(TokenKeys.nameBytesMax) "
                        + "letters, digits and simple signs")
            }
        }
        return ring
    }
}
