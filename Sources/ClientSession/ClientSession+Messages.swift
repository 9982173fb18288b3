// What a client's session does with what the server says.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

extension ClientSession {
    /// A message arrived over the socket.
    package mutating func receive(_ message: ServerMessage, at now: MediaInstant) {
        tell(.heard, at: now)
        switch message {
        case .joined(let id, let reply):
            if id == entry { begin(reply, at: now) }
            return
        case .resumed(let id, let sequence):
            if id == entry { resumed(sequence: sequence, at: now) }
            return
        // Nothing else was asked for yet: an error that names no request is about the entry too.
        case .error(let error)
        where entry != nil && (error.requestID == nil || error.requestID == entry):
            entryRefused(error.code, at: now)
            return
        case .ping:
            act(.send(.pong(lastSequence: session == nil ? nil : lastSequence)))
            return
        case .pong: return
        case .disconnected(let reason, _, let rejoin):
            if leaving != nil { tell(.leaveConfirmed, at: now) }
            tell(.disconnected(reason, rejoin: rejoin), at: now)
            return
        default: break
        }
        guard session != nil else { return }
        if message.isSequenced { lastSequence += 1 }
        if let id = message.answeredRequest {
            answered(id, message, at: now)
        } else {
            told(message, at: now)
        }
        if let replayEnd, lastSequence >= replayEnd { endReplay() }
    }

    /// A message arrived whose type is not known: it means nothing, and has its number.
    package mutating func receiveUnknown(at now: MediaInstant) {
        tell(.heard, at: now)
        guard session != nil else { return }
        lastSequence += 1
        if let replayEnd, lastSequence >= replayEnd { endReplay() }
    }

    // MARK: Entering

    private mutating func begin(_ reply: JoinedReply, at now: MediaInstant) {
        guard let ticket = offer?.ticket, ticket.purpose == .join else { return }
        entry = nil
        offer = nil
        session = reply.session
        participant = reply.participant
        grants = reply.grants
        iceServers = reply.iceServers
        lastSequence = 0
        // Who comes back must be known by the same name, whoever chose it.
        request?.participant = reply.participant.id
        act(.takeAnswer(ticket, reply.answer))
        let isFirst = phase == .connecting
        // A room that came into being anew counts its tracks from the beginning: nothing is as it was.
        let isSameRoom = room?.id != nil && room?.id == reply.room.id
        let differences =
            isFirst ? [] : roster.differences(to: reply.participants, inSameRoom: isSameRoom)
        room = reply.room
        if isFirst {
            for info in reply.participants { roster.take(.participantJoined(info)) }
        }
        tell(.joined(canResume: reply.resumeSeconds != nil), at: now)
        for message in differences {
            roster.take(message)
            report(.told(message))
        }
        roster.order(as: reply.participants)
        roster.begin(reply.slots)
        chooseAgain()
        publishAgain()
        openDataStreams()
        updateSubscribeStates()
    }

    private mutating func resumed(sequence: UInt64, at now: MediaInstant) {
        entry = nil
        replayEnd = sequence
        tell(.resumed, at: now)
        if lastSequence >= sequence { endReplay() }
    }

    private mutating func entryRefused(_ code: ErrorCode, at now: MediaInstant) {
        entry = nil
        if session == nil {
            offer = nil
            tell(.joinRefused(code), at: now)
        } else {
            tell(.resumeRefused(code), at: now)
        }
    }

    // MARK: Answers

    private mutating func answered(
        _ id: RequestID, _ message: ServerMessage, at now: MediaInstant
    ) {
        guard let request = pending.take(id) else { return }
        if offer?.request == id {
            offerAnswered(message, at: now)
            return
        }
        let outcome: RequestOutcome
        if case .error(let error) = message {
            outcome = .refused(error)
        } else {
            outcome = .done(message)
        }
        noteAnswer(to: request, id, outcome)
        if noteData(id, outcome, at: now) { return }
        report(.answered(id, outcome))
    }

    private mutating func offerAnswered(_ message: ServerMessage, at now: MediaInstant) {
        guard let ticket = offer?.ticket else { return }
        offer = nil
        if case .answer(_, let body) = message {
            act(.takeAnswer(ticket, body))
        } else if ticket.purpose == .restart {
            tell(.restartRefused, at: now)
        }
        askForNextOffer()
    }

    // MARK: Events

    private mutating func told(_ message: ServerMessage, at now: MediaInstant) {
        switch message {
        case .needSlots(let demand): want(.slots(demand))
        case .permissionsChanged(let grants):
            self.grants = grants
            noteStanding()
        // Nothing that an application has to know.
        case .iceServersChanged(let servers):
            iceServers = servers
            act(.useRelays(servers))
            return
        case .roleChanged(let role):
            participant?.role = role
            // A new session begins as this one was, where the token lets it.
            request?.options.role = role
            noteStanding()
        case .participantUpdated(let info) where info.id == participant?.id:
            participant = info
            request?.name = info.name
            request?.metadata = info.metadata
            request?.attributes = info.attributes
        case .trackUnpublished(let id, let track) where id == participant?.id:
            withdrawn(track)
        case .layersWanted(let track, let layers, let maxBitrates, let spatialLayers):
            noteWanted(
                track,
                WantedLayers(
                    layers: layers, maxBitrates: maxBitrates, spatialLayers: spatialLayers))
        case .participantLeft(let id, _):
            choices.forget(id)
            videoChoices.forget(id)
        default: break
        }
        let concerned = roster.concerned(by: message)
        roster.take(message)
        // Who comes back later than oneself to a server that was started anew is wanted as before.
        if case .participantJoined(let info) = message { chooseAgain(info.id) }
        report(.told(message))
        updateSubscribeStates(of: concerned)
    }
}

extension SessionRoster {
    /// Of whom receiving some track may stand elsewhere after a message; `nil`: of anybody. In a large room most messages are levels
    /// and grades, and slots change as often as somebody speaks.
    fileprivate func concerned(by message: ServerMessage) -> [ParticipantID]? {
        switch message {
        case .slots(let assignments):
            let before = slots.filter { slot in assignments.contains { $0.mid == slot.mid } }
            var ids: [ParticipantID] = []
            for slot in before + assignments {
                if let id = slot.source?.participant, !ids.contains(id) { ids.append(id) }
            }
            return ids
        case .participantJoined(let info): return [info.id]
        case .participantUpdated(let info): return [info.id]
        case .trackPublished(let id, _), .trackMuted(let id, _, _): return [id]
        case .roleChanged, .permissionsChanged: return nil
        default: return []
        }
    }
}
