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

/// The sessions of all rooms by handle, by secret id, and those over HTTP by address.
final class SessionDirectory: Sendable {
    private struct Place {
        var room: RoomActor
        var resource: HTTPResource?
    }

    private struct Tables {
        var sessions = SessionTable<Place>()
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

    func insert(_ entry: RoomEntry, room: RoomActor, resource: HTTPResource?) {
        var id: SessionID?
        if case .signaling(let parts) = entry.kind { id = parts.session }
        tables.withLock { tables in
            tables.sessions.insert(
                entry.key, id: id, at: Place(room: room, resource: resource))
            if let resource { tables.keysByResource[resource.name] = entry.key }
        }
    }

    /// - Parameter reason: Why the session ended; `nil`: it never began.
    func remove(_ key: SessionKey, reason: DisconnectReason?) {
        tables.withLock { tables in
            if let resource = tables.sessions.place(of: key)?.resource {
                tables.keysByResource[resource.name] = nil
            }
            tables.sessions.remove(key, reason: reason)
        }
    }

    /// The room a session is in.
    func room(of key: SessionKey) -> RoomActor? {
        tables.withLock { $0.sessions.place(of: key)?.room }
    }

    /// The session that a client wants to go on with; see `SessionTable.find`.
    func session(_ id: SessionID) throws(SignalingError) -> (key: SessionKey, room: RoomActor) {
        let result = tables.withLock { tables -> Result<(SessionKey, Place), SignalingError> in
            do throws(SignalingError) {
                return .success(try tables.sessions.find(id))
            } catch {
                return .failure(error)
            }
        }
        let (key, place) = try result.get()
        return (key, place.room)
    }

    /// The session at an address.
    func session(at resource: String) -> (key: SessionKey, room: RoomActor, HTTPResource)? {
        tables.withLock { tables in
            guard let key = tables.keysByResource[resource],
                let place = tables.sessions.place(of: key), let resource = place.resource
            else { return nil }
            return (key, place.room, resource)
        }
    }

    /// How many sessions there are.
    var count: Int { tables.withLock { $0.sessions.count } }
}
