// What one signalling connection decides, from its first message to its last.
// SPDX-License-Identifier: Apache-2.0
package import Rooms
package import Signaling
package import Wire

/// Who may say what when on a signalling connection, and what silence means.
///
/// Hand it each message and do what it answers, one after the other: the next message is looked at only when the
/// last one's action has been carried out. Call `advance(to:)` at `nextDeadline`, until it returns `nil`.
package struct SignalingConnection: Sendable {
    /// What a message asks of the caller.
    package enum Action: Sendable {
        /// Send this over the connection.
        case send(ServerMessage)
        /// Check the token, answer the offer, and enter; then call `entered` or `entryFailed`.
        case join(RequestID, JoinRequest)
        /// Find the session and go on with it here; then call `entered` or `entryFailed`.
        case resume(RequestID, ResumeRequest)
        /// Answer the offer and update the room; what is thrown on the way goes to `refuse`.
        case negotiate(SessionKey, RequestID, SDPBody)
        /// Check the token and renew; what is thrown on the way goes to `refuse`.
        case renew(SessionKey, RequestID, String)
        /// Hand this to the room.
        case perform(SessionKey, ClientMessage)
        /// Let the room answer this error, so that the answer takes its number.
        case refuse(SessionKey, SignalingError)
    }

    /// What time asks of the caller.
    package enum TimedAction: Sendable, Equatable {
        /// Send a ping.
        case ping
        /// Three pings in a row were missed; for the statistics, the room decides what it means.
        case linkLost
        /// The credentials for relays that the client knows end in a while: tell it others.
        case renewRelays(SessionKey)
        /// Nobody joined in time: close the connection.
        case closeUnjoined
    }

    private struct Liveness: Sendable {
        var session: SessionKey
        var nextPing: MediaInstant
        /// When the client is told of relays anew; `nil`: never.
        var relaysDue: MediaInstant?
        var isLinkLost = false
    }

    private enum State: Sendable {
        case waitingForEntry
        /// By `join`, whose answer tells of relays, or by `resume`.
        case entering(joins: Bool)
        case entered(Liveness)
        case ended
    }

    private let limits: ConnectionLimits
    private var state = State.waitingForEntry
    /// When it is closed unless somebody has entered; `nil` once that was said.
    private var entryDeadline: MediaInstant?
    private var heardAt: MediaInstant
    /// Until when everything goes to the room at once.
    private var watchedUntil: MediaInstant?
    private var offers = WindowCount(window: .seconds(60))
    private var resumes = WindowCount(window: .seconds(60))
    private var briefMessages = WindowCount(window: .seconds(1))

    /// A connection that has just been opened.
    package init(limits: ConnectionLimits, at now: MediaInstant) {
        self.limits = limits
        entryDeadline = now + limits.joinTimeout
        heardAt = now
    }

    /// The session it is of; `nil` before and after.
    package var session: SessionKey? {
        if case .entered(let liveness) = state { liveness.session } else { nil }
    }

    // MARK: Messages

    /// A message came.
    package mutating func receive(_ message: ClientMessage, at now: MediaInstant) -> Action? {
        heard(at: now)
        switch state {
        case .entered(let liveness): return answer(message, of: liveness.session, at: now)
        case .ended: return nil
        case .entering: return refuse(.invalidState, message)
        case .waitingForEntry: break
        }
        switch message {
        case .join(let id, let request):
            if let wait = offers.take(max: limits.offersPerMinuteMax, at: now) {
                return refuse(.tooManyRequests, message, retryAfter: wait)
            }
            state = .entering(joins: true)
            return .join(id, request)
        case .resume(let id, let request):
            if let wait = resumes.take(max: limits.resumesPerMinuteMax, at: now) {
                return refuse(.tooManyRequests, message, retryAfter: wait)
            }
            state = .entering(joins: false)
            return .resume(id, request)
        case .ping(let id): return .send(.pong(id))
        case .pong: return nil
        default: return refuse(.invalidState, message)
        }
    }

    /// A brief message came, while the connection had no other at hand.
    ///
    /// It may be taken where it came in only if that makes no difference to its room: somebody has entered, is not
    /// coming back from a silence, and sends no more of them than clients do.
    /// - Returns: The session that lives, if the message is taken: a ping is to be answered, and both to be kept for
    ///   the room (`SignsOfLife`). `nil`: hand it to `receive` as any message.
    package mutating func receive(brief: BriefMessage, at now: MediaInstant) -> SessionKey? {
        guard case .entered(let liveness) = state, !liveness.isLinkLost,
            now - heardAt < limits.notableSilence, watchedUntil.map({ $0 <= now }) ?? true,
            briefMessages.take(max: limits.briefMessagesPerSecondMax, at: now) == nil
        else { return nil }
        heardAt = now
        return liveness.session
    }

    private mutating func answer(
        _ message: ClientMessage, of session: SessionKey, at now: MediaInstant
    ) -> Action? {
        switch message {
        case .offer(let id, let body):
            if let wait = offers.take(max: limits.offersPerMinuteMax, at: now) {
                return refuse(.tooManyRequests, message, retryAfter: wait)
            }
            return .negotiate(session, id, body)
        case .renewToken(let id, let token): return .renew(session, id, token)
        default: return .perform(session, message)
        }
    }

    /// Something came that is no message, for the reason given.
    package mutating func receive(
        unreadable error: SignalingError, at now: MediaInstant
    ) -> Action? {
        heard(at: now)
        return refuse(error)
    }

    /// How an error is answered: by the room once there is one, since its answers are numbered.
    package func refuse(_ error: SignalingError) -> Action? {
        switch state {
        case .waitingForEntry, .entering: .send(.error(error))
        case .entered(let liveness): .refuse(liveness.session, error)
        case .ended: nil
        }
    }

    private func refuse(
        _ code: ErrorCode, _ message: ClientMessage, retryAfter: MediaDuration? = nil
    ) -> Action? {
        var error = SignalingError(code, requestID: message.requestID)
        error.retryAfter = retryAfter
        return refuse(error)
    }

    private mutating func heard(at now: MediaInstant) {
        if now - heardAt >= limits.notableSilence { watchedUntil = now + limits.linkLostTimeout }
        heardAt = now
        guard case .entered(var liveness) = state, liveness.isLinkLost else { return }
        liveness.isLinkLost = false
        state = .entered(liveness)
    }

    // MARK: Entering

    /// The `join` or `resume` at hand succeeded.
    /// - Returns: Whether the connection is still there; if not, tell the room that it is lost.
    package mutating func entered(_ session: SessionKey, at now: MediaInstant) -> Bool {
        guard case .entering(let joins) = state else { return false }
        entryDeadline = nil
        heardAt = now
        // Who comes back may have missed its time: at once.
        state = .entered(
            Liveness(
                session: session, nextPing: now + limits.pingInterval,
                relaysDue: limits.relayRenewal.map { joins ? now + $0 : now }))
        return true
    }

    /// The `join` or `resume` at hand failed; the client may try again.
    package mutating func entryFailed(_ error: SignalingError) -> Action? {
        guard case .entering = state else { return nil }
        state = .waitingForEntry
        return refuse(error)
    }

    // MARK: Time and end

    /// When `advance(to:)` has something to do; `nil`: never.
    package var nextDeadline: MediaInstant? {
        switch state {
        case .waitingForEntry: return entryDeadline
        // How long entering takes is ours to answer for, not the client's.
        case .entering: return nil
        case .entered(let liveness):
            var deadline = liveness.nextPing
            if let due = liveness.relaysDue { deadline = min(deadline, due) }
            guard !liveness.isLinkLost else { return deadline }
            return min(deadline, heardAt + limits.linkLostTimeout)
        case .ended: return nil
        }
    }

    /// Lets time pass; call it until it returns `nil`.
    package mutating func advance(to now: MediaInstant) -> TimedAction? {
        switch state {
        case .waitingForEntry:
            guard let entryDeadline, entryDeadline <= now else { return nil }
            self.entryDeadline = nil
            return .closeUnjoined
        case .entered(var liveness):
            if liveness.nextPing <= now {
                // A little late makes no longer rhythm, and one ping is enough however late it is.
                let next = liveness.nextPing + limits.pingInterval
                liveness.nextPing = next > now ? next : now + limits.pingInterval
                state = .entered(liveness)
                return .ping
            }
            if let due = liveness.relaysDue, due <= now {
                liveness.relaysDue = limits.relayRenewal.map { now + $0 }
                state = .entered(liveness)
                return .renewRelays(liveness.session)
            }
            if !liveness.isLinkLost, heardAt + limits.linkLostTimeout <= now {
                liveness.isLinkLost = true
                state = .entered(liveness)
                return .linkLost
            }
            return nil
        case .entering, .ended: return nil
        }
    }

    /// The connection is gone.
    /// - Returns: The session whose room is to be told of it, if there is one.
    package mutating func end() -> SessionKey? {
        defer { state = .ended }
        return session
    }
}
