// WHIP (RFC 9725) and WHEP over HTTP: an offer is posted, a session is made, and lives until it is deleted.
// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Hummingbird
import NIOCore
import SDP
import Signaling

/// The addresses under `/whip` and `/whep`.
///
/// WHEP is a draft (draft-ietf-wish-whep); what it does not say is done as WHIP says it.
struct SessionDescriptionRoutes: Sendable {
    /// Which way media goes.
    enum Direction: String, Sendable {
        case whip
        case whep
    }

    /// The type of offers and answers.
    static let sdpType = "application/sdp"
    /// The type of trickled candidates (RFC 8840 §9).
    static let fragmentType = "application/trickle-ice-sdpfrag"

    /// Whether pages of every origin may use an address: players stand on other people's sites, and tokens come in
    /// a header that only the page's own code can set.
    static func isOpenToAllOrigins(_ path: String) -> Bool {
        path.hasPrefix("/whip/") || path.hasPrefix("/whep/")
    }

    let direction: Direction
    let hub: RoomHub
    let limits: ServerLimits

    /// Adds the addresses of this direction to a router.
    func add(to router: Router<BasicRequestContext>) {
        let root = "/\(direction.rawValue)/:room"
        router.post("\(root)") { try await create($0, $1) }
        router.on("\(root)", method: .options) { _, _ in preflight(isSession: false) }
        if direction == .whep {
            router.post("\(root)/:participant") { try await create($0, $1) }
        }
        let session = "\(root)/:\(direction == .whep ? "participant" : "session")"
        router.patch("\(session)") { try await trickle($0, $1) }
        router.delete("\(session)") { try await end($0, $1) }
        router.on("\(session)", method: .options) { _, _ in preflight(isSession: true) }
        // RFC 9725 §4.2 and §4.3: other methods are answered 405.
        for method in [HTTPRequest.Method.get, .head, .put] {
            router.on("\(root)", method: method) { _, _ in refuseMethod(isSession: false) }
            router.on("\(session)", method: method) { _, _ in refuseMethod(isSession: true) }
        }
        for method in [HTTPRequest.Method.patch, .delete] {
            router.on("\(root)", method: method) { _, _ in refuseMethod(isSession: false) }
        }
        if direction == .whip {
            router.post("\(session)") { _, _ in refuseMethod(isSession: true) }
        }
    }

    private func create(
        _ request: Request, _ context: BasicRequestContext
    ) async throws -> Response {
        try requireType(of: request, Self.sdpType)
        let room = try RoomName(segment("room", context))
        let offer = try await text(of: request, tooLarge: .offerTooLarge)
        let publisher = try context.parameters.get("participant").map { _ in
            try ParticipantID(segment("participant", context))
        }
        let wish = try query("participant", request).map { try ParticipantID($0) }
        let name = try query("name", request).map { try DisplayName($0) }
        let session: HTTPSession
        switch direction {
        case .whip:
            session = try await hub.publish(
                offer: offer, to: room, token: request.bearerToken, wish: wish, name: name)
        case .whep:
            session = try await hub.play(
                offer: offer, from: room, publisher: publisher, token: request.bearerToken,
                mayWait: query("wait", request) != "0")
        }
        let location = "/\(direction.rawValue)/\(percentEncoded(room.text))/\(session.resource)"
        var headers: HTTPFields = [
            .contentType: Self.sdpType, .location: location, .eTag: session.eTag,
            .acceptPatch: Self.fragmentType, .cacheControl: "no-store",
            .accessControlExposeHeaders: "Location, ETag, Link, Accept-Patch",
        ]
        headers[values: .link] = session.iceServers.flatMap(\.links)
        return Response(
            status: .created, headers: headers,
            body: .init(byteBuffer: ByteBuffer(string: session.answer)))
    }

