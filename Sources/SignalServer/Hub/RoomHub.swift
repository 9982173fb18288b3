// The control plane's centre: finds or makes rooms, admits sessions, and routes what media loops say.
// SPDX-License-Identifier: Apache-2.0
import Logging
import MediaCrypto
import MediaWorker
import Negotiation
import RoomService
import Rooms
import Signaling
import Wire

/// Owns the table of rooms. Each room is an actor of its own; the hub decides nothing inside them.
actor RoomHub {
    nonisolated let configuration: SignalServerConfiguration
    nonisolated let sessions = SessionDirectory()
    nonisolated let clock = ServerClock()
    nonisolated let metrics: ServerMetrics
    nonisolated let plane: any MediaPlane
    nonisolated let statistics: StatisticsBoard
    nonisolated let workbench = Workbench()
    private nonisolated let seating: LoopSeating
    private nonisolated let newRooms: AsyncStream<RoomActor>
    private nonisolated let newRoomsIn: AsyncStream<RoomActor>.Continuation
    /// Looked up, never iterated where order shows.
    private(set) var rooms: [RoomName: RoomActor] = [:]
    private var closedRoomBans = ClosedRoomBans()
    private var isShuttingDown = false

    init(configuration: SignalServerConfiguration, plane: any MediaPlane, metrics: ServerMetrics) {
        precondition(configuration.negotiators.count == plane.loopCount)
        self.configuration = configuration
        self.plane = plane
        self.metrics = metrics
        statistics = StatisticsBoard(loopCount: plane.loopCount)
        seating = LoopSeating(
            loopCount: plane.loopCount, roomPeersPerLoop: configuration.roomPeersPerLoop)
        (newRooms, newRoomsIn) = AsyncStream.makeStream()
    }

    /// Readies what joining needs; before anybody is let in.
    nonisolated func start() { workbench.start() }

    /// Keeps rooms and statistics going until the task is cancelled.
    nonisolated func run() async {
        await withDiscardingTaskGroup { group in
            for events in plane.events {
                group.addTask {
                    for await event in events { await self.route(event) }
                }
            }
            group.addTask { await self.askForStatistics() }
            group.addTask { await self.giveMemoryBack() }
            for await room in newRooms {
                group.addTask {
                    await room.run()
                    await self.forget(room)
                }
            }
            group.cancelAll()
        }
        await workbench.stop()
    }

    // MARK: Rooms

    /// A place for a newcomer to a room, on the loop whose negotiator is to answer its offer.
    nonisolated func seat(in room: RoomName) -> LoopSeat {
        seating.seat(in: room, home: loop(of: room))
    }

    /// The loop that carries a room while it is small: always the same for one name.
    nonisolated func loop(of name: RoomName) -> Int {
        // FNV-1a: stable across runs, unlike Swift's own hashing.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(hash % UInt64(plane.loopCount))
    }

    /// The room of a name if it is there.
    func existingRoom(_ name: RoomName) -> RoomActor? { rooms[name] }

    /// The room of a name, made if need be.
    private func room(_ name: RoomName) throws(SignalingError) -> RoomActor {
        guard !isShuttingDown else { throw SignalingError(.serverShuttingDown) }
        if let room = rooms[name] { return room }
        guard configuration.rooms.createsOnJoin else { throw SignalingError(.roomNotFound) }
        return try open(name, configuration.rooms.room)
    }

    /// Makes the room of a name that is free.
    func open(
        _ name: RoomName, _ roomConfiguration: RoomConfiguration
    ) throws(SignalingError) -> RoomActor {
        guard !isShuttingDown else { throw SignalingError(.serverShuttingDown) }
        guard rooms.count < configuration.rooms.roomsMax else {
            throw SignalingError(.tooManyRooms)
        }
        var random = SecureRandom()
        let room = RoomActor(
            name: name, id: .random(using: &random), configuration: roomConfiguration,
            bans: closedRoomBans.take(of: name, at: clock.now), plane: plane,
            sessions: sessions, clock: clock, metrics: metrics)
        rooms[name] = room
        newRoomsIn.yield(room)
        return room
    }

    /// Takes a room that has closed out of the table; its bans are for the next of its name.
    func forget(_ room: RoomActor) async {
        let bans = await room.bans
        guard rooms[room.name] === room else { return }
        rooms[room.name] = nil
        closedRoomBans.keep(bans, of: room.name)
    }

    /// Lets a session into a room, which comes into being for it.
    func enter(
        _ name: RoomName, _ entry: RoomEntry, media: PeerMedia?, seat: LoopSeat,
        over connection: SignalConnection? = nil, resource: HTTPResource? = nil
    ) async throws(SignalingError) -> RoomActor {
        while true {
            let room = try room(name)
            do throws(SignalingError) {
                try await room.enter(
                    entry, media: media, seat: seat, over: connection, resource: resource)
                return room
            } catch {
                guard error.code == .roomClosed else { throw error }
                // It closed while we came in: forget it, and open the door of a new one.
                await forget(room)
            }
        }
    }

    /// Goes on with a session over another WebSocket, in whichever room it is.
    nonisolated func resume(
        _ request: ResumeRequest, _ id: RequestID, over connection: SignalConnection
    ) async throws(SignalingError) -> (SessionKey, RoomActor) {
        let (key, room) = try sessions.session(request.session)
        do throws(SignalingError) {
            try await room.resume(
                key, lastSequence: request.lastSequence, requestID: id, over: connection)
        } catch {
            // If it ended while we came, there is a better answer.
            if error.code == .sessionNotFound { _ = try sessions.session(request.session) }
            throw error
        }
        metrics.update { $0.sessionsResumed += 1 }
        return (key, room)
    }

    /// Tells everybody that the server goes, and lets nobody in any more.
    func shutDown() async {
        isShuttingDown = true
        let rejoin = configuration.onShutdown == .rejoin
        for room in Array(rooms.values) {
            await room.close(reason: .serverShutdown, rejoin: rejoin)
        }
    }

    /// How many rooms, members and tracks there are.
    func counts() async -> (rooms: Int, members: Int, tracks: Int) {
        var total = (rooms: rooms.count, members: 0, tracks: 0)
        for room in Array(rooms.values) {
            let counts = await room.counts
            total.members += counts.members
            total.tracks += counts.tracks
        }
        return total
    }

    // MARK: Media loops

    /// Hands an event of a media loop to the room it concerns.
    private nonisolated func route(_ event: WorkerEvent) async {
        switch event {
        case .slotStarted(let peer, _, _, _), .slotQuality(let peer, _, _, _),
            .peerConnected(let peer), .peerMediaResumed(let peer),
            .mediaStarted(let peer, _), .peerMediaLost(let peer), .peerTimedOut(let peer),
            .peerFailed(let peer, _), .layersWanted(let peer, _, _, _, _):
            await sessions.room(of: SessionKey(peer))?.handle(event)
        case .audioLevels(let reports): await route(reports)
        case .voiceStarted(let report):
            await sessions.room(of: SessionKey(report.publisher))?.handle(event)
        case .bandwidth: break
        case .statistics(let token, let values):
            if let loop = Int(exactly: token) { statistics.put(values, loop: loop) }
        }
    }

    /// One report may be of several rooms.
    private nonisolated func route(_ reports: [AudioLevelReport]) async {
        var byRoom: [(room: RoomActor, reports: [AudioLevelReport])] = []
        for report in reports {
            guard let room = sessions.room(of: SessionKey(report.publisher)) else { continue }
            if let index = byRoom.firstIndex(where: { $0.room === room }) {
                byRoom[index].reports.append(report)
            } else {
                byRoom.append((room, [report]))
            }
        }
        for (room, reports) in byRoom { await room.handle(.audioLevels(reports)) }
    }

    private nonisolated func giveMemoryBack() async {
        var trimming = MemoryTrimming()
        while !Task.isCancelled {
            try? await Task.sleep(for: MemoryTrimming.interval)
            guard trimming.shouldTrim(sessions: sessions.count) else { continue }
            try? await workbench.run { MemoryTrimming.trim() }
        }
    }

    private nonisolated func askForStatistics() async {
        while !Task.isCancelled {
            for loop in 0..<plane.loopCount {
                // A full queue only means older figures.
                _ = plane.submit(.requestStatistics(token: UInt64(loop)), to: loop)
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }
}
