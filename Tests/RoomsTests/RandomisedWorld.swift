// What the world outside a room believes, built from effects alone.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

@testable import Rooms

/// What the world outside believes, built from effects alone.
struct RandomisedWorld {
    var alive: [SessionKey] = []
    /// The clients of those with a WebSocket.
    var clients: [SessionKey: ClientModel] = [:]
    var closed = false
    /// What should not have happened.
    var problems: [String] = []
    /// What each slot forwards, as the media worker was told.
    var bound: [SlotKey: SlotSource] = [:]
    /// What each slot shows, as its client was told.
    var told: [SlotKey: SlotAssignment.Source] = [:]
    /// The sections that are not forwarded to anybody.
    var paused: [SlotKey: Bool] = [:]
    /// Whom each client believes to be in the room.
    var known: [SessionKey: [ParticipantID]] = [:]

    struct SlotKey: Hashable {
        var session: SessionKey
        var mid: MediaSectionID
    }

    private mutating func require(_ holds: Bool, _ problem: @autoclosure () -> String) {
        if !holds { problems.append(problem()) }
    }

    mutating func apply(_ effect: RoomEffect) {
        require(!closed, "an effect after the room closed: \(effect)")
        switch effect {
        case .send(let session, let message): apply(message, to: session)
        case .broadcast(let sessions, let message):
            for session in sessions { apply(message, to: session) }
        case .bindSlot(let receiver, let mid, let source):
            require(source.map { alive.contains($0.publisher) } ?? true, "bound to the gone")
            require(source?.publisher != receiver, "bound to oneself")
            bound[SlotKey(session: receiver, mid: mid)] = source
        case .drop(let session, _):
            require(alive.contains(session), "dropped twice")
            alive.removeAll { $0 == session }
            bound = bound.filter { $0.key.session != session }
            told = told.filter { $0.key.session != session }
            known[session] = nil
            clients[session] = nil
        case .setQuality(let receiver, let mid, _):
            require(
                bound[SlotKey(session: receiver, mid: mid)] != nil, "a choice for an empty slot")
        case .setPaused(let publisher, let mid, let isPaused):
            require(alive.contains(publisher), "an order for the gone")
            paused[SlotKey(session: publisher, mid: mid)] = isPaused
        case .requestKeyframe(let publisher, _), .setRank(let publisher, _, _, _):
            require(alive.contains(publisher), "an order for the gone")
        case .roomClosed: closed = true
        }
    }

    private mutating func apply(_ message: ServerMessage, to session: SessionKey) {
        require(alive.contains(session), "told to the gone: \(message)")
        require(clients[session]?.link != .gone, "told over no socket: \(message)")
        guard clients[session]?.link == .up else { return }
        clients[session]?.receive(message)
        switch message {
        case .joined(_, let reply):
            known[session] = reply.participants.map(\.id)
            tell(reply.slots, to: session)
        case .slots(let assignments): tell(assignments, to: session)
        case .participantJoined(let info): known[session, default: []].append(info.id)
        case .participantLeft(let id, _):
            require(known[session]?.contains(id) == true, "left who never came")
            known[session]?.removeAll { $0 == id }
        default: break
        }
    }

    private mutating func tell(_ assignments: [SlotAssignment], to session: SessionKey) {
        for assignment in assignments {
            told[SlotKey(session: session, mid: assignment.mid)] = assignment.source
        }
    }
}
