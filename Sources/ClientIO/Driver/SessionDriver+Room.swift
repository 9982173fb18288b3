// What an application does with a session: joining, leaving, publishing, choosing, moderating.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
package import Signaling

extension SessionDriver {
    // MARK: Joining and leaving

    /// Joins, publishes what was asked for before, and returns when one is in. A cancelled join leaves.
    /// - Parameter request: Its offer is not looked at: the media link makes one.
    /// - Returns: The room.
    /// - Throws: `.refused(.invalidState)` unless `disconnected`; then nothing has changed. Else why joining failed.
    @discardableResult
    package func join(_ request: JoinRequest) async throws(SessionFailure) -> RoomInfo {
        if phase == .disconnected {
            lastRefusal = nil
            lastLinkError = nil
            hasFallenBehind = false
        }
        try perform { session, now throws(SignalingError) in try session.join(request, at: now) }
        _ = try await wait(for: .joined)
        guard let room = session.room else { throw .aborted }
        return room
    }

    /// Leaves, and returns when one is out: at once where there is nothing to leave.
    package func leave() async {
        tell { $0.leave(at: $1) }
        // That one is out cannot fail; who gives up waiting is on the way out all the same.
        _ = try? await wait(for: .left)
    }

    // MARK: Publishing

    /// Publishes a source in a section of the offer, and returns when the others can have it.
    ///
    /// Outside a room it is noted, and published when a room is joined. It is published again in every session that takes
    /// the place of a lost one.
    /// - Throws: `.refused` with `.sourceAlreadyPublished`, `.sectionInUse`, `.tooManyRequests` or the server's code;
    ///   then it is not published, and is not tried again. `.aborted` if it was taken back meanwhile.
    package func publish(
        _ source: TrackSource, mid: MediaSectionID, muted: Bool = false
    ) async throws(SessionFailure) {
        let request = try make { session throws(SignalingError) in
            try session.publish(source, mid: mid, muted: muted)
        }
        if let request { _ = try await wait(for: .published(mid), request) }
    }

    /// Takes a source back.
    /// - Throws: `.refused(.trackNotFound)` if nothing is published in that section, or `.tooManyRequests`.
    package func unpublish(mid: MediaSectionID) async throws(SessionFailure) {
        try await ask { session throws(SignalingError) in try session.unpublish(mid: mid) }
    }

    /// Silences a source, or lets it be heard again.
    /// - Throws: `.refused(.trackNotFound)` if nothing is published in that section, or `.tooManyRequests`.
    package func mute(mid: MediaSectionID, _ isMuted: Bool) async throws(SessionFailure) {
        try await ask { session throws(SignalingError) in try session.mute(mid: mid, isMuted) }
    }

    // MARK: Choosing

    /// Asks for somebody's tracks, of one source or of all, or wants them no longer: now and after every break.
    /// - Throws: `.refused` with `.invalidState` outside a room, `.participantNotFound`, or the server's code.
    package func setSubscribed(
        _ isWanted: Bool, to participant: ParticipantID, source: TrackSource? = nil
    ) async throws(SessionFailure) {
        try await ask { session throws(SignalingError) in
            try session.setSubscribed(isWanted, to: participant, source: source)
        }
    }

    /// Wants more or less of somebody's picture: now and after every break.
    /// - Throws: `.refused` with `.invalidState` outside a room, `.participantNotFound`, `.invalidArgument` for a source
    ///   that is heard, or the server's code.
    package func setQuality(
        _ choice: VideoChoice, of participant: ParticipantID, source: TrackSource = .camera
    ) async throws(SessionFailure) {
        try await ask { session throws(SignalingError) in
            try session.setQuality(choice, of: participant, source: source)
        }
    }

    // MARK: Oneself

    /// Begins or ends being one of those who publish.
    /// - Throws: `.refused` with `.permissionDenied` where the token does not let one choose, or as `sendMessage` does.
    package func setRole(_ role: ParticipantRole) async throws(SessionFailure) {
        try await ask { session throws(SignalingError) in _ = try session.setRole(role) }
    }

    /// Changes what the others see of oneself.
    /// - Throws: As `setRole` does.
    package func updateSelf(_ update: ParticipantUpdate) async throws(SessionFailure) {
        try await ask { session throws(SignalingError) in _ = try session.updateSelf(update) }
    }

    /// Shows a new token, which is also the one that a new session is joined with.
    /// - Throws: `.refused` with the server's code, or `.invalidState` outside a room.
    package func renewToken(_ token: String) async throws(SessionFailure) {
        do {
            try await ask { session throws(SignalingError) in _ = try session.renewToken(token) }
        } catch {
            // It may have arrived; and the next session was joined with it in any case.
            guard case .linkLost = error, session.phase != .disconnected else { throw error }
        }
    }

    /// Tells how good one's own network is; lost while there is nobody to tell.
    package func report(_ quality: NetworkQuality) {
        tell { session, _ in session.report(quality) }
    }

    // MARK: Others

    /// Sends somebody away, and keeps them away for some seconds if those are given; needs the grant `admin`.
    /// - Throws: `.refused` with `.permissionDenied` or `.participantNotFound`, or as `sendMessage` does.
    package func removeParticipant(
        _ participant: ParticipantID, banSeconds: Int64? = nil
    ) async throws(SessionFailure) {
        try await ask { session throws(SignalingError) in
            _ = try session.removeParticipant(participant, banSeconds: banSeconds)
        }
    }

    /// Changes somebody else; needs the grant `admin`.
    /// - Throws: As `removeParticipant` does.
    package func changeParticipant(
        _ participant: ParticipantID, _ change: ParticipantChange
    ) async throws(SessionFailure) {
        try await ask { session throws(SignalingError) in
            _ = try session.changeParticipant(participant, change)
        }
    }

    // MARK: Messages

    /// Sends a message to some, or to everybody, and returns when it is sure to arrive.
    /// - Returns: Those of its recipients who are not in the room, and whom it does not reach.
    /// - Throws: `.refused` with `.invalidState` outside a room, `.tooManyRequests` while 256 requests wait, or the server's
    ///   code; `.linkLost` if the session ended before the answer, `.requestTimedOut`, `.aborted`.
    @discardableResult
    package func sendMessage(
        _ message: OutgoingMessage
    ) async throws(SessionFailure) -> [ParticipantID] {
        let answer = try await ask { session throws(SignalingError) in
            _ = try session.send(message)
        }
        guard case .sent(_, let unreachable)? = answer else { return [] }
        return unreachable
    }

    // MARK: Requests

    /// Makes a request of the session.
    /// - Returns: Its number; `nil` if there was nothing to ask of the server.
    func make(
        _ body: (inout ClientSession) throws(SignalingError) -> Void
    ) throws(SessionFailure) -> RequestID? {
        try perform { session, _ throws(SignalingError) in
            let before = session.newestRequest
            try body(&session)
            return session.newestRequest == before ? nil : session.newestRequest
        }
    }

    /// Makes a request and waits for its answer, if it has one.
    @discardableResult
    func ask(
        _ body: (inout ClientSession) throws(SignalingError) -> Void
    ) async throws(SessionFailure) -> ServerMessage? {
        guard let request = try make(body) else { return nil }
        return try await wait(for: .answered, request)
    }
}
