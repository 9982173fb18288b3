// What a session does with what the server takes back, or takes no more.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing

@testable import ClientSession

@Suite struct WithdrawalTests {
    private static let track = TrackID(number: 9)

    /// A session that publishes a camera.
    private func publisher() throws -> SessionHarness {
        var client = try SessionHarness()
        try client.join(room: SessionHarness.roomID)
        try client.perform { try $0.publish(.camera, mid: MediaSectionID("1")) }
        client.hear(.ok(try client.lastID, Self.track))
        return client
    }

    /// A new session takes the place of the old one.
    private func restart(_ client: inout SessionHarness, as role: ParticipantRole = .host) throws {
        client.reconnect()
        client.hear(.error(SignalingError(.sessionNotFound, requestID: try client.lastID)))
        guard
            case .joined(let id, var reply) = try client.joined(
                to: try client.lastID, room: SessionHarness.roomID)
        else { return }
        reply.participant.role = role
        client.hear(.joined(id, reply))
    }

    private func withdrawals(_ client: SessionHarness) -> [ErrorCode] {
        client.events.compactMap {
            if case .withdrawn(.camera, _, let error) = $0 { error.code } else { nil }
        }
    }

    @Test("P02: what the server takes back is told by its section, once it is gone")
    func takenBack() throws {
        var client = try publisher()
        let me = try #require(client.session.participant).id
        client.hear(.permissionsChanged(TokenGrants(publish: [])))
        #expect(client.session.publications.count == 1 && withdrawals(client).isEmpty)
        client.hear(.trackUnpublished(me, Self.track))
        #expect(withdrawals(client) == [.permissionDenied])
        #expect(client.session.publications.isEmpty)
        #expect(client.publishStates(.camera) == [.publishing, .published, .unpublished])
        // What is not there any more is told nobody again.
        client.hear(.trackUnpublished(me, Self.track))
        #expect(withdrawals(client).count == 1)
        let sent = client.sent.count
        try restart(&client)
        #expect(client.sent.dropFirst(sent).allSatisfy { !$0.isPublish })
    }

    @Test("P02: what a new session may not publish ends, and why is told")
    func refusedAnew() throws {
        var client = try publisher()
        try restart(&client)
        #expect(client.sent.last?.isPublish == true && withdrawals(client).isEmpty)
        client.hear(.error(SignalingError(.tooManyTracks, requestID: try client.lastID)))
        #expect(withdrawals(client) == [.tooManyTracks] && client.session.publications.isEmpty)
    }

    @Test("P02: what never was published is refused and not taken back")
    func refusedAtFirst() throws {
        var client = try SessionHarness()
        try client.join()
        try client.perform { try $0.publish(.camera, mid: MediaSectionID("1")) }
        client.hear(.error(SignalingError(.permissionDenied, requestID: try client.lastID)))
        #expect(withdrawals(client).isEmpty)
    }

    @Test(
        "R05 R06: a session that begins in the audience publishes what was published when it is host"
    )
    func audienceAnew() throws {
        var client = try publisher()
        client.hear(.roleChanged(.audience))
        #expect(!client.session.isPublisher)
        try restart(&client, as: .audience)
        client.hear(.error(SignalingError(.permissionDenied, requestID: try client.lastID)))
        #expect(withdrawals(client).isEmpty && client.session.publications.count == 1)
        let sent = client.sent.count
        client.hear(.roleChanged(.host))
        #expect(client.session.isPublisher)
        #expect(client.sent.dropFirst(sent).filter(\.isPublish).count == 1)
        client.hear(.ok(try client.lastID, TrackID(number: 2)))
        #expect(client.session.publications.first?.state == .published)
    }

    @Test("who is hidden publishes nothing until shown again")
    func hidden() throws {
        var client = try publisher()
        client.hear(.permissionsChanged(TokenGrants(hidden: true)))
        #expect(!client.session.isPublisher)
        #expect(client.session.publications.first?.state == .unpublished)
        client.hear(.permissionsChanged(TokenGrants()))
        #expect(client.session.publications.first?.state == .published)
    }
}

extension ClientMessage {
    fileprivate var isPublish: Bool {
        if case .publish = self { true } else { false }
    }
}
