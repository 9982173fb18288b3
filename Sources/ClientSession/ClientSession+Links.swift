// How a client's session obeys its state machine.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

extension ClientSession {
    mutating func obey(_ action: SessionMachine.Action, at now: MediaInstant) {
        switch action {
        case .changed(let change):
            if change.to == .disconnected { forgetSession() }
            report(.changed(change))
            if change.to == .connected { sendDueData(at: now) }
        case .openSocket: act(.openSocket)
        case .closeSocket:
            entry = nil
            replayEnd = nil
            act(.closeSocket)
        case .sendJoin: wantJoin()
        case .sendResume: sendResume()
        case .sendLeave:
            let id = pending.takeID()
            leaving = id
            act(.send(.leave(id)))
        case .sendPing: act(.send(.ping(nil)))
        case .restartMedia: want(.restart)
        case .endMedia:
            offer = nil
            wantedOffers = []
            act(.endMedia)
        }
    }

    // MARK: Entering

    /// A new session begins: what is left of the former one is over.
    private mutating func wantJoin() {
        session = nil
        loseRequests()
        offer = nil
        wantedOffers = []
        ask(for: .join)
    }

    mutating func sendJoin(with body: SDPBody) {
        guard var request else { return }
        request.offer = body
        let id = pending.takeID()
        entry = id
        act(.send(.join(id, request)))
    }

    private mutating func sendResume() {
        guard let session else { return }
        let id = pending.takeID()
        entry = id
        act(
            .send(.resume(id, ResumeRequest(session: session, lastSequence: lastSequence))))
    }

    // MARK: Offers

    /// Asks for an offer when the one before is done with.
    mutating func want(_ purpose: OfferPurpose) {
        guard !wantedOffers.contains(purpose) else { return }
        wantedOffers.append(purpose)
        askForNextOffer()
    }

    mutating func askForNextOffer() {
        guard offer == nil, !wantedOffers.isEmpty else { return }
        ask(for: wantedOffers.removeFirst())
    }

    private mutating func ask(for purpose: OfferPurpose) {
        lastTicket += 1
        let ticket = OfferTicket(number: lastTicket, purpose: purpose)
        offer = (ticket, nil)
        act(.makeOffer(ticket))
    }

    // MARK: Requests

    /// Numbers a request, keeps it until it is answered, and sends it if there is somebody to send it to.
    @discardableResult
    mutating func enqueue(_ make: (RequestID) -> ClientMessage) -> RequestID {
        let id = pending.takeID()
        let message = make(id)
        pending.append(message, id: id)
        if canSend { act(.send(message)) }
        return id
    }

    /// Whether requests can be sent now: there is a session on a socket, and nothing missed is still
    /// to come.
    var canSend: Bool { machine.signal == .up && session != nil && replayEnd == nil }

    /// The server has repeated what was missed: what has no answer was not done, and is sent again.
    mutating func endReplay() {
        replayEnd = nil
        for request in pending.requests { act(.send(request.message)) }
    }

    /// The session is over; whether its last requests were done will never be known.
    private mutating func loseRequests() {
        for request in pending.takeAll() { report(.answered(request.id, .lost)) }
        for handle in data.lose() { report(.packetLost(handle)) }
        lastSequence = 0
        replayEnd = nil
    }

    private mutating func forgetSession() {
        entry = nil
        leaving = nil
        session = nil
        offer = nil
        wantedOffers = []
        loseRequests()
        data = DataQueues()
        for index in publications.indices {
            publications[index].track = nil
            publications[index].request = nil
            setState(.unpublished, ofPublicationAt: index)
        }
    }
}
