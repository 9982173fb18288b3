// The state machine of a client's connection: what it does when links break, and when it gives up.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

/// Decides, from what happens and from the time, where a connection stands and what is to be done.
///
/// It knows neither sockets nor messages' contents. The SDK in TypeScript is a port of it, which
/// replays the traces of docs/vectors/session.json. After each input drain `pollAction` until `nil`, and
/// hand in `.advance` at `nextDeadline`.
package struct SessionMachine: Sendable {
    /// What the signalling link of a client that is not `disconnected` does.
    enum Signal: Hashable, Sendable {
        /// No socket: the next try begins at that moment.
        case waiting(until: MediaInstant)
        /// A socket is being opened, until that moment at the latest.
        case opening(until: MediaInstant)
        /// `resume` was sent.
        case resuming(until: MediaInstant)
        /// `join` was sent.
        case joining(until: MediaInstant)
        /// The session can be spoken to.
        case up
    }

    /// What the media link of a session does.
    enum Media: Hashable, Sendable {
        /// There is none.
        case none
        /// It is new, and must be heard before that moment.
        case connecting(until: MediaInstant)
        /// It was heard last at that moment.
        case heard(at: MediaInstant)
        /// It is lost; nothing is done about it while the signalling link is lost as well.
        case lost
        /// It is lost, and is restarted; the next try begins at that moment.
        case restarting(until: MediaInstant)
    }

    let timing: SessionTiming
    var jitter: JitterSource

    /// Where the connection stands.
    package internal(set) var phase = ConnectionPhase.disconnected
    /// Why it stands there.
    package internal(set) var reason = ChangeReason.notJoined
    /// Which try to come back this is, from 1; 0 unless `reconnecting`.
    package internal(set) var attempt = 0
    /// Since when a link has been lost; `nil` unless `reconnecting`.
    package internal(set) var lostSince: MediaInstant?

    var signal = Signal.up
    var media = Media.none
    /// Whether the server knows a session that can be taken up again.
    var hasSession = false
    /// When the signalling link was last heard.
    var signalHeardAt = MediaInstant.zero
    var nextPing: MediaInstant?
    /// When leaving no longer waits.
    var leavesAt: MediaInstant?
    private var actions: [Action] = []
    private var actionsTaken = 0

    /// A machine that is `disconnected`.
    /// - Parameter jitterSeed: Any number, another one for each client.
    /// - Throws: `.invalidArgument` if the window is out of its range of 30 to 50 s.
    package init(
        timing: SessionTiming = SessionTiming(), jitterSeed: UInt32
    ) throws(SignalingError) {
        guard SessionTiming.windowRange.contains(timing.window) else {
            throw SignalingError(
                .invalidArgument, detail: "The window for coming back is 30 to 50 s.")
        }
        self.timing = timing
        jitter = JitterSource(seed: jitterSeed)
    }

    // MARK: Driving

    /// Takes in what happened.
    /// - Throws: `.invalidState` for `join` in a state other than `disconnected`; then nothing has changed.
    package mutating func handle(
        _ input: Input, at now: MediaInstant
    ) throws(SignalingError) {
        if input == .join, phase != .disconnected {
            throw SignalingError(.invalidState, detail: "Leave before you join again.")
        }
        forgiveSleep(until: now)
        receive(input, at: now)
        serveDeadlines(at: now)
    }

    /// The next thing to do; `nil`: nothing more for now.
    package mutating func pollAction() -> Action? {
        guard actionsTaken < actions.count else {
            actions.removeAll(keepingCapacity: true)
            actionsTaken = 0
            return nil
        }
        defer { actionsTaken += 1 }
        return actions[actionsTaken]
    }

    /// When `.advance` has something to do; `nil`: nothing is waited for.
    package var nextDeadline: MediaInstant? {
        switch phase {
        case .disconnected: nil
        case .leaving: leavesAt
        case .connecting: signalDeadline
        case .connected: earliest(earliest(nextPing, signalSilence), mediaDeadline)
        case .reconnecting:
            earliest(
                earliest(signalDeadline, signal == .up ? earliest(nextPing, signalSilence) : nil),
                earliest(windowEnd, mediaDeadline))
        }
    }

    /// Which link is lost; `nil` unless `reconnecting`.
    package var lostLink: LostLink? {
        guard phase == .reconnecting else { return nil }
        if signal == .up { return .media }
        return isMediaLost ? .both : .signal
    }

    // MARK: Telling

    mutating func act(_ action: Action) { actions.append(action) }

    /// Moves on; every move of the machine goes through here, and is one of the table's.
    mutating func move(to next: ConnectionPhase, _ reason: ChangeReason) {
        let change = ConnectionChange(from: phase, to: next, reason: reason)
        precondition(change.isLegal, "a move that the table does not have")
        phase = next
        self.reason = reason
        act(.changed(change))
    }

    // MARK: Deadlines

    var windowEnd: MediaInstant? { lostSince.map { $0 + timing.window } }

    var signalSilence: MediaInstant { signalHeardAt + timing.signalTimeout }

    var signalDeadline: MediaInstant? {
        switch signal {
        case .waiting(let until), .opening(let until), .resuming(let until), .joining(let until):
            until
        case .up: nil
        }
    }

    var mediaDeadline: MediaInstant? {
        switch media {
        case .none, .lost: nil
        case .connecting(let until), .restarting(let until): until
        case .heard(let at): at + timing.mediaTimeout
        }
    }

    var isMediaLost: Bool {
        switch media {
        case .none, .connecting, .heard: false
        case .lost, .restarting: true
        }
    }
}
