// What a token lets its bearer do in a room.
// SPDX-License-Identifier: Apache-2.0

/// The rights of a participant. What a token leaves out is as in `TokenGrants()`.
package struct TokenGrants: Hashable, Sendable {
    /// The sources that may be published.
    package var publish: TrackSourceSet
    /// Whether others may be heard and seen.
    package var subscribe: Bool
    /// Whether data may be sent.
    package var data: Bool
    /// Whether the admin interface may be used.
    package var admin: Bool
    /// The role to begin with; `nil`: that of the room's profile.
    package var role: ParticipantRole?
    /// Whether the participant may change its role itself.
    package var changeRole: Bool
    /// Whether the participant may change its own name, metadata and attributes.
    package var updateSelf: Bool
    /// Whether the participant stays unknown to the others; it can then publish nothing.
    package var hidden: Bool

    /// Makes grants; by default those of an ordinary member of a call.
    package init(
        publish: TrackSourceSet = .all, subscribe: Bool = true, data: Bool = true,
        role: ParticipantRole? = nil, changeRole: Bool = true, updateSelf: Bool = false,
        admin: Bool = false, hidden: Bool = false
    ) {
        self.publish = publish
        self.subscribe = subscribe
        self.data = data
        self.role = role
        self.changeRole = changeRole
        self.updateSelf = updateSelf
        self.admin = admin
        self.hidden = hidden
    }
}

extension TokenGrants: Codable {
    private enum Key: String, CodingKey {
        case publish, subscribe, data, role, changeRole, updateSelf, admin, hidden
    }

    /// Reads grants; `publish` is a truth value or a list, of which unknown sources are left out.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        self.init()
        if fields.contains(.publish) {
            publish = try fields.decode(PublishGrant.self, forKey: .publish).sources
        }
        subscribe = try fields.decodeIfPresent(Bool.self, forKey: .subscribe) ?? subscribe
        data = try fields.decodeIfPresent(Bool.self, forKey: .data) ?? data
        role = try fields.decodeIfPresent(ParticipantRole.self, forKey: .role)
        changeRole = try fields.decodeIfPresent(Bool.self, forKey: .changeRole) ?? changeRole
        updateSelf = try fields.decodeIfPresent(Bool.self, forKey: .updateSelf) ?? updateSelf
        admin = try fields.decodeIfPresent(Bool.self, forKey: .admin) ?? admin
        hidden = try fields.decodeIfPresent(Bool.self, forKey: .hidden) ?? hidden
    }

    /// Writes all grants.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(PublishGrant(sources: publish), forKey: .publish)
        try fields.encode(subscribe, forKey: .subscribe)
        try fields.encode(data, forKey: .data)
        try fields.encodeIfPresent(role, forKey: .role)
        try fields.encode(changeRole, forKey: .changeRole)
        try fields.encode(updateSelf, forKey: .updateSelf)
        try fields.encode(admin, forKey: .admin)
        try fields.encode(hidden, forKey: .hidden)
    }
}

/// The sources that may be published: `true`, `false` or a list.
struct PublishGrant: Codable {
    var sources: TrackSourceSet

    init(sources: TrackSourceSet) { self.sources = sources }

    /// Reads a truth value or a list, of which unknown sources are left out.
    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let everything = try? value.decode(Bool.self) {
            sources = everything ? .all : []
            return
        }
        sources = []
        for name in try value.decode([String].self) {
            guard let source = TrackSource(rawValue: name) else { continue }
            sources.insert(TrackSourceSet(source))
        }
    }

    /// Writes `true` for everything, else a list.
    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        if sources == .all {
            try value.encode(true)
        } else {
            try value.encode(sources.sources)
        }
    }
}
