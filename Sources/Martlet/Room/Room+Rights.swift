// What lets one stay in a room, and what one does to others with the right to it.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientSession
import Signaling

extension Room {
    /// Shows a new token before the old one runs out (row T05).
    /// - Throws: A ``MartletError`` with the server's code.
    public func renewToken(_ token: String) async throws(MartletError) {
        if let engine { return try await engine.renewToken(token) }
        let session = try linked().session
        do { try await session.renewToken(token) } catch { throw MartletError(error) }
    }

    /// Sends somebody away, and keeps them away for some seconds if those are given (row V01).
    /// - Throws: A ``MartletError``: 2009 without the right, 3003 if they are not there.
    public func remove(_ participant: String, banSeconds: Int64? = nil) async throws(MartletError) {
        if let engine {
            try await engine.call(.remove(participant, banSeconds: banSeconds))
            return
        }
        let session = try linked().session
        do {
            try await session.removeParticipant(
                try Self.id(participant), banSeconds: banSeconds)
        } catch { throw MartletError(error) }
    }
}
