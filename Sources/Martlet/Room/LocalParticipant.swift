// Oneself in a room: who one is, what one publishes, and what one does as oneself.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientSession
import Signaling

/// Oneself in a ``Room``, from before joining on; the room's only one, however often it is asked for.
///
/// ```swift
/// let me = room.localParticipant
/// try await me.publish(try AudioSource())
/// try await me.sendMessage("Hello from \(me.id ?? "")")
/// ```
public struct LocalParticipant: Sendable {
    let room: Room

    // MARK: Who one is

    /// One's id: the one wished for, the token's, or one that the server chose; `nil` outside a room (row C07).
    public var id: String? { room.hub.oneself?.id }

    /// The name shown to people; `nil` where one has none, and outside a room.
    public var name: String? { room.hub.oneself?.name }

    /// Free text of the application (row C18); `nil` where there is none, and outside a room.
    public var metadata: String? { room.hub.oneself?.metadata }

    /// Small named texts of the application; empty outside a room.
    public var attributes: [String: String] { room.hub.oneself?.attributes ?? [:] }

    /// How one takes part; `nil` outside a room (row R03).
    public var role: Role? { room.hub.oneself.map { $0.isAudience ? .audience : .host } }

    /// What one may do; `nil` outside a room (rows R04 and R08). ``RoomEvent/permissionsChanged`` tells that it is something else.
    public var permissions: Permissions? { room.hub.permissions }

    /// Whether one may publish a source now: by permissions and role.
    public func canPublish(_ source: TrackSource) -> Bool {
        guard let permissions, role == .host, !permissions.hidden else { return false }
        return permissions.publish.contains(source)
    }

    /// Changes what the others see of one; what is `nil` stays as it is. They are told
    /// ``RoomEvent/participantUpdated(_:)``, and one is told oneself ``RoomEvent/localParticipantUpdated``.
    /// - Parameters:
    ///   - name: The name shown to people, at most 256 bytes.
    ///   - metadata: Free text, at most 4,096 bytes.
    ///   - attributes: Small named texts to be set; `nil` takes one away, and what is not named stays.
    /// - Throws: A ``MartletError``: 1005 outside a room, 2009 without the right, the server's code for what is too long.
    public func update(
        name: String? = nil, metadata: String? = nil, attributes: [String: String?] = [:]
    ) async throws(MartletError) {
        if let engine = room.engine {
            try await engine.call(.update(name: name, metadata: metadata, attributes: attributes))
            return
        }
        let session = try await room.linked().session
        var update = ParticipantUpdate()
        do throws(SignalingError) {
            if let name { update.name = try DisplayName(name) }
            if let metadata { update.metadata = try Metadata(metadata) }
        } catch {
            throw MartletError(error)
        }
        if !attributes.isEmpty { update.attributes = AttributePatch(attributes) }
        do { try await session.updateSelf(update) } catch { throw MartletError(error) }
    }

    /// Begins or ends being one of those who publish (row R03); ``RoomEvent/roleChanged(isAudience:)`` tells it. Who becomes one of
    /// the audience sends nothing, and goes on with the same publications as a host.
    /// - Throws: A ``MartletError``: 1005 outside a room, 2009 where the token does not let one choose.
    public func setRole(_ role: Role) async throws(MartletError) {
        if let engine = room.engine { return try await engine.setRole(role) }
        let session = try await room.linked().session
        do {
            try await session.setRole(role == .host ? .host : .audience)
        } catch { throw MartletError(error) }
    }

    // MARK: What one publishes

    /// What one publishes, in the order of publishing: each from when `publish` returns it until one takes it back, the server
    /// does, or the room is left (rows P01 and P02). Breaks, and a process that takes the place of another, change nothing of it.
    public var publications: [LocalTrackPublication] {
        get async { await room.localPublications }
    }

    /// What one publishes of a source, of several the first; `nil`: nothing.
    public func publication(_ source: TrackSource) async -> LocalTrackPublication? {
        await publications.first { $0.source == source }
    }

    // MARK: What one says

    /// Opens a data stream that delivers each packet once and in order to everybody (row D01). At most five are open at once.
    /// - Throws: A ``MartletError``: 1005 outside a room, 2009 without the right, 7000 for a sixth.
    public func openDataStream() async throws(MartletError) -> DataStream {
        if let engine = room.engine { return try await engine.openDataStream() }
        let session = try await room.linked().session
        do {
            return DataStream(carrier: .session(session, try await session.openDataStream()))
        } catch { throw MartletError(error) }
    }

    /// Sends a message to some, or to everybody, and returns when it is sure to arrive (row D13).
    /// - Parameters:
    ///   - content: At most 4,096 bytes.
    ///   - participants: At most 64; `nil`: everybody else.
    ///   - id: 1 to 64 characters; the receivers are told it.
    /// - Returns: Those who are not in the room.
    /// - Throws: A ``MartletError``: 1005 outside a room, 3003 if nobody of them is there.
    @discardableResult
    public func sendMessage(
        _ content: String, to participants: [String]? = nil, id: String? = nil
    ) async throws(MartletError) -> [String] {
        if let engine = room.engine {
            return try await engine.sendMessage(content, to: participants, id: id)
        }
        let session = try await room.linked().session
        var message = OutgoingMessage(content: content)
        do throws(SignalingError) {
            if let id { message.message = try MessageID(id) }
            if let participants {
                var recipients: [ParticipantID] = []
                for participant in participants {
                    recipients.append(try ParticipantID(participant))
                }
                message.to = recipients
            }
        } catch {
            throw MartletError(error)
        }
        do throws(SessionFailure) {
            return try await session.sendMessage(message).map(\.text)
        } catch { throw MartletError(error) }
    }
}
