// What the server's own backend asks of all rooms, by name.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling

extension RoomHub {
    /// Makes a room with options of its own.
    /// - Throws: `.roomExists`, `.tooManyRooms`, `.serverShuttingDown` or, naming an option, `.invalidArgument`.
    func create(
        _ name: RoomName, options: RoomOptions
    ) async throws(SignalingError) -> RoomDescription {
        let roomConfiguration = try configuration.rooms.room.applying(options)
        while let former = rooms[name] {
            guard await former.isClosed else { throw SignalingError(.roomExists) }
            await forget(former)
        }
        let room = try open(name, roomConfiguration)
        guard let description = await room.description() else {
            // Its time to wait for somebody was none.
            throw SignalingError(.roomClosed)
        }
        return description
    }

    /// The room of a name, unless it has closed.
    /// - Throws: `.roomNotFound`.
    func openRoom(_ name: RoomName) async throws(SignalingError) -> RoomActor {
        guard let room = rooms[name], await !room.isClosed else {
            throw SignalingError(.roomNotFound)
        }
        return room
    }

    /// Closes a room: everybody is told and dropped, and its name is free.
    /// - Throws: `.roomNotFound`.
    func close(_ name: RoomName) async throws(SignalingError) {
        let room = try await openRoom(name)
        try await room.closeByOrder()
        await forget(room)
    }

    /// A page of the rooms, sorted by name.
    /// - Parameters:
    ///   - prefix: How their names begin.
    ///   - after: Names up to this one are left out.
    ///   - limit: The most rooms of the page, at least 1.
    nonisolated func roomList(
        prefix: String, after: String?, limit: Int
    ) async -> RoomList {
        // The table may be long: what takes time is done here, off the actor that lets people in.
        let names = await roomNames.filter { name in
            name.text.hasPrefix(prefix) && after.map { name.text > $0 } ?? true
        }.sorted()
        var page = RoomList(rooms: [])
        for name in names {
            guard let description = await existingRoom(name)?.description() else { continue }
            if page.rooms.count == limit {
                page.next = page.rooms.last?.name
                break
            }
            page.rooms.append(description)
        }
        return page
    }

    /// The names of all rooms, in no order.
    private var roomNames: [RoomName] { Array(rooms.keys) }
}
