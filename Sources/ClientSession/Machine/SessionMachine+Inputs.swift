// What each input does to a session's state machine.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

extension SessionMachine {
    mutating func receive(_ input: Input, at now: MediaInstant) {
        switch input {
        case .join: begin(at: now)
        case .leave: leave(at: now)
        case .socketOpened: socketOpened(at: now)
        case .socketClosed: socketClosed(at: now)
        case .heard: if isSpokenTo { signalHeardAt = now }
        case .joined(let canResume): joined(canResume: canResume, at: now)
        case .joinRefused(let code): joinRefused(code, at: now)
        case .resumed: resumed(at: now)
        case .resumeRefused(let code): resumeRefused(code, at: now)
        case .disconnected(let reason, let rejoin): disconnected(reason, rejoin: rejoin, at: now)
        case .leaveConfirmed: if phase == .leaving { end(.left) }
        case .mediaHeard: mediaHeard(at: now)
        case .restartRefused, .mediaFailed: loseSession(at: now)
        case .networkChanged: networkChanged(at: now)
        case .advance: break
        }
    }

    // MARK: The application

    private mutating func begin(at now: MediaInstant) {
        signal = .opening(until: now + timing.joinTimeout)
        move(to: .connecting, .joinRequested)
        act(.openSocket)
    }

    private mutating func leave(at now: MediaInstant) {
        switch phase {
        case .disconnected, .leaving: return
        case .connecting, .connected, .reconnecting: break
        }
        let canSay = phase != .connecting && signal == .up
        move(to: .leaving, .left)
        if canSay {
            leavesAt = now + timing.leaveTimeout
            act(.sendLeave)
        } else {
            end(.left)
        }
    }

    // MARK: The signalling link

    /// Whether the server answers over the socket there is.
    private var isSpokenTo: Bool {
        switch signal {
        case .resuming, .joining, .up: true
        case .waiting, .opening: false
        }
    }

    private mutating func socketOpened(at now: MediaInstant) {
        guard case .opening(let until) = signal else { return }
        signalHeardAt = now
        if phase == .connecting {
            signal = .joining(until: until)
            act(.sendJoin)
        } else if hasSession {
            signal = .resuming(until: until)
            act(.sendResume)
        } else {
            joinAnew(at: now)
        }
    }

    private mutating func socketClosed(at now: MediaInstant) {
        switch phase {
        case .disconnected: break
        case .connecting: end(.linkFailed)
        case .leaving: end(.left)
        case .connected: loseSignal(.signalLost, at: now)
        case .reconnecting:
            switch signal {
            case .up: loseSignal(.signalLost, at: now)
            case .opening, .resuming, .joining: failAttempt(at: now)
            case .waiting: break
            }
        }
    }

    private mutating func joined(canResume: Bool, at now: MediaInstant) {
        guard case .joining = signal else { return }
        hasSession = canResume
        media =
            timing.watchesMedia ? .connecting(until: now + timing.mediaConnectTimeout) : .none
        signalUp(at: now)
        arrive(phase == .connecting ? .joined : .restarted)
    }

    private mutating func joinRefused(_ code: ErrorCode, at now: MediaInstant) {
        guard case .joining = signal else { return }
        if phase == .connecting {
            end(code.joinFailure)
        } else if let reason = code.sessionEnd {
            end(reason)
        } else {
            failAttempt(at: now)
        }
    }

    private mutating func resumed(at now: MediaInstant) {
        guard case .resuming = signal else { return }
        signalUp(at: now)
        if isMediaLost { restartMedia(at: now) } else { arrive(.resumed) }
    }

    private mutating func resumeRefused(_ code: ErrorCode, at now: MediaInstant) {
        guard case .resuming = signal else { return }
        switch code {
        case .internalError, .serverOverloaded, .serverShuttingDown, .connectionTooSlow,
            .tooManyRequests:
            failAttempt(at: now)
        default:
            if let reason = code.sessionEnd { end(reason) } else { joinAnew(at: now) }
        }
    }

    private mutating func disconnected(
        _ reason: DisconnectReason, rejoin: Bool, at now: MediaInstant
    ) {
        switch phase {
        case .disconnected: break
        case .leaving: end(.left)
        case .connecting:
            switch reason.sessionEnd {
            case .kicked?: end(.permissionDenied)
            case .roomClosed?: end(.roomNotFound)
            case .duplicateIdentity?: end(.duplicateIdentity)
            case .tokenExpired?: end(.tokenExpired)
            default: end(.serverUnavailable)
            }
        case .connected, .reconnecting:
            if !rejoin, let end = reason.sessionEnd { return self.end(end) }
            hasSession = false
            loseSignal(reason == .serverShutdown ? .serverMoved : .signalLost, at: now)
        }
    }

    private mutating func networkChanged(at now: MediaInstant) {
        switch phase {
        case .disconnected, .connecting, .leaving: return
        case .connected:
            if media != .none { media = .lost }
            loseSignal(.networkChanged, at: now)
        case .reconnecting:
            guard signal != .up else { return }
            if media != .none { media = .lost }
            act(.closeSocket)
            beginAttempt(at: now)
        }
    }

    // MARK: The media link

    private mutating func mediaHeard(at now: MediaInstant) {
        guard phase == .connected || phase == .reconnecting, media != .none else { return }
        media = .heard(at: now)
        if phase == .reconnecting, signal == .up { arrive(.resumed) }
    }
}
