// The admin interface over HTTP: rooms, participants, messages and tokens for the server's own backend.
// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Hummingbird
import NIOCore
import Signaling
import Wire

/// The addresses under `/v1` beside the signalling socket's. docs/admin.md tells them, openapi.json describes them.
struct AdminRoutes: Sendable {
    /// The most rooms of one page.
    static let pageRoomsMax: Int64 = 1_000
    /// The rooms of a page where nothing is said.
    static let pageRoomsDefault: Int64 = 100
    /// The longest ban, in seconds.
    static let banSecondsMax: Int64 = 365 * 24 * 3600

    let hub: RoomHub

    /// Adds the addresses to a router.
    func add(to router: Router<BasicRequestContext>) {
        for operation in AdminOperation.allCases {
            router.on(RouterPath(operation.path), method: operation.method) {
                try await answer(operation, $0, $1)
            }
        }
        let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        for (path, operations) in AdminOperation.byPath {
            let allowed = operations.map(\.method)
            for method in methods where !allowed.contains(method) {
                router.on(RouterPath(path), method: method) { _, _ in
                    var response = SignalingError(.methodNotAllowed).response()
                    response.headers[.allow] = allowed.map(\.rawValue).joined(separator: ", ")
                    return response
                }
            }
        }
    }

    private func answer(
        _ operation: AdminOperation, _ request: Request, _ context: BasicRequestContext
    ) async throws -> Response {
        // A router that forgives empty segments must not open what a proxy has closed.
        guard !request.uri.path.contains("//") else { throw SignalingError(.notFound) }
        guard operation != .getDescription else { return description() }
        let caller = try hub.gatekeeper.admitAdmin(token: request.bearerToken)
        let asked = AdminRequest(
            request: request, context: context, workbench: hub.workbench)
        switch operation {
        case .listRooms: return try await listRooms(asked, caller)
        case .createRoom: return try await createRoom(asked, caller)
        case .createToken:
            return try await json(hub.gatekeeper.issue(asked.body(TokenRequest.self), for: caller))
        case .getRoom:
            guard let room = try await room(asked, caller).description() else {
                throw SignalingError(.roomNotFound)
            }
            return try await json(room)
        case .closeRoom:
            let name = try asked.room()
            try caller.check(name)
            try await hub.close(name)
            return Response(status: .noContent)
        case .listParticipants:
            let participants = try await room(asked, caller).participantDescriptions()
            return try await json(ParticipantList(participants: participants))
        case .getParticipant:
            let participant = try asked.participant()
            return try await json(
                room(asked, caller).participantDescription(of: participant))
        case .changeParticipant: return try await changeParticipant(asked, caller)
        case .removeParticipant: return try await removeParticipant(asked, caller)
        case .sendMessage: return try await sendMessage(asked, caller)
        case .getDescription: return description()
        }
    }

    // MARK: Rooms

    /// The room in the address, if the caller may touch it.
    private func room(
        _ asked: AdminRequest, _ caller: AdminCaller
    ) async throws(SignalingError) -> RoomActor {
        let name = try asked.room()
        try caller.check(name)
        return try await hub.openRoom(name)
    }

    private func createRoom(_ asked: AdminRequest, _ caller: AdminCaller) async throws -> Response {
        let creation = try await asked.body(RoomCreation.self)
        try caller.check(creation.name)
        let room = try await hub.create(creation.name, options: creation.options)
        var response = try await json(room, status: .created)
        response.headers[.location] = "/v1/rooms/\(percentEncoded(room.name.text))"
        return response
    }

    private func listRooms(_ asked: AdminRequest, _ caller: AdminCaller) async throws -> Response {
        let prefix = try asked.parameter("prefix") ?? ""
        let after = try asked.parameter("after")
        let limit =
            try asked.number("limit", in: 1...Self.pageRoomsMax) ?? Self.pageRoomsDefault
        guard let only = caller.room else {
            return try await json(
                hub.roomList(prefix: prefix, after: after, limit: Int(limit)))
        }
        var page = RoomList(rooms: [])
        let isAsked = only.text.hasPrefix(prefix) && after.map { only.text > $0 } ?? true
        if isAsked, let room = await hub.existingRoom(only)?.description() {
            page.rooms = [room]
        }
        return try await json(page)
    }

    // MARK: Participants

    private func changeParticipant(
        _ asked: AdminRequest, _ caller: AdminCaller
    ) async throws -> Response {
        let participant = try asked.participant()
        let room = try await room(asked, caller)
        let change = try await asked.body(ParticipantChange.self)
        return try await json(room.change(participant, change))
    }

    private func removeParticipant(
        _ asked: AdminRequest, _ caller: AdminCaller
    ) async throws -> Response {
        let participant = try asked.participant()
        let ban = try asked.number("ban", in: 1...Self.banSecondsMax)
        try await room(asked, caller).kick(
            participant, banFor: ban.map { MediaDuration.seconds($0) })
        return Response(status: .noContent)
    }

    private func sendMessage(
        _ asked: AdminRequest, _ caller: AdminCaller
    ) async throws -> Response {
        let room = try await room(asked, caller)
        let message = try await asked.body(OutgoingMessage.self)
        return try await json(MessageReceipt(unreachable: room.announce(message)))
    }

    // MARK: Answers

    /// An answer in JSON with sorted keys. Lists may be long, so it is written where nobody waits for it.
    private func json<Value: Encodable & Sendable>(
        _ value: Value, status: HTTPResponse.Status = .ok
    ) async throws(SignalingError) -> Response {
        let bytes = try await hub.workbench.run { ControlBody.encode(value) }
        return Response(
            status: status,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// The interface's own description, which is no secret.
    private func description() -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/json", .cacheControl: "no-cache"],
            body: .init(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_json)))
    }
}
