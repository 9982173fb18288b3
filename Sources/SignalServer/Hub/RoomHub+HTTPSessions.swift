// Sessions over HTTP: the same rooms and rules, without a WebSocket.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import Negotiation
import RoomService
import Rooms
import SDP
import Signaling

extension RoomHub {
    /// The rules of entering.
    nonisolated var gatekeeper: Gatekeeper {
        Gatekeeper(
            keys: configuration.keys, isDevelopment: configuration.isDevelopment, clock: clock)
    }

    /// The relays that somebody may use who finds no direct way.
    nonisolated func iceServers(for participant: ParticipantID) -> [ICEServer] {
        guard let relays = configuration.relays else { return [] }
        return [relays.access(for: participant, unixNow: clock.unixSeconds)]
    }

    /// Answers an offer: a large one away from where others wait, one of a player's size at once, which takes less
    /// than handing it to another thread and back.
    /// - Parameters:
    ///   - previous: What the session's last offer meant; `nil` for its first.
    ///   - loop: The session's media loop, which has candidates of its own.
    nonisolated func answer(
        to offer: SDPBody, previous: PeerMedia? = nil, as profile: NegotiationProfile,
        on loop: Int
    ) async throws(SignalingError) -> AnsweredOffer {
        let negotiator = configuration.negotiators[loop]
        let work = { @Sendable () throws(SignalingError) -> AnsweredOffer in
            var random = SecureRandom()
            return try AnsweredOffer(
                offer, previous: previous, profile: profile, negotiator: negotiator,
                using: &random)
        }
        // What a deflated one becomes is not known before.
        if case .plain(let text) = offer, text.utf8.count <= Workbench.smallOfferBytesMax {
            return try work()
        }
        return try await workbench.run(work)
    }

    /// Opens a WHIP session: an ordinary participant whose sections are published at once.
    nonisolated func publish(
        offer: String, to room: RoomName, token: String?, wish: ParticipantID?,
        name: DisplayName?
    ) async throws(SignalingError) -> HTTPSession {
        let admission = try gatekeeper.admit(
            token: token, to: room, wish: wish, name: name, metadata: nil)
        guard !admission.grants.publish.isEmpty, !admission.grants.hidden else {
            throw SignalingError(.permissionDenied)
        }
        let seat = seat(in: room)
        let answered = try await answer(to: .plain(offer), as: .whip, on: seat.loop)
        return try await open(
            answered, in: room, admission, seat, kind: .ingest, direction: .whip)
    }

    /// Opens a WHEP session: a hidden player of one participant, or of whoever comes first.
    nonisolated func play(
        offer: String, from room: RoomName, publisher: ParticipantID?, token: String?,
        mayWait: Bool
    ) async throws(SignalingError) -> HTTPSession {
        let admission = try gatekeeper.admit(
            token: token, to: room, wish: nil, name: nil, metadata: nil)
        guard admission.grants.subscribe else { throw SignalingError(.permissionDenied) }
        let existing = await existingRoom(room)
        if !mayWait {
            guard existing != nil else { throw SignalingError(.roomNotFound) }
        }
        // Asked for at once: each call may wait for the room, or change threads.
        let published = await existing?.published(by: publisher)
        guard mayWait || published?.hasPublisher == true else {
            throw SignalingError(.participantNotFound)
        }
        let codecs = published?.codecs ?? []
        let seat = seat(in: room)
        let answered = try await answer(
            to: .plain(offer), as: .whep(publishedCodecs: codecs.map(\.codec)), on: seat.loop)
        return try await open(
            answered, in: room, admission, seat, kind: .playback(of: publisher), direction: .whep)
    }

    private nonisolated func open(
        _ offer: AnsweredOffer, in room: RoomName, _ admission: Admission, _ seat: LoopSeat,
        kind: SessionKind, direction: SessionDescriptionRoutes.Direction
    ) async throws(SignalingError) -> HTTPSession {
        guard let media = offer.media else { throw SignalingError(.invalidOffer) }
        var random = SecureRandom()
        let resource = HTTPResource(
            name: SessionID.random(using: &random).text,
            eTag: "\"\(String(random.next(), radix: 36))\"",
            remoteUsernameFragment: media.remoteICE.usernameFragment,
            participant: admission.participant, direction: direction)
        let entry = RoomEntry(
            key: sessions.makeKey(), kind: kind, participant: admission.participant,
            name: admission.name, metadata: admission.metadata, grants: admission.grants,
            sections: offer.roomSections)
        _ = try await enter(room, entry, media: media, seat: seat, resource: resource)
        return HTTPSession(
            resource: resource.name, eTag: resource.eTag, answer: offer.answer,
            iceServers: iceServers(for: admission.participant))
    }

    /// What becomes of a fragment sent to a session.
    enum TrickleOutcome {
        /// Its candidates are taken note of. They are not needed: a lite server learns where a client is from its
        /// checks.
        case taken
        /// It asks for an ICE restart, which is not done over HTTP; the client opens a new session.
        case restartRefused
    }

    /// Takes trickled candidates for a session (RFC 9725 §4.3.2).
    nonisolated func trickle(
        _ fragment: TrickleFragment, resource: String, ifMatch: String, token: String?,
        direction: SessionDescriptionRoutes.Direction
    ) throws(SignalingError) -> TrickleOutcome {
        let (_, room, session) = try session(at: resource, direction: direction)
        try authorize(token, session, room: room.name)
        let isRestart =
            fragment.usernameFragment.map { $0 != session.remoteUsernameFragment } ?? false
        if isRestart, ifMatch == "*" || ifMatch == session.eTag { return .restartRefused }
        guard ifMatch == session.eTag else { throw SignalingError(.preconditionFailed) }
        return .taken
    }

    /// Ends a session.
    nonisolated func end(
        resource: String, token: String?, direction: SessionDescriptionRoutes.Direction
    ) async throws(SignalingError) {
        let (key, room, session) = try session(at: resource, direction: direction)
        try authorize(token, session, room: room.name)
        await room.leave(key, reason: .left)
    }

    private nonisolated func session(
        at resource: String, direction: SessionDescriptionRoutes.Direction
    ) throws(SignalingError) -> (SessionKey, RoomActor, HTTPResource) {
        guard let found = sessions.session(at: resource), found.2.direction == direction else {
            throw SignalingError(.sessionNotFound)
        }
        return found
    }

    /// The session's address is a secret of its own; a token is asked for where one was needed to open it.
    private nonisolated func authorize(
        _ token: String?, _ session: HTTPResource, room: RoomName
    ) throws(SignalingError) {
        if token == nil, configuration.isDevelopment { return }
        _ = try gatekeeper.admit(
            token: token, to: room, wish: session.participant, name: nil, metadata: nil)
    }
}
