// A client of a room as one value: signalling, coming back, publishing, subscribing, data; no socket, clock or codec.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

/// Everything a client does in a room that is neither socket nor media.
///
/// Its driver hands in what happens, drains `pollAction` and `pollEvent` until both are `nil`, and calls
/// `advance(to:)` at `nextDeadline`. It may be joined again after it was left.
package struct ClientSession: Sendable {
    var machine: SessionMachine
    /// What `join` says; `participant` and `token` follow what the server and the application say later.
    var request: JoinRequest?
    var pending = PendingRequests()
    var choices = SubscriptionChoices()
    var videoChoices = VideoChoices()
    /// The number of the last numbered message that arrived.
    package internal(set) var lastSequence: UInt64 = 0
    /// Up to this number the server repeats what was missed; what is unanswered is sent again after it.
    var replayEnd: UInt64?
    var entry: RequestID?
    var leaving: RequestID?
    var lastTicket: UInt64 = 0
    /// The offer that is being made or answered; others wait, since a media link has one at a time.
    var offer: (ticket: OfferTicket, request: RequestID?)?
    var wantedOffers: [OfferPurpose] = []
    var data = DataQueues()

    /// The session's secret id; `nil` while there is none.
    package internal(set) var session: SessionID?
    /// The room; `nil` before it was joined.
    package internal(set) var room: RoomInfo?
    /// Oneself; `nil` before the room was joined.
    package internal(set) var participant: ParticipantInfo?
    /// What oneself may do.
    package internal(set) var grants = TokenGrants()
    /// Relays for a client that finds no direct way, as the server told them last; empty: there are none.
    package internal(set) var iceServers: [ICEServer] = []
    /// Everybody else.
    package internal(set) var roster = SessionRoster()
    /// What is, or is to be, published, in the order of asking.
    package internal(set) var publications: [Publication] = []

    private var actions: [SessionAction] = []
    private var actionsTaken = 0
    private var events: [SessionEvent] = []
    private var eventsTaken = 0

    /// A client that has not joined.
    /// - Parameter jitterSeed: Any number, another one for each client.
    /// - Throws: `.invalidArgument` if the window is out of its range of 30 to 50 s.
    package init(
        timing: SessionTiming = SessionTiming(), jitterSeed: UInt32
    ) throws(SignalingError) {
        machine = try SessionMachine(timing: timing, jitterSeed: jitterSeed)
    }

    // MARK: State

    /// Where the connection stands.
    package var phase: ConnectionPhase { machine.phase }
    /// Why it stands there.
    package var reason: ChangeReason { machine.reason }
    /// Which link is lost; `nil` unless `reconnecting`.
    package var lostLink: LostLink? { machine.lostLink }
    /// Which try to come back this is; 0 unless `reconnecting`.
    package var attempt: Int { machine.attempt }

    // MARK: Driving

    /// The next thing to do; `nil`: nothing more for now.
    package mutating func pollAction() -> SessionAction? {
        guard actionsTaken < actions.count else {
            actions.removeAll(keepingCapacity: true)
            actionsTaken = 0
            return nil
        }
        defer { actionsTaken += 1 }
        return actions[actionsTaken]
    }

    /// The next thing to tell; `nil`: nothing more for now.
    package mutating func pollEvent() -> SessionEvent? {
        guard eventsTaken < events.count else {
            events.removeAll(keepingCapacity: true)
            eventsTaken = 0
            return nil
        }
        defer { eventsTaken += 1 }
        return events[eventsTaken]
    }

    /// When `advance(to:)` has something to do; `nil`: nothing is waited for.
    package var nextDeadline: MediaInstant? { earliest(machine.nextDeadline, data.nextDeadline) }

    /// Lets time pass.
    package mutating func advance(to now: MediaInstant) {
        tell(.advance, at: now)
        sendDueData(at: now)
    }

    // MARK: Joining and leaving

    /// Joins, and publishes what was asked for before.
    /// - Throws: `.invalidState` in any state but `disconnected`; then nothing has changed.
    package mutating func join(
        _ request: JoinRequest, at now: MediaInstant
    ) throws(SignalingError) {
        guard phase == .disconnected else {
            throw SignalingError(.invalidState, detail: "Leave before you join again.")
        }
        self.request = request
        self.request?.options.resume = true
        roster = SessionRoster()
        choices = SubscriptionChoices()
        videoChoices = VideoChoices()
        tell(.join, at: now)
    }

    /// Leaves; does nothing where there is nothing to leave.
    package mutating func leave(at now: MediaInstant) { tell(.leave, at: now) }

    // MARK: Links

    /// The socket asked for is open.
    package mutating func socketOpened(at now: MediaInstant) { tell(.socketOpened, at: now) }

    /// The socket could not be opened, or broke.
    package mutating func socketClosed(at now: MediaInstant) { tell(.socketClosed, at: now) }

    /// Something arrived over the media link.
    package mutating func mediaHeard(at now: MediaInstant) { tell(.mediaHeard, at: now) }

    /// The media link is beyond repair: its handshake failed, or its agent has given up.
    package mutating func mediaFailed(at now: MediaInstant) { tell(.mediaFailed, at: now) }

    /// The network is another one.
    package mutating func networkChanged(at now: MediaInstant) { tell(.networkChanged, at: now) }

    /// The offer that was asked for.
    package mutating func offered(
        _ body: SDPBody, for ticket: OfferTicket, at now: MediaInstant
    ) {
        guard offer?.ticket == ticket, offer?.request == nil else { return }
        if ticket.purpose == .join {
            sendJoin(with: body)
        } else {
            let id = enqueue { .offer($0, body) }
            offer?.request = id
        }
    }

    /// The offer that was asked for cannot be made: ends the entry as a refusal would, or the link it was to mend.
    /// - Parameter code: Why joining fails.
    package mutating func offerFailed(
        for ticket: OfferTicket, _ code: ErrorCode = .invalidOffer, at now: MediaInstant
    ) {
        guard offer?.ticket == ticket, offer?.request == nil else { return }
        offer = nil
        switch ticket.purpose {
        case .join: tell(.joinRefused(code), at: now)
        case .restart: tell(.restartRefused, at: now)
        case .slots: break
        }
        askForNextOffer()
    }

    // MARK: Inside

    mutating func act(_ action: SessionAction) { actions.append(action) }

    mutating func report(_ event: SessionEvent) { events.append(event) }

    /// Lets the state machine decide, and obeys it.
    mutating func tell(_ input: SessionMachine.Input, at now: MediaInstant) {
        // `join` alone can be refused, and only where `join(_:at:)` refuses it before.
        try? machine.handle(input, at: now)
        while let action = machine.pollAction() { obey(action, at: now) }
    }
}
