// How a session's state machine loses links, tries to come back, and ends.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

extension SessionMachine {
    // MARK: Losing

    private mutating func beginReconnecting(_ reason: ChangeReason, at now: MediaInstant) {
        guard phase == .connected else { return }
        lostSince = now
        attempt = 1
        move(to: .reconnecting, reason)
    }

    /// The signalling link is gone: tries at once to come back.
    mutating func loseSignal(_ reason: ChangeReason, at now: MediaInstant) {
        // A restart over the link that is gone will not be answered.
        if case .restarting = media { media = .lost }
        nextPing = nil
        beginReconnecting(reason, at: now)
        act(.closeSocket)
        beginAttempt(at: now)
    }

    /// The session's media cannot be mended: only a new session has another.
    mutating func loseSession(at now: MediaInstant) {
        guard phase == .connected || phase == .reconnecting, media != .none else { return }
        hasSession = false
        media = .lost
        switch signal {
        case .up, .resuming:
            nextPing = nil
            beginReconnecting(.mediaLost, at: now)
            // The server lets one session in over one socket.
            act(.closeSocket)
            beginAttempt(at: now)
        case .waiting, .opening, .joining: break
        }
    }

    private mutating func loseMedia(at now: MediaInstant) {
        guard signal == .up else {
            media = .lost
            return
        }
        beginReconnecting(.mediaLost, at: now)
        restartMedia(at: now)
    }

    // MARK: Coming back

    mutating func beginAttempt(at now: MediaInstant) {
        signal = .opening(until: now + timing.attemptTimeout)
        act(.openSocket)
    }

    /// The try has failed: the next one comes after a pause.
    mutating func failAttempt(at now: MediaInstant) {
        act(.closeSocket)
        attempt += 1
        let pause = SessionTiming.pauseMilliseconds(before: attempt)
        signal = .waiting(until: now + jitter.lengthen(milliseconds: pause))
    }

    /// The session cannot be taken up again: joins over the socket there is, with media of its own.
    mutating func joinAnew(at now: MediaInstant) {
        hasSession = false
        nextPing = nil
        if media != .none { act(.endMedia) }
        media = .none
        signal = .joining(until: now + timing.attemptTimeout)
        act(.sendJoin)
    }

    mutating func restartMedia(at now: MediaInstant) {
        media = .restarting(until: now + timing.attemptTimeout)
        act(.restartMedia)
    }

    mutating func signalUp(at now: MediaInstant) {
        signal = .up
        signalHeardAt = now
        nextPing = now + timing.pingInterval
    }

    /// Both links are there, as far as is known.
    mutating func arrive(_ reason: ChangeReason) {
        lostSince = nil
        attempt = 0
        move(to: .connected, reason)
    }

    // MARK: Ending

    /// The end, for now; the application is told last, when nothing of the session is left.
    mutating func end(_ reason: ChangeReason) {
        act(.closeSocket)
        act(.endMedia)
        signal = .up
        media = .none
        hasSession = false
        nextPing = nil
        leavesAt = nil
        lostSince = nil
        attempt = 0
        move(to: .disconnected, reason)
    }

    // MARK: Time

    /// A machine that slept was told nothing, so silence meanwhile is none of the links'.
    mutating func forgiveSleep(until now: MediaInstant) {
        guard phase == .connected, let due = nextDeadline, now - due > SessionTiming.lateness else {
            return
        }
        let slept = now - due
        signalHeardAt = signalHeardAt + slept
        if case .heard(let at) = media { media = .heard(at: at + slept) }
        if case .connecting(let until) = media { media = .connecting(until: until + slept) }
    }

    /// Does what is due.
    mutating func serveDeadlines(at now: MediaInstant) {
        switch phase {
        case .disconnected: break
        case .leaving:
            if let leavesAt, leavesAt <= now { end(.left) }
        case .connecting:
            if let deadline = signalDeadline, deadline <= now { end(.joinTimedOut) }
        case .connected, .reconnecting:
            if let windowEnd, windowEnd <= now { return end(.reconnectTimedOut) }
            serveSignal(at: now)
            serveMedia(at: now)
        }
    }

    private mutating func serveSignal(at now: MediaInstant) {
        switch signal {
        case .waiting(let until):
            if until <= now { beginAttempt(at: now) }
        case .opening(let until), .resuming(let until), .joining(let until):
            if until <= now { failAttempt(at: now) }
        case .up:
            if signalSilence <= now {
                loseSignal(.signalLost, at: now)
            } else if let due = nextPing, due <= now {
                nextPing = now + timing.pingInterval
                act(.sendPing)
            }
        }
    }

    private mutating func serveMedia(at now: MediaInstant) {
        guard let deadline = mediaDeadline, deadline <= now else { return }
        if case .restarting = media {
            attempt += 1
            restartMedia(at: now)
        } else {
            loseMedia(at: now)
        }
    }
}
