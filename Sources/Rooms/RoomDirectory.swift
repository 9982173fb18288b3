// All rooms of one control plane.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

/// How many rooms there may be, how they come into being and how each behaves.
package struct RoomDirectoryConfiguration: Sendable, Equatable {
    /// The most rooms at a time.
    package var roomsMax = 10_000
    /// Whether joining a room that does not exist makes it.
    package var createsOnJoin = true
    /// How each room behaves.
    package var room = RoomConfiguration()

    /// The default configuration.
    package init() {}
}

/// Many rooms as one value: finds the room of a name or session and hands on its effects.
///
/// Drain `pollEffect` after every call, and call `advance(to:)` at `nextDeadline`, as with one room.
package struct RoomDirectory: Sendable {
    private let configuration: RoomDirectoryConfiguration
    private var rooms: [RoomCore] = []
    /// Looked up, never iterated.
    private var indexByName: [RoomName: Int] = [:]
    /// Where a session is, and the id its client knows it by.
    private struct Place: Sendable {
        var room: RoomName
        var session: SessionID?
    }

    /// Looked up, never iterated.
    private var places: [SessionKey: Place] = [:]
    /// Looked up, never iterated.
    private var keyBySessionID: [SessionID: SessionKey] = [:]
    private var ended = EndedSessions()
    private var closedRoomBans = ClosedRoomBans()
    /// Rooms that may have effects, in the order of being touched.
    private var touched: [RoomName] = []
    private var touchedTaken = 0
    /// Gives rooms their ids.
    private var random: SeededRandom
    /// No room has anything to do before this.
    private var earliestDeadline: MediaInstant?

    /// A directory without rooms.
    /// - Parameter seed: Of the ids of its rooms.
    package init(
        configuration: RoomDirectoryConfiguration = RoomDirectoryConfiguration(), seed: UInt64 = 0
    ) {
        self.configuration = configuration
        random = SeededRandom(seed: seed)
    }

    // MARK: Verbs

    /// Makes a room, which closes again if nobody enters within `emptyTimeout`; nothing happens if
    /// it exists.
    /// - Throws: `.tooManyRooms`.
    package mutating func create(_ name: RoomName, at now: MediaInstant) throws(SignalingError) {
        guard indexByName[name] == nil else { return }
        try open(name, configuration.room, at: now)
    }

    /// Makes a room with options of its own.
    /// - Throws: `.roomExists`, `.tooManyRooms` or, naming an option, `.invalidArgument`.
    package mutating func create(
        _ name: RoomName, options: RoomOptions, at now: MediaInstant
    ) throws(SignalingError) {
        guard indexByName[name] == nil else { throw SignalingError(.roomExists) }
        try open(name, configuration.room.applying(options), at: now)
    }

    private mutating func open(
        _ name: RoomName, _ roomConfiguration: RoomConfiguration, at now: MediaInstant
    ) throws(SignalingError) {
        guard rooms.count < configuration.roomsMax else { throw SignalingError(.tooManyRooms) }
        indexByName[name] = rooms.count
        let room = RoomCore(
            name: name, id: .random(using: &random), configuration: roomConfiguration,
            bans: closedRoomBans.take(of: name, at: now), at: now)
        rooms.append(room)
        note(deadline: room.nextDeadline)
    }

    /// Whether somebody may enter, as far as is known without an offer: to refuse early.
    /// - Throws: What `join` would throw.
    package func checkEntry(
        to name: RoomName, participant: ParticipantID, asPlayer: Bool, at now: MediaInstant
    ) throws(SignalingError) {
        if let index = indexByName[name] {
            try rooms[index].checkEntry(
                participant: participant, asPlayer: asPlayer, at: now)
        } else if !configuration.createsOnJoin {
            throw SignalingError(.roomNotFound)
        } else if rooms.count >= configuration.roomsMax {
            throw SignalingError(.tooManyRooms)
        }
    }

    /// Lets somebody into a room, which comes into being for it.
    /// - Throws: `.invalidState` if the session is in a room, `.roomNotFound`, `.tooManyRooms` or
    ///   what `RoomCore.join` throws; then nothing has changed.
    package mutating func join(
        _ name: RoomName, _ entry: RoomEntry, at now: MediaInstant
    ) throws(SignalingError) {
        guard places[entry.key] == nil else { throw SignalingError(.invalidState) }
        try checkEntry(
            to: name, participant: entry.participant, asPlayer: entry.isPlayer, at: now)
        try create(name, at: now)
        try withRoom(named: name) { room throws(SignalingError) in
            try room.join(entry, at: now)
        }
        var place = Place(room: name, session: nil)
        if case .signaling(let parts) = entry.kind {
            place.session = parts.session
            keyBySessionID[parts.session] = entry.key
        }
        places[entry.key] = place
    }

    /// Goes on with a session over a new socket; see `RoomCore.resume`.
    /// - Returns: The session's handle, whose messages go to the new socket from now on.
    /// - Throws: `.sessionNotFound`, the code of the reason for which the session has ended, or
    ///   `.invalidArgument`.
    package mutating func resume(
        _ request: ResumeRequest, requestID: RequestID, at now: MediaInstant
    ) throws(SignalingError) -> SessionKey {
        guard let key = keyBySessionID[request.session] else {
            throw ended.refusal(of: request.session).answering(requestID)
        }
        try withRoom(of: key) { room throws(SignalingError) in
            try room.resume(
                key, lastSequence: request.lastSequence, requestID: requestID, at: now)
        }
        return key
    }

    /// A session's socket is gone; see `RoomCore.connectionLost`.
    package mutating func connectionLost(_ session: SessionKey, at now: MediaInstant) {
        try? withRoom(of: session) { room throws(SignalingError) in
            room.connectionLost(session, at: now)
        }
    }

    /// Calls verbs of the room a session is in.
    /// - Throws: `.sessionNotFound` if it is in none, or what `body` throws.
    package mutating func withRoom<Result>(
        of session: SessionKey, _ body: (inout RoomCore) throws(SignalingError) -> Result
    ) throws(SignalingError) -> Result {
        guard let name = places[session]?.room else { throw SignalingError(.sessionNotFound) }
        return try withRoom(named: name, body)
    }

    /// Calls verbs of a room.
    /// - Throws: `.roomNotFound`, or what `body` throws.
    package mutating func withRoom<Result>(
        named name: RoomName, _ body: (inout RoomCore) throws(SignalingError) -> Result
    ) throws(SignalingError) -> Result {
        guard let index = indexByName[name] else { throw SignalingError(.roomNotFound) }
        defer {
            touched.append(name)
            note(deadline: rooms[index].nextDeadline)
        }
        return try body(&rooms[index])
    }

    /// Does what a client asks; see `RoomCore.handle`. Nothing happens if it is in no room.
    package mutating func handle(
        _ message: ClientMessage, from session: SessionKey, at now: MediaInstant
    ) {
        try? withRoom(of: session) { room throws(SignalingError) in
            room.handle(message, from: session, at: now)
        }
    }

    /// Lets somebody go; nothing happens if it is in no room.
    package mutating func leave(
        _ session: SessionKey, reason: DisconnectReason, at now: MediaInstant
    ) {
        try? withRoom(of: session) { room throws(SignalingError) in
            room.leave(session, reason: reason, at: now)
        }
    }

    /// Closes every room, telling everybody why.
    package mutating func closeAll(reason: DisconnectReason, at now: MediaInstant) {
        for index in rooms.indices {
            rooms[index].close(reason: reason, at: now)
            touched.append(rooms[index].name)
        }
    }

    // MARK: Driving

    /// The next thing to do and the room it is of; `nil`: nothing more for now.
    package mutating func pollEffect() -> (room: RoomName, effect: RoomEffect)? {
        while touchedTaken < touched.count {
            let name = touched[touchedTaken]
            guard let index = indexByName[name], let effect = rooms[index].pollEffect() else {
                touchedTaken += 1
                continue
            }
            switch effect {
            case .drop(let session, let reason): forget(session, reason)
            case .roomClosed: removeRoom(at: index)
            default: break
            }
            return (name, effect)
        }
        touched.removeAll(keepingCapacity: touched.count < 256)
        touchedTaken = 0
        return nil
    }

    private mutating func forget(_ session: SessionKey, _ reason: DisconnectReason) {
        guard let place = places.removeValue(forKey: session), let id = place.session else {
            return
        }
        keyBySessionID[id] = nil
        ended.note(id, reason)
    }

    private mutating func removeRoom(at index: Int) {
        closedRoomBans.keep(rooms[index].bans, of: rooms[index].name)
        indexByName[rooms[index].name] = nil
        rooms.swapAt(index, rooms.count - 1)
        rooms.removeLast()
        if index < rooms.count { indexByName[rooms[index].name] = index }
    }

    /// When `advance(to:)` has something to do at the latest; it may find nothing to do then.
    package var nextDeadline: MediaInstant? { earliestDeadline }

    /// Lets time pass in every room. O(rooms) when a deadline has come, O(1) before.
    package mutating func advance(to now: MediaInstant) {
        guard let deadline = earliestDeadline, deadline <= now else { return }
        earliestDeadline = nil
        for index in rooms.indices {
            if let deadline = rooms[index].nextDeadline, deadline <= now {
                rooms[index].advance(to: now)
                touched.append(rooms[index].name)
            }
            note(deadline: rooms[index].nextDeadline)
        }
    }

    private mutating func note(deadline: MediaInstant?) {
        guard let deadline else { return }
        earliestDeadline = earliestDeadline.map { min($0, deadline) } ?? deadline
    }

    // MARK: Looking

    /// How many rooms there are.
    package var roomCount: Int { rooms.count }

    /// How many sessions are in rooms, players included.
    package var memberCount: Int { rooms.reduce(0) { $0 + $1.memberCount } }

    /// How many tracks are published in all rooms.
    package var trackCount: Int { rooms.reduce(0) { $0 + $1.trackCount } }

    /// The names of all rooms, sorted.
    package var roomNames: [RoomName] { rooms.map(\.name).sorted() }

    /// A copy of a room, to look at.
    package func room(named name: RoomName) -> RoomCore? { indexByName[name].map { rooms[$0] } }

    /// The room a session is in.
    package func roomName(of session: SessionKey) -> RoomName? { places[session]?.room }
}
