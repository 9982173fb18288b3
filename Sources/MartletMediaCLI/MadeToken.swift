// A token made from the server's key: for whoever runs the server as well.
// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import Signaling

/// Makes tokens.
enum MadeToken {
    /// How long one lasts, in seconds.
    private static let seconds: Int64 = 86_400

    /// A token for a participant of a room.
    /// - Parameters:
    ///   - key: `name=secret`.
    ///   - participant: The id; a random one if there is none.
    static func text(key: String, participant: String?, room: String) throws -> String {
        guard let equals = key.firstIndex(of: "="), equals != key.startIndex else {
            throw ValidationError("A key is NAME=SECRET.")
        }
        let name = String(key[..<equals])
        var keys = TokenKeys()
        do {
            // How long a secret must be is for the server to say: a development server takes short ones.
            try keys.add(
                name: name, secret: Array(key[key.index(after: equals)...].utf8),
                isDevelopment: true)
        } catch {
            throw ValidationError("That key cannot be used: \(error).")
        }
        guard let issuer = TokenIssuer(keyName: name, of: keys) else {
            throw ValidationError("A key is NAME=SECRET.")
        }
        let id = participant ?? "bot-\(UInt32.random(in: 0 ... .max))"
        return issuer.issue(
            AccessToken(
                participant: try ParticipantID(id), room: try RoomName(room),
                expiresAt: Int64(Date().timeIntervalSince1970) + seconds))
    }
}
