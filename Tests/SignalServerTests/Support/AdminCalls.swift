// The admin interface as a backend calls it.
// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Signaling
import Testing

@testable import SignalServer

extension TestServer {
    /// A token that grants `admin`: for one room, or for every room.
    static func adminToken(
        room: String? = nil, admin: Bool = true, expiresIn seconds: Int64 = 600
    ) throws -> String {
        var keys = TokenKeys()
        try keys.add(name: keyName, secret: secret)
        guard let issuer = TokenIssuer(keyName: keyName, of: keys) else {
            throw TestFailure("no key")
        }
        return issuer.issue(
            AccessToken(
                participant: try ParticipantID("backend"), room: try room.map { try RoomName($0) },
                expiresAt: ServerClock().unixSeconds + seconds,
                grants: TokenGrants(
                    publish: [], subscribe: false, data: false, admin: admin, hidden: true)))
    }

    /// Asks the admin interface for something; without `token`, as a backend that may do everything.
    func admin(
        _ method: String, _ path: String, _ body: String = "", token: String? = nil
    ) async throws -> RawConnection.Answer {
        let bearer = try token ?? Self.adminToken()
        return try await withConnection(self) { connection in
            try await connection.request(
                method, path,
                headers: ["Authorization: Bearer \(bearer)", "Content-Type: application/json"],
                body: body)
        }
    }
}

extension RawConnection.Answer {
    /// The body as a value.
    func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(body.utf8))
    }

    /// The code of a refusal.
    var code: ErrorCode? { try? decoded(ErrorBody.self).code }
}

/// Expects an answer to be a refusal of its code, under the status of the table.
func expectRefusal(
    _ answer: RawConnection.Answer, _ code: ErrorCode, _ what: Comment? = nil,
    at location: SourceLocation = #_sourceLocation
) {
    #expect(answer.code == code, what, sourceLocation: location)
    #expect(answer.status == code.httpStatus, what, sourceLocation: location)
}

extension TestClient {
    /// Expects the next message to say that the session is over, and why.
    func expectDisconnected(_ reason: DisconnectReason) async throws {
        let message = try await next()
        guard case .disconnected(let told, _, _) = message else {
            throw TestFailure("not disconnected: \(message)")
        }
        #expect(told == reason)
    }
}