    /// Takes trickled candidates, which a lite server has no use for: it answers checks from wherever they come.
    private func trickle(
        _ request: Request, _ context: BasicRequestContext
    ) async throws -> Response {
        try requireType(of: request, Self.fragmentType)
        let resource = try sessionSegment(context)
        let fragment = try Self.fragment(await text(of: request, tooLarge: .messageTooLarge))
        guard let match = request.headers[.ifMatch] else {
            throw SignalingError(.preconditionRequired)
        }
        let outcome = try hub.trickle(
            fragment, resource: resource, ifMatch: match, token: request.bearerToken,
            direction: direction)
        switch outcome {
        case .taken:
            return Response(status: .noContent)
        case .restartRefused:
            // RFC 9725 §4.3.3: a server that trickles and does not restart answers 422.
            return SignalingError(
                .invalidArgument, detail: "ICE restart is not done here; open a new session."
            ).response(status: .unprocessableContent)
        }
    }

    private static func fragment(_ text: String) throws(SignalingError) -> TrickleFragment {
        do {
            return try TrickleFragment.parse(text)
        } catch .tooLarge {
            throw SignalingError(.messageTooLarge)
        } catch {
            throw SignalingError(.invalidArgument, detail: "The fragment is malformed.")
        }
    }

    private func end(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        try await hub.end(
            resource: sessionSegment(context), token: request.bearerToken,
            direction: direction)
        return Response(status: .ok)
    }

    // MARK: Reading requests

    private func requireType(of request: Request, _ type: String) throws(SignalingError) {
        guard request.mediaType == type else { throw SignalingError(.unsupportedMediaType) }
    }

    private func text(of request: Request, tooLarge: ErrorCode) async throws -> String {
        do {
            let body = try await request.body.collect(upTo: limits.bodyBytesMax)
            guard let text = String(validating: body.readableBytesView, as: UTF8.self) else {
                throw SignalingError(.invalidArgument, detail: "The body is no UTF-8.")
            }
            return text
        } catch is NIOTooManyBytesError {
            throw SignalingError(tooLarge)
        }
    }

    private func segment(_ name: String, _ context: BasicRequestContext) throws -> String {
        guard let text = context.parameters.get(name).flatMap({ percentDecoded($0) }) else {
            throw SignalingError(.notFound)
        }
        return text
    }

    private func sessionSegment(_ context: BasicRequestContext) throws -> String {
        try segment(direction == .whep ? "participant" : "session", context)
    }

    private func query(_ name: String, _ request: Request) -> String? {
        // Decoded already: a second time would misread what stands for a percent sign.
        request.uri.queryParameters.get(name)
    }

    // MARK: Answers without a session

    private func allowed(isSession: Bool) -> String {
        switch (isSession, direction) {
        case (false, _): "POST, OPTIONS"
        case (true, .whip): "PATCH, DELETE, OPTIONS"
        // `/whep/{room}/{participant}` and a session's address have one form.
        case (true, .whep): "POST, PATCH, DELETE, OPTIONS"
        }
    }

    private func preflight(isSession: Bool) -> Response {
        let methods = allowed(isSession: isSession)
        return Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: methods,
                .accessControlAllowHeaders: "Authorization, Content-Type, If-Match",
                .accessControlExposeHeaders: "Location, ETag, Link, Accept-Patch",
                .accessControlMaxAge: "600", .allow: methods,
                .acceptPost: Self.sdpType,
                .acceptPatch: Self.fragmentType,
            ])
    }

    private func refuseMethod(isSession: Bool) -> Response {
        var response = SignalingError(.methodNotAllowed).response()
        response.headers[.allow] = allowed(isSession: isSession)
        return response
    }
}

/// A session over HTTP as its maker is told.
struct HTTPSession: Sendable {
    /// The unguessable last segment of the session's address.
    var resource: String
    /// The entity tag of its ICE session, quotes included.
    var eTag: String
    /// The answer to the offer.
    var answer: String
    /// Relays for a client that finds no direct way.
    var iceServers: [ICEServer]
}
