// Where each session lives, for those who only hold its handle or its address.
// SPDX-License-Identifier: Apache-2.0
import RoomService
import Rooms
import Signaling
import Synchronization

/// A session over HTTP as its address names it.
struct HTTPResource: Sendable {
    /// The unguessable last segment of its address.
    var name: String
    /// The entity tag of its ICE session, quotes included.
    var eTag: String
    /// The client's username fragment, to tell a trickled candidate from an ICE restart.
    var remoteUsernameFragment: String
    /// Who opened it; the same token, or another of the same person, must be shown to touch it.
    var participant: ParticipantID
    /// Whether it is a WHIP or a WHEP session.
    var direction: SessionDescriptionRoutes.Direction
}

/// The sessions of all rooms by handle, and those over HTTP by address.
final class SessionDirectory: Sendable {
    private struct Entry {
        var room: RoomActor
        var resource: HTTPResource?
    }

    private struct Tables {
        var entries: [SessionKey: Entry] = [:]
        var keysByResource: [String: SessionKey] = [:]
        var lastKey: UInt64 = 0
        var lastConnection: UInt64 = 0
    }

    private let tables = Mutex(Tables())

    /// A handle that no session has had.
    func makeKey() -> SessionKey {
        tables.withLock { tables in
            tables.lastKey += 1
            return SessionKey(tables.lastKey)
        }
    }

    /// A handle that no connection has had.
    func makeConnectionID() -> ConnectionID {
        tables.withLock { tables in
            tables.lastConnection += 1
            return ConnectionID(tables.lastConnection)
        }
    }

    func insert(_ key: SessionKey, room: RoomActor, resource: HTTPResource?) {
        tables.withLock { tables in
            tables.entries[key] = Entry(room: room, resource: resource)
            if let resource { tables.keysByResource[resource.name] = key }
        }
    }

    func remove(_ key: SessionKey) {
        tables.withLock { tables in
            guard let entry = tables.entries.removeValue(forKey: key) else { return }
            if let resource = entry.resource { tables.keysByResource[resource.name] = nil }
        }
    }

    /// The room a session is in.
    func room(of key: SessionKey) -> RoomActor? { tables.withLock { $0.entries[key]?.room } }

    /// The session at an address.
    func session(at resource: String) -> (key: SessionKey, room: RoomActor, HTTPResource)? {
        tables.withLock { tables in
            guard let key = tables.keysByResource[resource], let entry = tables.entries[key],
                let resource = entry.resource
            else { return nil }
            return (key, entry.room, resource)
        }
    }

    /// How many sessions there are.
    var count: Int { tables.withLock { $0.entries.count } }
}
