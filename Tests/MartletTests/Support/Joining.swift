// Joining as most tests do.
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
