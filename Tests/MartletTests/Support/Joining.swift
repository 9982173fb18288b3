// Joining as most tests do, and finding what the others publish.
// SPDX-License-Identifier: Apache-2.0
import Martlet

/// Joins the room of a server.
func joined(
    _ server: String, _ id: String, _ change: (inout JoinOptions) -> Void = { _ in }
) async throws -> Room {
    let room = anyRoom()
    var options = JoinOptions(server: server, room: "demo", participant: id)
    change(&options)
    try await room.join(options)
    return room
}

/// The track of a source, once somebody else publishes one.
func track(_ source: TrackSource, in room: Room) async throws -> RemoteTrack {
    let events = room.events
    for participant in await room.remoteParticipants {
        if let track = participant.track(source) { return track }
    }
    return try await first(of: events) { event in
        if case .trackPublished(let track) = event, track.source == source { track } else { nil }
    }
}

/// Runs a body over a real server and two who have joined there; they leave behind it.
/// - Parameter change: What the second joins with.
func withTwo(
    second change: @escaping @Sendable (inout JoinOptions) -> Void = { _ in },
    _ body: @escaping @Sendable (Room, Room) async throws -> Void
) async throws {
    try await withServer { server in
        let first = try await joined(server, "ada")
        let second = try await joined(server, "bob", change)
        try await body(first, second)
        await second.leave()
        await first.leave()
    }
}
