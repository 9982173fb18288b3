// What the clients of a simulated system do, and what their applications see.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import Signaling
import Wire

extension SystemWorld {
    /// Lets a client's user join, with a fresh token.
    func join(_ client: SystemClient) {
        let token = SystemTokens.make(
            for: client.participant, in: client.room,
            expiresAt: SystemClock.unixSeconds(at: now) + 3_600)
        do throws(SignalingError) { try client.join(token: token, at: now) } catch {
            client.rejoinsAt = nil
        }
    }

    /// Does what a client asks.
    /// - Returns: Whether it asked for anything.
    func obey(_ client: SystemClient) -> Bool {
        var hasAsked = false
        while let action = client.session.pollAction() {
            hasAsked = true
            switch action {
            case .openSocket: openStream(for: client)
            case .closeSocket: closeStream(of: client)
            case .send(let message):
                if let stream = client.stream {
                    send(.fromClient(message), over: stream, isUp: true)
                }
            case .makeOffer(let ticket): client.makeOffer(ticket, at: now)
            case .takeAnswer(let ticket, let body): client.takeAnswer(ticket, body, at: now)
            case .useRelays: break
            case .endMedia: client.endMedia()
            }
        }
        while let event = client.session.pollEvent() {
            hasAsked = true
            see(event, client, in: client.session.session)
        }
        return hasAsked
    }

    /// A message arrives at a client.
    func hear(_ message: ServerMessage, _ client: SystemClient) {
        let session = client.session.session
        client.session.receive(message, at: now)
        // At once, while it is known which session it was told in.
        while let event = client.session.pollEvent() {
            see(event, client, in: session ?? client.session.session)
        }
    }

    private func see(_ event: SessionEvent, _ client: SystemClient, in session: SessionID?) {
        switch event {
        case .changed(let change): changed(change, client)
        case .told(let message): told(message, client, in: session)
        case .answered, .packetLost: break
        case .withdrawn(let source, _, let error):
            note("c\(client.index) \(source.rawValue) withdrawn \(error.code.rawValue)")
        case .publishing(let source, let from, let to):
            note("c\(client.index) \(source.rawValue) \(from.rawValue)>\(to.rawValue)")
        case .subscribing(let participant, let track, let from, let to):
            note(
                "c\(client.index) \(participant.text) \(track.source.rawValue) "
                    + "\(from.rawValue)>\(to.rawValue)")
        }
    }

    private func changed(_ change: ConnectionChange, _ client: SystemClient) {
        note(
            "c\(client.index) \(change.from.rawValue)>\(change.to.rawValue) "
                + change.reason.rawValue)
        if !change.isLegal { oracle.violate("c\(client.index) made an illegal move") }
        switch change.reason {
        case .joined: figures.joined += 1
        case .resumed: figures.resumed += 1
        case .restarted: figures.restarted += 1
        case .reconnectTimedOut: figures.timedOut += 1
        default: break
        }
        guard change.to == .disconnected, client.wantsToBeIn else { return }
        // Its user presses the button again.
        client.rejoinsAt = now + .seconds(2)
    }

    private func told(_ message: ServerMessage, _ client: SystemClient, in session: SessionID?) {
        switch message {
        case .dataReceived(let packet):
            arrived(String(decoding: packet.bytes, as: UTF8.self), client, in: session)
        case .messageReceived(let message): arrived(message.content, client, in: session)
        case .participantJoined(let info):
            note("c\(client.index) sees \(info.id.text) come")
            checkRoom(of: info.id, client)
        case .participantLeft(let id, let reason):
            note("c\(client.index) sees \(id.text) go \(reason.rawValue)")
        case .participantInterrupted(let id):
            note("c\(client.index) sees \(id.text) interrupted")
        case .participantResumed(let id): note("c\(client.index) sees \(id.text) resumed")
        default: break
        }
    }

    /// Nobody sees anybody of another room.
    private func checkRoom(of participant: ParticipantID, _ client: SystemClient) {
        let other = clients.first { $0.participant == participant }
        if other?.room != client.room {
            oracle.violate("c\(client.index) sees \(participant.text) of another room")
        }
    }

    private func arrived(_ text: String, _ client: SystemClient, in session: SessionID?) {
        guard let session else {
            return oracle.violate("c\(client.index) was told something outside a session")
        }
        note("c\(client.index) got \(text)")
        let place = client.arrived[session]?.count ?? 0
        client.arrived[session, default: []].append(text)
        oracle.arrived(text, as: place, in: session, at: client.index)
    }

    // MARK: Deeds

    /// Sends packets over the client's data stream, which is opened for the first of them.
    func sendData(_ client: SystemClient, count: Int) {
        if client.streamHandles.isEmpty {
            guard let handle = try? client.session.openDataStream() else { return }
            client.streamHandles = [handle]
        }
        for _ in 0..<count {
            client.nextPacket += 1
            let text = "c\(client.index) packet \(client.nextPacket)"
            try? client.session.send(
                Array(text.utf8), over: client.streamHandles[0], at: now)
        }
    }

    /// Sends a message to all, or to one.
    func sendMessage(_ client: SystemClient, to other: Int?) {
        client.nextPacket += 1
        let text = "c\(client.index) message \(client.nextPacket)"
        let to = other.map { [clients[$0].participant] }
        _ = try? client.session.send(OutgoingMessage(to: to, content: text))
    }
}
