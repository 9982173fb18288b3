// Where each session lives, by its handle and by the secret id its client shows to come back.
// SPDX-License-Identifier: Apache-2.0
package import Rooms
package import Signaling

/// The sessions of all rooms, and why the last ones ended. `Place` is what the caller finds a session's room by.
package struct SessionTable<Place: Sendable>: Sendable {
    private struct Entry: Sendable {
        var place: Place
        var id: SessionID?
    }

    /// Looked up, never iterated.
    private var entries: [SessionKey: Entry] = [:]
    /// Looked up, never iterated. Their hashes are seeded anew in each process, so that the time a look-up takes
    /// says nothing of the ids there are.
    private var keys: [SessionID: SessionKey] = [:]
    private var ended = EndedSessions()

    /// No sessions.
    package init() {}

    /// How many sessions there are.
    package var count: Int { entries.count }

    /// How many ended sessions are remembered.
    package var endedCount: Int { ended.count }

    /// Adds a session; before its client can know its id.
    /// - Parameter id: Its secret id; `nil` for sessions over HTTP, which are not resumed.
    package mutating func insert(_ key: SessionKey, id: SessionID?, at place: Place) {
        entries[key] = Entry(place: place, id: id)
        if let id { keys[id] = key }
    }

    /// Takes a session out.
    /// - Parameter reason: Why it ended, for its client if that comes back; `nil`: it never began.
    package mutating func remove(_ key: SessionKey, reason: DisconnectReason?) {
        guard let entry = entries.removeValue(forKey: key), let id = entry.id else { return }
        keys[id] = nil
        if let reason { ended.note(id, reason) }
    }

    /// Where a session is; `nil` if it is nowhere.
    package func place(of key: SessionKey) -> Place? { entries[key]?.place }

    /// Finds the session a client wants to go on with.
    /// - Throws: `.sessionNotFound`, or the code of the reason for which it has ended.
    package func find(_ id: SessionID) throws(SignalingError) -> (key: SessionKey, place: Place) {
        guard let key = keys[id], let entry = entries[key] else { throw ended.refusal(of: id) }
        return (key, entry.place)
    }
}
